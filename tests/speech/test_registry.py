"""Which recognizers there are, which model they get, and what is said where one is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from voicestand.config import SpeechSettings
from voicestand.errors import EngineUnavailableError, InputError
from voicestand.speech import registry
from voicestand.speech.models import kind, manifest, store
from voicestand.speech.registry import ENTRIES, chosen, embedded_notice, engines, resolve
from voicestand.speech.vocabulary import Term
from voicestand.speech.worker import load

FILES = {
    kind.MOONSHINE: ["streaming_config.json", "encoder.ort", "tokenizer.bin"],
    kind.SHERPA_ONNX: ["encoder.onnx", "tokens.txt"],
    kind.WHISPER: ["openvino_encoder_model.xml"],
}

Model = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The modules that count as installed."""
    modules = {"pocketsphinx"}
    monkeypatch.setattr(registry, "find_spec", lambda name: name if name in modules else None)
    return modules


@pytest.fixture
def model() -> Model:
    """Puts a model with the files of that engine into the store."""

    def put(name: str, engine: str) -> Path:
        folder = store.path_of(name)
        folder.mkdir(parents=True)
        for file in FILES[engine]:
            (folder / file).write_text("")
        return folder

    return put


def test_auto_is_the_best_engine_that_is_installed_and_has_a_model(
    installed: set[str], model: Model
) -> None:
    assert resolve("auto").name == engines()[0] == "pocketsphinx"
    whisper = model("whisper-tiny-en", kind.WHISPER)
    assert resolve("auto").name == "pocketsphinx"
    installed |= {"openvino_genai", "moonshine_voice"}
    assert resolve("auto")[1] == whisper
    moonshine = model("moonshine-tiny-en", kind.MOONSHINE)
    assert engines() == ["moonshine", "whisper", "pocketsphinx"]
    assert resolve("auto")[1] == moonshine


def test_of_several_models_the_manifest_knows_the_best(installed: set[str], model: Model) -> None:
    installed.add("moonshine_voice")
    own = model("a-model-of-my-own", kind.MOONSHINE)
    assert resolve("moonshine").model == own
    model("moonshine-tiny-en", kind.MOONSHINE)
    small = model("moonshine-small-en", kind.MOONSHINE)
    assert resolve("moonshine").model == small
    assert resolve("moonshine", "a-model-of-my-own").model == own


def test_a_folder_tells_its_engine(installed: set[str], model: Model) -> None:
    installed |= {"openvino_genai", "moonshine_voice", "sherpa_onnx"}
    for engine in FILES:
        folder = model(engine, engine)
        assert resolve("auto", str(folder))[:2] == (registry.find(engine), folder)
        assert resolve(engine, f"{folder.parent}/{folder.name}").model == folder


def test_an_unknown_engine_is_refused_naming_those_that_exist() -> None:
    with pytest.raises(EngineUnavailableError, match=r"'whispr'.*pocketsphinx.*speech\.engine"):
        resolve("whispr")


def test_without_any_engine_the_error_says_so(
    installed: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    installed.clear()
    with pytest.raises(EngineUnavailableError, match=r"none is installed|no recognizer is"):
        resolve("auto")


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.extra])
def test_a_missing_package_or_model_is_named_with_what_to_do(
    installed: set[str], entry: registry.Entry
) -> None:
    with pytest.raises(EngineUnavailableError, match=rf"pip install 'voicestand\[{entry.extra}\]'"):
        resolve(entry.name)
    installed.add(entry.requires)
    best = next(model.name for model in manifest.models() if model.engine == entry.name)
    with pytest.raises(EngineUnavailableError, match=f"voicestand models pull {best}"):
        resolve(entry.name)


@pytest.mark.parametrize(
    ("engine", "wanted", "error", "says"),
    [
        ("auto", "moonshine-small-en", EngineUnavailableError, "models pull moonshine-small-en"),
        ("auto", "moonshine-smal-en", InputError, "did you mean moonshine-small-en"),
        ("auto", "/no/such/folder", EngineUnavailableError, "there is no folder /no/such/folder"),
        ("auto", "/", InputError, "holds no model"),
        ("pocketsphinx", "mine", InputError, "a model of its own"),
        ("moonshine", "mine", InputError, "is a model for whisper, not for moonshine"),
        ("auto", "mine", EngineUnavailableError, r"voicestand\[whisper\]"),
    ],
)
def test_what_does_not_go_together_is_refused(
    installed: set[str], model: Model, engine: str, wanted: str, error: type[Exception], says: str
) -> None:
    installed.add("moonshine_voice")
    model("mine", kind.WHISPER)
    with pytest.raises(error, match=says):
        resolve(engine, wanted)


def test_whisper_computes_where_it_is_told_to(
    installed: set[str], model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed.add("openvino_genai")
    folder = model("mine", kind.WHISPER)
    (tmp_path / "accel0").touch()
    monkeypatch.setattr(
        registry, "NODES", {"NPU": (tmp_path, "accel*"), "GPU": (tmp_path, "renderD*")}
    )

    def made(path: Path, *terms: list[Term], device: str = "CPU") -> tuple[object, ...]:
        return path, *terms, device

    monkeypatch.setattr("voicestand.speech.whisper.Whisper", made)
    (tmp_path / "terms").write_text("Zalando\n")
    on_npu = SpeechSettings(model=str(folder), device="NPU")
    with_terms = msgspec.structs.replace(on_npu, vocabulary=str(tmp_path / "terms"))
    on_cpu = msgspec.structs.replace(with_terms, device="CPU")
    found: list[object] = [load(chosen(one).path) for one in (on_npu, with_terms, on_cpu)]
    assert found == [
        (folder, "NPU"),
        (folder, [Term("Zalando")], "NPU"),
        (folder, [Term("Zalando")], "CPU"),
    ]
    with pytest.raises(EngineUnavailableError, match=r"speech\.device = GPU: there is none here"):
        chosen(msgspec.structs.replace(on_npu, device="GPU"))
    with pytest.raises(InputError, match="pocketsphinx computes on the CPU alone"):
        chosen(SpeechSettings(engine="pocketsphinx", device="NPU"))


def test_a_worker_makes_an_engine_from_a_folder_with_any_name(
    installed: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed.add("openvino_genai")
    folder = tmp_path / "my: model@home"
    folder.mkdir()
    (folder / "openvino_encoder_model.xml").write_text("")
    monkeypatch.setattr("voicestand.speech.whisper.Whisper", lambda path: ("made", path))
    made: object = load(resolve("whisper", str(folder)).path)
    assert made == ("made", folder)


def test_the_embedded_engine_is_announced_only_where_nobody_asked_for_it(
    installed: set[str], model: Model
) -> None:
    notice = embedded_notice("auto")
    assert notice is not None
    assert "pocketsphinx" in notice
    assert "voicestand models pull moonshine-small-en" in notice
    assert embedded_notice("pocketsphinx") is None
    installed.add("sherpa_onnx")
    model("zipformer-en", kind.SHERPA_ONNX)
    assert embedded_notice("auto") is None
