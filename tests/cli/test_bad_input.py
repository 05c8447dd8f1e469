"""Whatever the program is given, it answers with one line, the right exit code, no traceback."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cli.test_devices_command import NO_INPUTS
from tests.program import Program, error_lines, events_of, of_kind
from tests.spoken_calls import spoken

from voicestand.demo import recording as demo_recording
from voicestand.events import SessionEnded, TranscriptFinal

ONE_INPUT = NO_INPUTS.replace(
    "return [",
    'return [{"index": 0, "name": "Built-in microphone", "hostapi": 0, "max_input_channels": 2,'
    ' "default_samplerate": 48000.0, "default_low_input_latency": 0.01}, ',
)

HEARING = {
    "run": ("run", "--pace", "max", "--events", "-", "--input"),
    "transcribe": ("transcribe",),
    "vad": ("vad", "--json"),
    "coach": ("coach",),
}
"""The commands that hear a file."""


def wav(
    data: bytes,
    *,
    channels: int = 1,
    rate: int = 16_000,
    coding: int = 1,
    bits: int = 16,
    says: int | None = None,
) -> bytes:
    """A WAV file whose header states what it is told to, however wrong."""
    size = len(data) if says is None else says
    block = max(1, channels * bits // 8)
    shape = struct.pack(
        *("<HHIIHH", coding, channels, rate, rate * block % 2**32, block, bits),
    )
    head = b"RIFF" + struct.pack("<I", (36 + size) % 2**32) + b"WAVE"
    return head + b"fmt " + struct.pack("<I", 16) + shape + b"data" + struct.pack("<I", size) + data


def speech() -> bytes:
    return spoken("hello my name is mary").astype("<i2").tobytes()


def floats(*broken: float) -> bytes:
    """The speech as 32-bit floats, some of them none."""
    samples = np.frombuffer(speech(), "<i2").astype("<f4") / np.float32(32768)
    for at, value in enumerate(broken):
        samples[5000 + 3000 * at : 5500 + 3000 * at] = value
    return samples.tobytes()


def make_refused(folder: Path) -> None:
    """What holds no audio, by its name."""
    content = {
        "empty.wav": b"",
        "text.wav": b"hello\n" * 50,
        "half a header.wav": wav(speech())[:30],
        "no samples.wav": wav(b""),
        "no channels.wav": wav(speech(), channels=0),
        "0 Hz.wav": wav(speech(), rate=0),
        "1 Hz.wav": wav(speech(), rate=1),
        "1 MHz.wav": wav(speech(), rate=1_000_000),
        "4 GHz.wav": wav(speech(), rate=2**32 - 1),
        "garbage.flac": b"fLaC" + bytes(4000),
        "playlist.m3u8": b"#EXTM3U\n#EXTINF:1,\n/etc/hostname\n",
        "steering \x1b[2J\n.wav": b"hello",
    }
    for name, data in content.items():
        (folder / name).write_bytes(data)
    (folder / "folder.wav").mkdir()
    os.mkfifo(folder / "pipe.wav")


REFUSED = [
    "empty.wav",
    "text.wav",
    "half a header.wav",
    "no samples.wav",
    "no channels.wav",
    "0 Hz.wav",
    "1 Hz.wav",
    "1 MHz.wav",
    "4 GHz.wav",
    "garbage.flac",
    "playlist.m3u8",
    "steering \x1b[2J\n.wav",
    "folder.wav",
    "pipe.wav",
    "missing.wav",
    "",
]


def refused_by(program: Program, code: int, *arguments: object, **env: str) -> str:
    """The line with which the program answers."""
    done = program(*arguments, env=env)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert error_lines(done.stderr) == done.stderr.splitlines()
    (line,) = done.stderr.splitlines()
    assert line.isprintable()
    return line


@pytest.mark.parametrize("command", HEARING)
@pytest.mark.parametrize("name", REFUSED, ids=lambda name: name.partition("\x1b")[0] or "nothing")
def test_what_holds_no_audio_is_named(program: Program, name: str, command: str) -> None:
    make_refused(program.home)
    line = refused_by(program, 2, *HEARING[command], name)
    assert name.partition("\x1b")[0] in line  # the rest appears escaped


ODD = {
    "header says 2 GB": wav(speech(), says=2**31),
    "header says 4 GB": wav(speech(), says=2**32 - 1),
    "header says nothing": wav(speech(), says=0),
    "odd number of bytes": wav(speech() + b"\0"),
    "not a number": wav(floats(float("nan")), coding=3, bits=32),
    "infinite": wav(floats(float("inf"), -float("inf")), coding=3, bits=32),
    "enormous": wav(floats(3e38, -3e38), coding=3, bits=32),
}
"""Readable all the same."""


@pytest.mark.parametrize("name", ODD)
def test_odd_audio_is_heard_as_far_as_there_is_any(program: Program, name: str) -> None:
    file = program.home / "odd.wav"
    file.write_bytes(ODD[name])
    done = program(*HEARING["run"], file)
    assert (done.returncode, error_lines(done.stderr)) == (0, [])
    events = events_of(done.stdout)
    ended = events[-1]
    assert isinstance(ended, SessionEnded)
    assert ended.frames_captured == ended.frames_delivered == len(speech()) // 2
    assert ended.frames_lost == 0
    assert of_kind(events, TranscriptFinal)


@pytest.mark.parametrize("command", ["transcribe", "vad", "coach"])
@pytest.mark.parametrize("name", ["header says 2 GB", "not a number"])
def test_every_command_hears_odd_audio(program: Program, name: str, command: str) -> None:
    file = program.home / "odd.wav"
    file.write_bytes(ODD[name])
    done = program(*HEARING[command], file)
    assert (done.returncode, error_lines(done.stderr)) == (0, [])
    assert done.stdout


@pytest.mark.parametrize("command", HEARING)
def test_a_truncated_recording_is_heard_up_to_its_end(program: Program, command: str) -> None:
    file = program.home / "truncated.wav"
    whole = wav(speech())
    file.write_bytes(whole[: 44 + len(speech()) // 3 * 2])
    done = program(*HEARING[command], file)
    assert (done.returncode, error_lines(done.stderr)) == (0, [])


@pytest.mark.parametrize("command", HEARING)
def test_audio_without_a_single_number_is_silence(program: Program, command: str) -> None:
    file = program.home / "nan.wav"
    nan = np.full(16_000, np.nan, "<f4").tobytes()
    file.write_bytes(wav(nan, coding=3, bits=32))
    done = program(*HEARING[command], file)
    assert (done.returncode, error_lines(done.stderr)) == (0, [])
    if command == "run":
        assert not of_kind(events_of(done.stdout), TranscriptFinal)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("runn",), "'run'"),
        (("run", "--inptu", "x.wav"), "--input"),
        (("run", "extra"), "extra"),
        (("run", "--input"), "--input"),
        (("run", "--demo", "--pace", "slow"), "'max'"),
        (("run", "--demo", "--duration", "-1"), "--duration"),
        (("run", "--demo", "--duration", "0"), "--duration"),
        (("run", "--demo", "--duration", "nan"), "--duration"),
        (("run", "--demo", "--duration", "inf"), "--duration"),
        (("run", "--duration", "inf"), "--duration"),
        (("run", "--demo", "--duration", "soon"), "--duration"),
        (("run", "--input", "x.wav", "--device", "USB"), "--device"),
        (("run", "--demo", "--system-audio"), "--system-audio"),
        (("run", "--demo", "--playbook", "sales-cal"), "sales-call"),
        (("run", "--demo", "--playbook", "nowhere.toml"), "nowhere.toml"),
        (("run", "--demo", "--config", "nowhere.toml"), "nowhere.toml"),
        (("run", "--demo", "--events", "nowhere/events"), "nowhere/events"),
        (("run", "--demo", "--events", "."), "."),
        (("transcribe",), "FILE"),
        (("transcribe", "x.wav", "--format", "doc"), "'srt'"),
        (("transcribe", str(demo_recording()), "--output", "/dev/null"), "/dev/null"),
        (("vad",), "FILE"),
        (("vad", "x.wav", "--device", "TPU"), "NPU"),
        (("coach",), "FILE"),
        (("coach", "nowhere.srt"), "nowhere.srt"),
        (("coach", "x.wav", "--playbook", "nowhere.toml"), "nowhere.toml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistake_on_the_command_line_is_named(
    program: Program, arguments: tuple[str, ...], named: str
) -> None:
    assert named.lower() in refused_by(program, 2, *arguments).lower()


@pytest.mark.parametrize("arguments", [(), ("sessions",), ("config",)], ids=" ".join)
def test_a_command_that_is_left_out_brings_the_help(
    program: Program, arguments: tuple[str, ...]
) -> None:
    done = program(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert error_lines(done.stderr) == []
    assert done.stderr.startswith("Usage: voicestand")
    assert "\n\nCommands:\n" in done.stderr


def hearing_a_good_file(program: Program) -> dict[str, tuple[Any, ...]]:
    return {name: (*options, demo_recording()) for name, options in HEARING.items()}


@pytest.mark.parametrize("command", HEARING)
def test_a_typo_in_the_settings_names_the_nearest_key(program: Program, command: str) -> None:
    file = program.home / ".config" / "voicestand" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text('[audio]\ndevice = ""\n\n[vad]\nonsett = 0.5\n')
    line = refused_by(program, 2, *hearing_a_good_file(program)[command])
    assert f"{file}:5: vad.onsett is not a setting: did you mean vad.onset?" in line


def test_a_typo_in_the_file_named_or_in_the_environment_names_the_nearest_key(
    program: Program,
) -> None:
    file = program.home / "mine.toml"
    file.write_text("[vadd]\nonset = 0.5\n")
    assert "vad.onset" in refused_by(program, 2, "run", "--demo", "--config", file)
    assert "vad.onset" in refused_by(program, 2, "transcribe", "x.wav", "--config", file)
    line = refused_by(program, 2, "run", "--demo", VOICESTAND_VAD__MAX_UTERANCE="3")
    assert "did you mean VOICESTAND_VAD__MAX_UTTERANCE?" in line
    line = refused_by(program, 2, "run", "--demo", VOICESTAND_VAD__ONSET="3")
    assert "from 0.01 to 0.99" in line


@pytest.mark.parametrize("command", ["run", "coach"])
def test_a_bad_pattern_in_a_playbook_is_named_by_its_line(program: Program, command: str) -> None:
    file = program.home / "mine.toml"
    file.write_text(
        '[playbook]\nname = "mine"\n\n[[trigger]]\nid = "price"\nchannel = "other"\n'
        'patterns = ["how much (is"]\nsuggestion = "Say it."\n'
    )
    arguments = hearing_a_good_file(program)[command]
    line = refused_by(program, 2, *arguments, "--playbook", file)
    assert f"{file}:7" in line or (f"{file}" in line and "line 7" in line)
    assert "how much (is" in line


def with_devices(program: Program, module: str) -> Program:
    """``module`` in the place of sounddevice: this machine's cards are seen in any environment."""
    (program.home / "sounddevice.py").write_text(module)
    paths = [str(program.home), program.env.get("PYTHONPATH", "")]
    program.env["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return program


@pytest.mark.parametrize("options", [(), ("--device", "USB"), ("--system-audio",)], ids=" ".join)
def test_a_machine_without_an_input_says_what_to_do(
    program: Program, options: tuple[str, ...]
) -> None:
    line = refused_by(with_devices(program, NO_INPUTS), 1, "run", *options)
    assert "no audio input" in line
    assert "--input FILE, or --demo" in line
    assert not program.sessions()


def test_an_unknown_device_is_named_with_those_there_are(program: Program) -> None:
    line = refused_by(with_devices(program, ONE_INPUT), 2, "run", "--device", "Bult-in microfone")
    assert "Bult-in microfone" in line
    assert "Built-in microphone" in line
    line = refused_by(program, 2, "run", "--device", "17")
    assert "17" in line


def test_an_engine_that_is_not_there_is_named_with_those_there_are(program: Program) -> None:
    demo = ("run", "--demo")
    assert "pocketsphinx" in refused_by(program, 1, *demo, VOICESTAND_SPEECH__ENGINE="vosk")


@pytest.mark.parametrize("source", ["--demo", "--device=Built-in"])
def test_vector_instructions_that_there_are_not_are_named(program: Program, source: str) -> None:
    with_devices(program, ONE_INPUT)
    line = refused_by(program, 2, "run", source, VOICESTAND_SIMD="avx9")
    assert line.startswith("voicestand: error: VOICESTAND_SIMD=avx9: ")
    assert "avx2" in line
