"""The recognizers there are, and which one, with which model, the settings mean."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from voicestand.config import SpeechSettings
from voicestand.errors import EngineUnavailableError, InputError
from voicestand.speech import vocabulary
from voicestand.speech.models import kind, manifest, store
from voicestand.vad.devices import ACCELERATOR_NODES

AUTO = "auto"

CPU = "CPU"

NODES = {"NPU": (ACCELERATOR_NODES, "accel*"), "GPU": (Path("/dev/dri"), "renderD*")}
"""What the kernel has where there is such a device. NB: to ask OpenVINO would load every driver."""


class Entry(NamedTuple):
    """Where to find an engine, without importing it."""

    name: str
    path: str
    """``module:Class``; the class implements :class:`voicestand.speech.protocol.BiasedEngine`. It
    is made with the folder of its model, unless it is embedded, and with the terms to expect, if
    there are any."""
    requires: str
    """The module that must be installed."""
    extra: str = ""
    """What installs it: ``pip install 'voicestand[EXTRA]'``. Empty: it is embedded, comes with
    VoiceStand and its own model, and is less accurate than what can be installed."""
    forkable: bool = False
    """Has no threads of its own, so that a process that has loaded its model may be forked."""
    remote: bool = False
    """Sends audio to the providers of a file. Never chosen but by name."""
    devices: bool = False
    """Is told, as ``device``, which device of OpenVINO computes where that is not the CPU."""

    @property
    def embedded(self) -> bool:
        """Whether it comes with VoiceStand: always there."""
        return not self.extra

    @property
    def installed(self) -> bool:
        """Whether its package is there."""
        return find_spec(self.requires) is not None


class Choice(NamedTuple):
    """An engine with its model."""

    entry: Entry
    model: Path | None = None
    """The model's folder, or the file of providers; None where the engine is embedded."""
    vocabulary: Path | None = None
    """A file of terms that the engine is told."""
    device: str = CPU

    @property
    def name(self) -> str:
        """The engine's name."""
        return self.entry.name

    @property
    def path(self) -> str:
        """What a worker makes the engine from."""
        if self.model is None and self.vocabulary is None:
            return self.entry.path
        made = f"voicestand.speech.loading:{self.entry.name}@{self.model or ''}"
        device = "" if self.device == CPU else self.device
        return f"{made}\n{self.vocabulary or ''}\n{device}".rstrip("\n")


ENTRIES = (
    Entry(kind.MOONSHINE, "voicestand.speech.moonshine:Moonshine", "moonshine_voice", "moonshine"),
    Entry(kind.SHERPA_ONNX, "voicestand.speech.sherpa:SherpaOnnx", "sherpa_onnx", "sherpa"),
    Entry(
        kind.WHISPER,
        "voicestand.speech.whisper:Whisper",
        "openvino_genai",
        "whisper",
        devices=True,
    ),
    Entry(
        "pocketsphinx",
        "voicestand.speech.pocketsphinx:PocketSphinx",
        "pocketsphinx",
        forkable=True,
    ),
)
"""Best first: ``auto`` is the first one that is installed and has a model."""

OPENAI = Entry(
    "openai",
    "voicestand.speech.openai:OpenAICompatible",
    "aiohttp",
    "openai",
    forkable=True,  # its threads begin with the first utterance
    remote=True,
)

REPLAY_SECONDS = 5.0
"""By which ``speech.hang_seconds`` must be longer than the providers' deadline: the worker says
nothing while it waits for them, and then the local recognizer finishes."""


def engines() -> list[str]:
    """Names of the recognizers that are installed and have a model, best first."""
    return [entry.name for entry in ENTRIES if _usable(entry)]


def models_of(engine: str) -> list[Path]:
    """Folders of the engine's models that are in the store, the best first."""
    known = [model.name for model in manifest.models()]
    there = sorted(
        store.present(), key=lambda name: (known.index(name) if name in known else len(known), name)
    )
    paths = [store.path_of(name) for name in there]
    return [path for path in paths if kind.engine_of(path) == engine]


def missing_package(engine: str) -> str | None:
    """How to install the package of ``engine``; None where it is there."""
    entry = find(engine)
    return None if entry.installed else f"pip install 'voicestand[{entry.extra}]'"


def find(name: str) -> Entry:
    """The engine called ``name``, installed or not.

    Raises :class:`voicestand.errors.EngineUnavailableError`, naming those that are usable, where
    there is none of that name.
    """
    for entry in (*ENTRIES, OPENAI):
        if entry.name == name:
            return entry
    raise EngineUnavailableError(
        f"no recognizer {name!r}: {_there()}; set speech.engine to one of them, or to {AUTO}"
    )


