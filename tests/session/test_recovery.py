"""``kill -9`` of everything: the next start transcribes what was being said, once."""

from __future__ import annotations

import os
import random
import signal
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from tests.made_events import started
from tests.program import Program, Running
from tests.speech.hearing import SHARED

from voicestand import journal
from voicestand.config import Settings
from voicestand.events import SessionStarted, SpeechStarted, TranscriptFinal
from voicestand.journal import Journal, spool
from voicestand.journal.spool import About, Spooled, SpoolFile
from voicestand.session import recovery
from voicestand.session.recovery import MOST_ATTEMPTS, Recovery
from voicestand.speech.pocketsphinx import PocketSphinx
from voicestand.speech.protocol import RecognizedWord
from voicestand.speech.recognizer import FinalResult

if TYPE_CHECKING:
    from tests.spoken_calls import Recording

SESSION = "0193-killed"

PCM = (np.arange(16_000) % 20_000).astype(np.int16)


class KilledError(BaseException):
    """Stands for ``kill -9``: nobody handles it."""


def words_of(pcm: np.ndarray[Any, Any]) -> str:
    return f"{len(pcm)} {zlib.crc32(pcm.tobytes()):08x}"


class QuickRecovery(Recovery):
    """Its recognizer says exactly what it heard, at once."""

    def _transcribe(self, spooled: Spooled) -> FinalResult | None:
        pcm = spool.audio(spooled)
        return FinalResult(
            channel=spooled.about.channel,
            utterance=spooled.about.utterance,
            text=words_of(pcm),
            words=[RecognizedWord(text="all", start=100.0, end=100 + len(pcm) / 16_000)],
            start=1_600_000,
            end=1_600_000 + len(pcm),
            engine="quick",
            asked=0.0,
            started=0.0,
            finished=0.0,
            recognized_in=0.0,
        )


