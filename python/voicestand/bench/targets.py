"""The promises of the design, each measured on a real run of the program on this machine."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import wave
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from voicestand import demo
from voicestand.audio.decoding import Decoder
from voicestand.audio.source import SPEECH_RATE
from voicestand.bench import jack, retrieval, trial
from voicestand.bench.figures import quantile
from voicestand.errors import VoicestandError
from voicestand.events import CoachSuggestion, SpeechEnded, TranscriptFinal

STARTS = 5
SOAK_MINUTES = 20.0
SLOPE_PARTS = 12
"""Into so many parts the second half of the soak is cut: neighbouring looks are not independent."""
CAPTURE_SECONDS = 10.0
ENGINE_MINUTES = 10

Verdict = Literal["pass", "miss", "not measured"]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table."""

    what: str
    promised: str
    """By the systems that this one replaces."""
    ours: str
    """What is promised here, in words."""
    value: float | None
    """Measured; ``None`` if it was not."""
    unit: str
    verdict: Verdict
    note: str
    """How it was measured, or why it was not."""


class _Promise(msgspec.Struct, frozen=True):
    """What a line promises, before it is measured."""

    what: str
    promised: str
    ours: str
    unit: str
    bound: float
    at_least: bool = False

    def met_by(self, value: float, note: str) -> Target:
        met = value >= self.bound if self.at_least else value < self.bound
        return self._line(value, "pass" if met else "miss", note)

    def without(self, verdict: Verdict, note: str) -> Target:
        return self._line(None, verdict, note)

    def _line(self, value: float | None, verdict: Verdict, note: str) -> Target:
        return Target(
            what=self.what,
            promised=self.promised,
            ours=self.ours,
            value=value,
            unit=self.unit,
            verdict=verdict,
            note=note,
        )


CAPTURE = _Promise(
    "audio capture, ADC to reader",
    "< 50 ms (25 achieved)",
    "< 5 ms p99 at 128 frames, 48 kHz",
    "ms",
    5.0,
)
FINAL = _Promise(
    "end of speech to final transcript, the engine's share",
    "< 500 ms (450)",
    "< 20 ms p95, plus the recognizer's",
    "ms",
    20.0,
)
KNOWLEDGE = _Promise(
    "knowledge retrieval", "< 100 ms (75)", "< 5 ms p95, 10,000 passages", "ms", 5.0
)
COACHING = _Promise(
    "coaching without a language model", "< 500 ms (380)", "< 10 ms p95", "ms", 10.0
)
SUGGESTION = _Promise(
    "end of speech to suggestion", "< 2000 ms (1200)", "< 1000 ms p95", "ms", 1000.0
)
READY = _Promise("ready to record", "< 10 s (8)", "< 1 s", "s", 1.0)
ENGINE_MEMORY = _Promise("memory of the engine", "< 100 MB, < 5 MB projected", "< 5 MB", "MB", 5.0)
DAEMON_MEMORY = _Promise(
    "memory of the daemon with its models", "< 2 GB (1.8 GB)", "< 300 MB", "MB", 300.0
)
SLOPE = _Promise("growth of the daemon's memory", "none", "< 1 MB/h", "MB/h", 1.0)
CPU = _Promise(
    "CPU while coaching", "< 30 % (22 %)", "< 3 % of one core beside the recognizer", "%", 3.0
)
SUCCESS = _Promise(
    "success rate", "95 to 97 %", "every utterance, exactly once", "%", 100.0, at_least=True
)


def measure(tell: Callable[[str], object], *, soak: float = SOAK_MINUTES) -> list[Target]:
    """Every line of the table; ``tell`` is given a line before each run.

    ``soak``: minutes of audio heard for the slope of the memory; the rest takes three minutes.
    What cannot be measured here says why; nothing is passed unmeasured.
    """
    with tempfile.TemporaryDirectory(prefix="voicestand-bench-") as folder:
        home = Path(folder)
        tell("capture from a JACK server")
        capture = _or_why([CAPTURE], lambda: [_capture(home)])
        tell(f"the start, {STARTS} times")
        ready = _or_why([READY], lambda: [_ready(home)])
        tell("the demo call at real pace")
        of_the_call = [FINAL, COACHING, SUGGESTION, DAEMON_MEMORY, CPU, SUCCESS]
        final, coaching, suggestion, daemon, cpu, success = _or_why(
            of_the_call, lambda: _call(home)
        )
        tell("knowledge")
        knowledge = _or_why([KNOWLEDGE], lambda: [_knowledge(home)])
        tell("the engine alone")
        engine = _or_why([ENGINE_MEMORY], lambda: [_engine()])
        tell(f"{soak:g} minutes of calls, as quickly as they can be heard")
        slope = _or_why([SLOPE], lambda: [_slope(home, soak)])
    return [
        *capture,
        final,
        *knowledge,
        coaching,
        suggestion,
        *ready,
        *engine,
        daemon,
        *slope,
        cpu,
        success,
    ]