def chosen(settings: SpeechSettings) -> Choice:
    """The engine that the settings mean, with its model or its providers, and its vocabulary.

    Raises what :func:`resolve` raises, ``InputError`` for a vocabulary that is wrong and where the
    engine knows no other device than the CPU, ``EngineUnavailableError`` for a device that is not
    there.
    """
    choice = resolve(settings.engine, settings.model, settings.providers)
    choice = choice._replace(device=_device(settings.device, choice.entry))
    if choice.entry.remote and choice.model is not None:
        from voicestand.speech import providers

        deadline = providers.read(choice.model).deadline
        if settings.hang_seconds < deadline + REPLAY_SECONDS:
            raise InputError(
                f"speech.hang_seconds = {settings.hang_seconds:g}: must be {REPLAY_SECONDS:g} s "
                f"longer than the deadline in {choice.model} ({deadline:g} s)"
            )
    if settings.vocabulary:
        path = Path(settings.vocabulary).expanduser().absolute()
        vocabulary.read(path)
        return choice._replace(vocabulary=path)
    return choice


def resolve(name: str = AUTO, model: str = "", providers_file: str = "") -> Choice:
    """The engine that ``speech.engine``, ``speech.model`` and ``speech.providers`` mean.

    Raises :class:`voicestand.errors.EngineUnavailableError`, saying what to do, where the engine or
    its model is not there; :class:`voicestand.errors.InputError` where they do not go together.
    """
    if name == OPENAI.name:
        return _remote(model, providers_file)
    folder = _folder(model) if model else None
    if name == AUTO:
        entry = _best() if folder is None else find(_engine_of(folder))
    else:
        entry = find(name)
    _check_installed(entry)
    if entry.embedded:
        if folder is not None:
            raise InputError(f"speech.model: {entry.name} has a model of its own; leave it empty")
        return Choice(entry)
    if folder is None:
        return Choice(entry, _best_model(entry))
    if (other := _engine_of(folder)) != entry.name:
        raise InputError(f"speech.model: {folder} is a model for {other}, not for {entry.name}")
    return Choice(entry, folder)


def _device(wanted: str, entry: Entry) -> str:
    if wanted == CPU:
        return wanted
    if not entry.devices:
        raise InputError(
            f"speech.device = {wanted}: {entry.name} computes on the CPU alone; set speech.engine "
            "to whisper, or speech.device to CPU"
        )
    folder, name = NODES[wanted]
    if not any(folder.glob(name)):
        raise EngineUnavailableError(
            f"speech.device = {wanted}: there is none here (no {folder}/{name}); set it to CPU"
        )
    return wanted


def _remote(model: str, providers_file: str) -> Choice:
    _check_installed(OPENAI)
    if model:
        raise InputError("speech.model: the providers file names the models; leave it empty")
    from voicestand.speech import providers

    path = providers.path_of(providers_file)
    providers.read(path)
    return Choice(OPENAI, path)


def _check_installed(entry: Entry) -> None:
    if not entry.installed:
        how = f"install it with: {missing_package(entry.name)}" if entry.extra else "reinstall it"
        raise EngineUnavailableError(f"the recognizer {entry.name} is not installed; {how}")


def _usable(entry: Entry) -> bool:
    return entry.installed and (entry.embedded or bool(models_of(entry.name)))


def _there() -> str:
    present = engines()
    return f"there is {', '.join(present)}" if present else "none is installed"


def _best() -> Entry:
    for entry in ENTRIES:
        if _usable(entry):
            return entry
    raise EngineUnavailableError("no recognizer is installed; reinstall voicestand")


def _best_model(entry: Entry) -> Path:
    for path in models_of(entry.name):
        return path
    example = next(model.name for model in manifest.models() if model.engine == entry.name)
    raise EngineUnavailableError(
        f"the recognizer {entry.name} has no model; fetch one: voicestand models pull {example}"
    )


def _folder(model: str) -> Path:
    """What ``speech.model`` names."""
    if "/" in model or model.startswith("~"):
        path = Path(model).expanduser().absolute()
        if path.is_dir():
            return path
        raise EngineUnavailableError(f"speech.model: there is no folder {path}")
    if model in store.present():
        return store.path_of(model)
    known = manifest.find(model).name
    raise EngineUnavailableError(
        f"the model {known} is not there; fetch it: voicestand models pull {known}"
    )


def _engine_of(folder: Path) -> str:
    engine = kind.engine_of(folder)
    if engine is None:
        raise InputError(f"speech.model: {folder} holds no model that a recognizer here can use")
    return engine


EMBEDDED_CODE = "recognizer.embedded"
"""Code of the alert (severity ``info``) that says :func:`embedded_notice`, once a session."""


def embedded_notice(name: str, model: str = "") -> str | None:
    """What to tell the user, once a session, where the settings chose an embedded engine.

    None where a better engine is used, or the embedded one was asked for by name.
    """
    if name != AUTO or not (entry := resolve(name, model).entry).embedded:
        return None
    return (
        f"captions come from the embedded recognizer {entry.name}, which mishears about every "
        f"third word of real speech; for a better one: {better()}"
    )


def better() -> str:
    """What to do for a better recognizer than the embedded one."""
    model = manifest.models()[0]
    steps = [missing_package(model.engine), f"voicestand models pull {model.name}"]
    return " and ".join(step for step in steps if step)