class Ruin:
    """A journal whose writer is no more, and what it left in the spool."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.alerts: list[str] = []
        with Journal.open(folder) as book:
            book.begin(started(SESSION))
            self.path = book.path

    def spool(self, number: int, samples: int = 16_000, **about: Any) -> Path:
        name = f"self-{number}"
        start = number * 32_000
        entry = About(
            session=SESSION,
            channel="self",
            utterance=name,
            start=start,
            speech_start=start + 800,
            **about,
        )
        file = SpoolFile(spool.make_folder(self.path, SESSION), entry)
        file.append(PCM[:samples])
        file.close()
        return file.path

    def recover(self, kind: type[Recovery] = QuickRecovery) -> None:
        with Journal.open(self.folder) as book:
            kind(book, Settings(), lambda *alert: self.alerts.append(alert[1])).run()

    @property
    def finals(self) -> list[TranscriptFinal]:
        return journal.session(SESSION, self.folder).utterances

    @property
    def left(self) -> list[Path]:
        return [path for path in (self.folder / "spool").rglob("*") if path.is_file()]


@pytest.fixture
def ruin(tmp_path: Path) -> Ruin:
    return Ruin(tmp_path)


def test_what_was_being_said_goes_into_the_session_it_was_said_in(ruin: Ruin) -> None:
    ruin.spool(1, speech_end=44_000)
    ruin.spool(2, samples=4_000)
    ruin.recover()
    first, second = ruin.finals
    assert [one.text for one in (first, second)] == [words_of(PCM), words_of(PCM[:4_000])]
    assert (first.start, first.end, first.recovered) == (2.05, 2.75, True)
    assert (second.start, second.end, second.recovered) == (4.05, 4.25, True)
    assert [(word.start, word.end) for word in first.words or []] == [(2.0, 3.0)]
    assert (ruin.left, ruin.alerts) == ([], ["speech.recovered"])
    ruin.recover()
    assert (len(ruin.finals), ruin.alerts) == (2, ["speech.recovered"])


def test_a_file_cut_anywhere_is_transcribed_as_far_as_it_goes_or_not_at_all(ruin: Ruin) -> None:
    whole = ruin.spool(1, samples=100).read_bytes()
    for cut in range(0, len(whole) + 1, 3):
        name = f"self-{cut + 10}"
        folder = spool.folder_of(ruin.path, SESSION)
        data = whole[:cut].replace(b'"self-1",', f'"{name}",'.encode())
        # The name has grown, the blanks behind it give way.
        grown = len(name) - len("self-1")
        data = data.replace(b"}" + b" " * grown, b"}", 1)
        (folder / f"{name}.wav").write_bytes(data)
    ruin.recover()
    found = {one.utterance: one.text for one in ruin.finals}
    assert len(found) > 60
    for cut in range(spool.HEADER, len(whole) + 1):
        if cut % 3 == 0:
            heard = PCM[: (cut - spool.HEADER) // 2]
            assert found[f"self-{cut + 10}"] == words_of(heard)


def _dying_at(monkeypatch: pytest.MonkeyPatch, step: int) -> Callable[[], int]:
    """Kills a recovery at one of the moments before and after what changes a file."""
    done = 0

    def mortal(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal done
            done += 1
            if done == step:
                raise KilledError
            result = function(*arguments, **named)
            done += 1
            if done == step:
                raise KilledError
            return result

        return call

    for name in ("note_attempts", "erase", "keep", "remove_empty"):
        monkeypatch.setattr(spool, name, mortal(getattr(spool, name)))
    monkeypatch.setattr(Journal, "final", mortal(Journal.final))
    return lambda: done


def test_a_recovery_killed_at_any_step_leaves_each_utterance_once(tmp_path: Path) -> None:
    step = 0
    while True:
        step += 1
        ruin = Ruin(tmp_path / str(step))
        ruin.spool(1)
        ruin.spool(2)
        ruin.spool(3, attempts=MOST_ATTEMPTS)
        with pytest.MonkeyPatch.context() as patch:
            steps = _dying_at(patch, step)
            with suppress(KilledError):
                ruin.recover()
            if steps() < step:
                break
        ruin.recover()
        texts = [(one.utterance, one.text, one.failed) for one in ruin.finals]
        assert texts == [
            ("self-1", words_of(PCM), None),
            ("self-2", words_of(PCM), None),
            ("self-3", "", "gave-up"),
        ]
        assert ruin.left == []
        assert (ruin.folder / "audio" / SESSION / "self-3.wav").exists()
    assert step > 15


def test_two_programs_that_recover_at_once_do_it_once(ruin: Ruin) -> None:
    ruin.spool(1)
    with spool.claimed(spool.folder_of(ruin.path, SESSION)):
        ruin.recover()
    assert (ruin.finals, len(ruin.left)) == ([], 1)


def test_a_session_that_goes_on_is_left_alone(ruin: Ruin) -> None:
    with Journal.open(ruin.folder) as book:
        book.begin(started("alive"))
        about = About(session="alive", channel="self", utterance="u", start=0, speech_start=0)
        SpoolFile(spool.make_folder(ruin.path, "alive"), about).close()
        ruin.recover()
    assert len(ruin.left) == 1


def test_what_was_said_in_a_deleted_session_is_erased(ruin: Ruin) -> None:
    ruin.spool(1)
    journal.delete([SESSION], ruin.folder)
    assert ruin.left == []
    ruin.spool(2)  # by a program that was not dead yet
    ruin.recover()
    assert (ruin.left, journal.sessions(ruin.folder)) == ([], [])


def test_an_utterance_that_its_recovery_does_not_survive_is_kept_after_three(ruin: Ruin) -> None:
    class Deadly(QuickRecovery):
        def _transcribe(self, spooled: Spooled) -> FinalResult | None:
            raise KilledError

    ruin.spool(1)
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(KilledError):
            ruin.recover(Deadly)
    ruin.recover(Deadly)
    (final,) = ruin.finals
    assert (final.text, final.failed, final.recovered) == ("", "gave-up", True)
    assert final.audio is not None
    assert (ruin.folder / final.audio).stat().st_size == spool.HEADER + 2 * len(PCM)
    journal.delete([SESSION], ruin.folder)
    assert not (ruin.folder / final.audio).exists()


def test_without_a_recognizer_it_waits(ruin: Ruin, monkeypatch: pytest.MonkeyPatch) -> None:
    ruin.spool(1)
    settings = msgspec.convert(
        {"journal": {"folder": str(ruin.folder)}, "speech": {"engine": "moonshine"}}, Settings
    )
    monkeypatch.setenv("XDG_CACHE_HOME", str(ruin.folder / "no-models"))
    told: list[str] = []
    assert not recovery.recover_waiting(settings, lambda *alert: told.append(alert[1]))
    assert (told, len(ruin.left)) == (["speech.not_recovered"], 1)


def _killed_while_somebody_speaks(
    program: Program, recording: Path, after: float
) -> tuple[Running, float]:
    """``kill -9`` of everything, ``after`` s after speech began; and how many s it had listened."""
    running = program.start("run", "--input", recording, "--events", "-")
    running.first(SessionStarted)
    listened = -time.monotonic()
    running.first(SpeechStarted)
    time.sleep(after)
    os.kill(running.process.pid, signal.SIGKILL)
    listened += time.monotonic()
    running.kill()
    return running, listened


def _understood(pcm: np.ndarray[Any, Any]) -> str:
    engine = PocketSphinx()
    engine.start()
    engine.feed(pcm)
    return engine.finish().text


def test_next_start_transcribes_what_was_said_until_kill_9(
    program: Program, monologue: Recording, silence: Recording
) -> None:
    real = SHARED / "austen-0870.wav"
    recording = real if real.exists() else monologue.path
    dice = random.Random(7)
    missing = []
    for again in (("transcribe", silence.path), ("sessions", "recover")):
        running, listened = _killed_while_somebody_speaks(program, recording, dice.uniform(0.2, 2))
        session = running.first(SessionStarted).session
        spooled = spool.find(program.data / "spool" / session)
        missing.append(listened - (spooled[-1].about.start + spooled[-1].samples) / 16_000)
        listed = program.sessions()[0]
        assert (listed["status"], listed["waiting"]) == ("interrupted", len(spooled))
        expected = {one.about.utterance: _understood(spool.audio(one)) for one in spooled}
        done = program(*again)
        assert (done.returncode, f"session {session}" in done.stderr) == (0, True)
        kept = program.journalled(session)
        assert {one.utterance: one.text for one in kept if one.recovered} == expected
        assert not list((program.data / "spool").rglob("*.wav"))
    # Of two, since on a busy machine we may be held up between the clock and the kill.
    assert min(missing) < 1.0, missing
