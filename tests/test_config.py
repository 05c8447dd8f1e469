"""Settings: every mistake is named with its place, and what is allowed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicestand.config import RULES, Settings, load
from voicestand.config_loader import _fields, _lines, flat, load_with_origins, shown
from voicestand.errors import InputError

KEYS = list(flat(Settings()))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def _complaint(
    path: Path | None = None,
    environ: dict[str, str] | None = None,
    overrides: dict[str, object] | None = None,
) -> str:
    with pytest.raises(InputError) as caught:
        load(path, environ or {}, overrides)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_defaults_are_themselves_allowed() -> None:
    assert load(environ={"HOME": "/nowhere", "XDG_CONFIG_HOME": "/nowhere"}) == Settings()
    environ = {
        f"VOICESTAND_{key.replace('.', '__').upper()}": str(value)
        for key, value in flat(Settings()).items()
    }
    assert load(environ=environ) == Settings()


def test_file_environment_and_flags_win_in_this_order(file: Path) -> None:
    file.write_text('[audio]\ndevice = "file"\nsample_rate = 44100\nring_seconds = 2\n')
    environ = {"VOICESTAND_AUDIO__DEVICE": "environment", "VOICESTAND_AUDIO__SAMPLE_RATE": "96000"}
    loaded = load_with_origins(file, environ, {"audio.device": "flag", "vad.onset": None})
    assert loaded.settings.audio.device == "flag"
    assert loaded.settings.audio.sample_rate == 96_000
    assert loaded.settings.audio.ring_seconds == 2.0
    assert loaded.origins["audio.device"] == "command line"
    assert loaded.origins["audio.sample_rate"] == "VOICESTAND_AUDIO__SAMPLE_RATE"
    assert loaded.origins["audio.ring_seconds"] == f"{file}:4"
    assert loaded.origins["vad.onset"] == "default"


def test_usual_file_is_read_where_the_desktop_says(tmp_path: Path) -> None:
    folder = tmp_path / "voicestand"
    folder.mkdir()
    (folder / "config.toml").write_text("vad.onset = 0.6\n")
    assert load(environ={"XDG_CONFIG_HOME": str(tmp_path)}).vad.onset == 0.6


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "[audio]\n\nsample_rat = 1\n",
            "3: audio.sample_rat is not a setting: did you mean audio.sample_rate?",
        ),
        (
            "[audio]\nsample-rate = 1\n",
            "2: audio.sample-rate is not a setting: did you mean audio.sample_rate?",
        ),
        ("[audoi]\ndevice = ''\n", "2: audoi.device is not a setting: did you mean audio.device?"),
        ("[audoi]\n", "1: audoi is not a setting: did you mean audio?"),
        (
            "[vad]\nsample_rate = 8000\n",
            "2: vad.sample_rate is not a setting: did you mean audio.sample_rate?",
        ),
        (
            "sample_rate = 8000\n",
            "1: sample_rate is not a setting: did you mean audio.sample_rate?",
        ),
        (
            "[wholly]\ndifferent = 1\n",
            "2: wholly.different is not a setting: voicestand config show lists all",
        ),
        ("audio = 3\n", "1: audio is a section: write [audio] on a line of its own"),
        ("[[audio]]\ndevice = ''\n", "1: audio is a section: write [audio] on a line of its own"),
        (
            "[audio]\nsample_rate = 44\n",
            "2: audio.sample_rate = 44: must be a whole number from 8000 to 384000",
        ),
        (
            "[audio]\nsample_rate = 44100.5\n",
            "2: audio.sample_rate = 44100.5: must be a whole number",
        ),
        ("[audio]\nsample_rate = true\n", "2: audio.sample_rate = true: must be a whole number"),
        (
            "[audio]\nsample_rate = '44100'\n",
            '2: audio.sample_rate = "44100": must be a whole number',
        ),
        (
            "[audio]\nhigh_pass_hz = nan\n",
            "2: audio.high_pass_hz = nan: must be a number from 0 to 1000",
        ),
        (
            "[audio]\nhigh_pass_hz = inf\n",
            "2: audio.high_pass_hz = inf: must be a number from 0 to 1000",
        ),
        ("[audio]\nsample_rate = 9999999999999999999999\n", "must be a whole number"),
        ("[coach]\nenabled = 1\n", "2: coach.enabled = 1: must be true or false"),
        ("[coach]\nplaybook = ''\n", '2: coach.playbook = "": must be text, not empty'),
        (
            "[vad]\ndevice = 'TPU'\n",
            '2: vad.device = "TPU": must be one of "auto", "NPU", "GPU", "CPU"',
        ),
        ("[vad.onset]\nx = 1\n", "1: vad.onset = {'x': 1}: must be a number from 0.01 to 0.99"),
        ("vad = { onset = 7 }\n", "1: vad.onset = 7: must be a number from 0.01 to 0.99"),
        ("\n'vad' . \"onset\" = 7\n", "2: vad.onset = 7: must be a number from 0.01 to 0.99"),
        (
            "[audio]\ndevice = '''\na\nb'''\nring_seconds = 0\n",
            "5: audio.ring_seconds = 0: must be a number from 0.1 to 60",
        ),
        ("[audio]\ndevice = [\n'a',\n\n'b']\n", "2: audio.device = ['a', 'b']: must be text"),
        (
            "[audio]\nblock_frames = 500\n",
            "audio.block_frames = 500 ({file}:2): must be a power of two from 16 on, or 0",
        ),
        (
            "[audio]\nblock_frames = 8\n",
            "audio.block_frames = 8 ({file}:2): must be a power of two from 16 on, or 0",
        ),
        (
            "[vad]\nrelease = 0.9\n",
            "vad.release = 0.9 ({file}:2), vad.onset = 0.5 (default): release must not be above",
        ),
        (
            "[vad]\nonset = 0.2\n",
            "vad.release = 0.35 (default), vad.onset = 0.2 ({file}:2): release must not be above",
        ),
        ("[audio\n", "not valid TOML: Expected ']' at the end of a table declaration (at line 1"),
        (
            "[audio]\ndevice = 1\ndevice = 2\n",
            "not valid TOML: Cannot overwrite a value (at line 3",
        ),
        ("a = " + "[" * 5000, "not valid TOML"),
        ("# " + "x" * 70_000, "larger than 64 KiB"),
    ],
)
def test_mistake_is_named_with_its_line_and_what_is_allowed(
    file: Path, text: str, complaint: str
) -> None:
    file.write_text(text)
    message = _complaint(file)
    assert str(file) in message
    assert complaint.replace("{file}", str(file)) in message


def test_text_that_is_not_utf_8_is_named_with_its_line(file: Path) -> None:
    file.write_bytes("[audio]\ndevice = 'Kopfhörer'\n".encode("latin-1"))
    assert f"{file}:2: not UTF-8 text" in _complaint(file)


def test_file_of_another_system_is_read(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf[audio]\r\n\r\ndevice = 'USB'\r\n")
    loaded = load_with_origins(file, {}, {})
    assert loaded.settings.audio.device == "USB"
    assert loaded.origins["audio.device"] == f"{file}:3"


def test_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    assert "No such file or directory" in _complaint(tmp_path / "absent.toml")
    assert "Is a directory" in _complaint(tmp_path)
    assert "larger than 64 KiB" in _complaint(Path("/dev/zero"))


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("VOICESTAND_AUDIO__SAMPLERATE", "1", "did you mean VOICESTAND_AUDIO__SAMPLE_RATE?"),
        ("VOICESTAND_AUDIO_SAMPLE_RATE", "1", "did you mean VOICESTAND_AUDIO__SAMPLE_RATE?"),
        ("VOICESTAND_AUDOI__DEVICE", "1", "did you mean VOICESTAND_AUDIO__DEVICE?"),
        ("VOICESTAND_AUDIO__SAMPLE_RATE", "fast", '= "fast": must be a whole number from 8000'),
        ("VOICESTAND_AUDIO__SAMPLE_RATE", "", '= "": must be a whole number from 8000'),
        ("VOICESTAND_VAD__ONSET", "nan", '= "nan": must be a number from 0.01 to 0.99'),
        ("VOICESTAND_COACH__ENABLED", "maybe", '= "maybe": must be true or false'),
        ("VOICESTAND_VAD__DEVICE", "tpu", '= "tpu": must be one of "auto", "NPU"'),
    ],
)
def test_mistake_in_the_environment_is_named(name: str, value: str, complaint: str) -> None:
    message = _complaint(environ={name: value})
    assert name in message
    assert complaint in message


@pytest.mark.parametrize(("value", "enabled"), [("true", True), ("0", False), ("False", False)])
def test_switch_in_the_environment_is_read_as_people_write_it(value: str, enabled: bool) -> None:
    assert load(environ={"VOICESTAND_COACH__ENABLED": value}).coach.enabled is enabled


def test_other_variables_of_the_program_are_left_alone() -> None:
    environ = {
        "VOICESTAND_DEBUG": "1",
        "VOICESTAND_SIMD": "scalar",
        "VOICESTAND": "/bin/voicestand",
    }
    assert load(environ=environ) == Settings()


def test_mistake_in_a_flag_is_named() -> None:
    message = _complaint(overrides={"audio.ring_seconds": 1e9})
    assert message == (
        "command line: audio.ring_seconds = 1000000000.0: must be a number from 0.1 to 60"
    )
    assert "did you mean vad.onset?" in _complaint(overrides={"vad.onste": 0.4})


def test_every_setting_has_a_range_and_every_rule_names_settings() -> None:
    for key, field in _fields().items():
        assert "number" not in field.allowed or " to " in field.allowed, key
    assert {key for rule in RULES for key in rule.keys} <= set(KEYS)


@given(
    values=st.dictionaries(
        st.sampled_from(KEYS),
        st.booleans()
        | st.integers(min_value=-(2**70), max_value=2**70)
        | st.floats()
        | st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]))
        | st.sampled_from(["auto", "CPU", 0.3, 0.2, 1, 60, 16_000]),
        max_size=6,
    ),
    textual=st.booleans(),
)
def test_whatever_is_given_is_accepted_within_range_or_refused_in_one_line(
    values: dict[str, object], textual: bool
) -> None:
    environ = {f"VOICESTAND_{k.replace('.', '__').upper()}": str(v) for k, v in values.items()}
    try:
        settings = load(None, environ if textual else {}, {} if textual else values)
    except InputError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert "\n" not in refusal
        assert any(key in refusal for key in values)
        return
    assert msgspec.convert(msgspec.to_builtins(settings), Settings) == settings
    assert all(rule.holds(settings) for rule in RULES)
    if not textual:
        assert {key: flat(settings)[key] for key in values} == values


keys = st.from_regex(r"[a-z_]{1,6}", fullmatch=True)
values = st.sampled_from(
    ["1", "'''\n[x]\ny = 1\n'''", '"#"', "[\n1, # ]\n2\n]", "{ z = 1 }", "'''a'''"]
)
fillers = st.sampled_from(["", "# comment = 1\n", "\n\n", "  \t\n"])


@given(
    sections=st.dictionaries(
        keys, st.dictionaries(keys, st.tuples(values, fillers), max_size=4), max_size=4
    ),
    before=fillers,
)
def test_line_of_every_key_is_found_in_any_valid_file(
    sections: dict[str, dict[str, tuple[str, str]]], before: str
) -> None:
    text, expected = before, {}
    for section, entries in sections.items():
        expected[section] = text.count("\n") + 1
        text += f" [ {section} ] # [not.this]\n"
        for key, (value, filler) in entries.items():
            text += filler
            expected[f"{section}.{key}"] = text.count("\n") + 1
            text += f"  {key} = {value} # {key} = 2\n"
    tomllib.loads(text)
    assert _lines(text) == expected


def _voicestand(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name[:4] != "XDG_"}
    return subprocess.run(
        [sys.executable, "-c", "from voicestand.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        env=environ | {"HOME": str(home), "VOICESTAND_VAD__MIN_SILENCE": "0.7"},
        timeout=60,
        check=False,
    )


def test_config_show_prints_a_settings_file_and_the_origins(tmp_path: Path) -> None:
    usual = tmp_path / ".config" / "voicestand" / "config.toml"
    usual.parent.mkdir(parents=True)
    usual.write_text('[audio]\ndevice = "a \\"b\\" ü"\n')
    done = _voicestand(tmp_path, "config", "show")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"# {usual}"
    assert 'device = "a \\"b\\" ü"' in done.stdout
    assert any(line.endswith(f"# {usual}:2") for line in lines)
    assert any(line.endswith("# VOICESTAND_VAD__MIN_SILENCE") for line in lines)
    shown_again = msgspec.convert(tomllib.loads(done.stdout), Settings)
    assert shown_again.audio.device == 'a "b" ü'
    document = json.loads(_voicestand(tmp_path, "config", "show", "--json").stdout)
    assert document["file"] == str(usual)
    assert msgspec.convert(document["settings"], Settings) == shown_again
    assert document["origins"]["vad.min_silence"] == "VOICESTAND_VAD__MIN_SILENCE"
    assert list(document["origins"]) == KEYS


def test_config_check_says_what_is_right_and_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[vad]\nonset = 0.6\n")
    done = _voicestand(tmp_path, "config", "check", str(file))
    assert (done.returncode, done.stdout) == (0, f"{file}: ok, 1 of {len(KEYS)} given\n")
    done = _voicestand(tmp_path, "config", "check")
    assert (done.returncode, done.stdout) == (0, f"no settings file: ok, 1 of {len(KEYS)} given\n")
    file.write_text("[vad]\nonsett = 0.6\n")
    done = _voicestand(tmp_path, "config", "check", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"voicestand: error: {file}:2: vad.onsett is not a setting: did you mean vad.onset?\n"
    )
    done = _voicestand(tmp_path, "config", "check", str(tmp_path / "absent.toml"))
    assert done.returncode == 2


@given(text=st.text(st.characters(codec="utf-8")))
def test_shown_text_is_read_back_as_it_was(text: str) -> None:
    assert tomllib.loads(f"x = {shown(text)}") == {"x": text}


def test_settings_are_light_to_import() -> None:
    code = "import sys, voicestand.config; print(*{'rapidfuzz', 'tomllib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