def _or_why(promises: Sequence[_Promise], work: Callable[[], list[Target]]) -> list[Target]:
    try:
        return work()
    except (VoicestandError, OSError, subprocess.SubprocessError, ValueError) as error:
        why = " ".join(str(error).split())
        return [promise.without("not measured", why) for promise in promises]


def _capture(home: Path) -> Target:
    with jack.running(128, home / "jackd.log") as env:
        arguments = ["voicestand.bench.capture_delay", "system", str(CAPTURE_SECONDS)]
        delays: list[float] = _python(arguments, env)
    note = (
        "from the ADC stamp of a frame, as JACK's dummy driver states it, to the reader of 16 kHz "
        f"speech: block, conditioning and resampler included; {len(delays):,} windows, "
        f"p50 {quantile(delays, 0.5):.1f} ms"
    )
    return CAPTURE.met_by(quantile(delays, 0.99), note)


def _ready(home: Path) -> Target:
    silence = home / "silence.wav"
    _write_wav(silence, np.zeros((3200, 1), np.float32), SPEECH_RATE)
    arguments = ["--input", str(silence), "--pace", "max"]
    first, *warm = [trial.run(arguments, home, 60.0).ready for _ in range(1 + STARTS)]
    note = (
        f"from the start of the process to session.started, median of {STARTS}; the first one, "
        f"which has to fold the model, took {first:.2f} s"
    )
    return READY.met_by(statistics.median(warm), note)


def _call(home: Path) -> list[Target]:
    """The lines that the demo call at real pace tells."""
    file = home / "call.wav"
    _decode(demo.recording(), file)
    seen = trial.run(["--input", str(file)], home, 300.0)
    finals = [event for event in seen.events if isinstance(event, TranscriptFinal)]
    suggestions = [event for event in seen.events if isinstance(event, CoachSuggestion)]
    until = {final.utterance: final.latency_ms for final in finals}
    whole = [until[one.utterance] + one.latency_ms for one in suggestions]
    shares = [final.engine_ms for final in finals]
    recognizer = [final.recognizer_ms for final in finals]
    peak = max(seen.looks, key=lambda look: look.megabytes.whole)
    first, last = seen.looks[0], seen.looks[-1]
    busy = 100 * (last.cpu_seconds - first.cpu_seconds) / (last.at - first.at)
    of_the_call = f"the demo call, {len(finals)} utterances"
    return [
        FINAL.met_by(
            quantile(shares, 0.95),
            f"{of_the_call}; the recognizer's share is {quantile(recognizer, 0.95):.0f} ms p95",
        ),
        COACHING.met_by(
            quantile([one.latency_ms for one in suggestions], 0.95),
            f"from the final to the suggestion; {len(suggestions)} suggestions of the demo call",
        ),
        SUGGESTION.met_by(
            quantile(whole, 0.95),
            f"{len(suggestions)} suggestions of the demo call, the silence awaited included",
        ),
        DAEMON_MEMORY.met_by(
            peak.megabytes.whole,
            f"peak of all processes (PSS): {peak.recognizers.whole:.0f} MB of it the recognizers, "
            "one for each of the two channels",
        ),
        CPU.met_by(
            busy,
            f"everything but the recognizers, over {last.at - first.at:.0f} s; the call is decoded "
            "beforehand, since a device gives samples",
        ),
        _success(home, seen, of_the_call),
    ]


def _knowledge(home: Path) -> Target:
    taken = retrieval.milliseconds(home / "knowledge")
    note = f"{len(taken)} utterances of 12 words, by their words; the documents are made"
    return KNOWLEDGE.met_by(quantile(taken, 0.95), note)


def _success(home: Path, seen: trial.Trial, of_the_call: str) -> Target:
    """Every utterance that ended has one final, in the events and in the journal."""
    ended = [event.utterance for event in seen.events if isinstance(event, SpeechEnded)]
    finals = Counter(event.utterance for event in seen.events if isinstance(event, TranscriptFinal))
    session = seen.events[0].session
    listed = json.loads(trial.output(["sessions", "show", session, "--json"], home))
    kept = Counter(one["utterance"] for one in listed["utterances"])
    spoken = len(demo.reference())
    once = sum(finals[name] == 1 and kept[name] == 1 for name in ended)
    strays = len(set(finals) - set(ended)) + len(set(kept) - set(ended))
    note = f"{of_the_call}: {once} of {spoken} spoken were told and kept once"
    return SUCCESS.met_by(100 * (once - strays) / max(spoken, len(ended)), note)


def _engine() -> Target:
    grown: list[float] = _python(["voicestand.bench.engine_memory", str(ENGINE_MINUTES)], None)
    note = (
        f"above an interpreter with NumPy, {ENGINE_MINUTES} minutes of stereo at 48 kHz through "
        f"it; grew by {grown[-1] - grown[0]:.2f} MB after the first"
    )
    return ENGINE_MEMORY.met_by(max(grown), note)


def _slope(home: Path, minutes: float) -> Target:
    from voicestand.audio import load
    from voicestand.config import AudioSettings

    call = load(demo.recording(), AudioSettings()).samples
    frames = round(60 * minutes * SPEECH_RATE)
    calls = np.tile(call, -(-frames // call.shape[1]))[:, :frames]
    file = home / "calls.wav"
    _write_wav(file, calls.T, SPEECH_RATE)
    seen = trial.run(["--input", str(file), "--pace", "max"], home, 60.0 + 180 * minutes)
    return _growth(seen.looks, minutes)


def _growth(looks: Sequence[trial.Look], minutes: float) -> Target:
    """Fits a line to the memory of the second half of a session of so many minutes of audio."""
    # The very end is not the middle of anything: one recognizer after the other has nothing to do.
    steady = looks[len(looks) // 2 : max(1, round(0.97 * len(looks)))]
    if len(steady) < SLOPE_PARTS:
        raise VoicestandError("the run was too short to see a slope: give a longer --soak")
    parts = np.array_split([(look.at, look.megabytes.own) for look in steady], SLOPE_PARTS)
    at, megabytes = np.array([part.mean(axis=0) for part in parts]).T
    hours = at / looks[-1].at * minutes / 60
    (slope, _), covariance = np.polyfit(hours, megabytes, 1, cov=True)
    unsure = 2 * float(np.sqrt(covariance[0, 0]))
    note = (
        f"an hour of audio, ± {unsure:.1f} (two standard errors), without file pages; fitted to "
        f"the second half of {minutes:g} minutes, heard as quickly as the recognizers can"
    )
    if abs(slope - SLOPE.bound) < unsure:
        return SLOPE.without("not measured", f"{slope:.1f} MB {note}: give a longer --soak to tell")
    return SLOPE.met_by(float(slope), note)


def _decode(recording: Path, file: Path) -> None:
    """Writes ``recording`` to ``file`` as a device would have given it: samples of its own rate."""
    decoder = Decoder(recording)
    try:
        _write_wav(file, np.concatenate(list(decoder.blocks())), decoder.sample_rate)
    finally:
        decoder.close()


def _write_wav(file: Path, samples: NDArray[np.float32], rate: int) -> None:
    """``samples``: (frames, channels), 1 = full scale."""
    pcm = (32767 * np.clip(samples, -1, 1)).astype("<i2")
    with wave.open(str(file), "wb") as out:
        out.setparams((samples.shape[1], 2, rate, 0, "NONE", ""))
        out.writeframes(pcm.tobytes())


def _python(arguments: Sequence[str], env: dict[str, str] | None) -> list[float]:
    """What a module of ours prints in a process of its own, JSON."""
    command = [sys.executable, "-P", "-m", *arguments]
    done = subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise VoicestandError(said[-1] if said else f"exit code {done.returncode}")
    return msgspec.json.decode(done.stdout, type=list[float])
