"""The recognizer's process: ``python -m voicestand.speech.worker``.

Hears utterances from the shared log in the order in which they began, and reports over a socket. It
lives in a session of its own, so that Ctrl-C in the terminal reaches only its parent, and dies with
its parent.
"""

from __future__ import annotations

import argparse
import importlib
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from voicestand.cpu.child_process import settle
from voicestand.speech.audio_log import SAMPLE_RATE, AudioLogReader
from voicestand.speech.messages import (
    Advance,
    Begin,
    Command,
    CommandStream,
    Drop,
    End,
    Final,
    Pace,
    Partial,
    Progress,
    Ready,
    Report,
    Routing,
    encode,
)
from voicestand.speech.protocol import RecognizerEngine, RoutedEngine, Transcript

NICENESS = 5
"""Below the engine and the user's own programs; a final may come late, audio may not be lost."""

BLOCK = SAMPLE_RATE // 5
"""Samples heard between two looks at the socket: some 60 ms of work for the embedded engine."""

PARTIAL_LAG = SAMPLE_RATE
"""With more samples than this still to hear, a partial would be old news: finals come first."""

NAME = "vs-recognizer"


class Stopwatch:
    """How long the engine computed after a moment in the past."""

    def __init__(self) -> None:
        self._total = 0.0
        self._last = (0.0, 0.0)

    def add(self, start: float, end: float) -> None:
        """The engine computed from ``start`` to ``end``."""
        self._total += end - start
        self._last = (start, end)

    def total_at(self, moment: float) -> float:
        """The total as it was at ``moment``, which lies within or after the last computation."""
        start, end = self._last
        return self._total - max(0.0, end - max(moment, start))

    @property
    def total(self) -> float:
        """Seconds computed so far."""
        return self._total


@dataclass
class Hearing:
    """An utterance as the worker knows it."""

    name: str
    start: int
    position: int
    end: int | None = None
    started: float | None = None
    busy_at_end: float = 0.0
    next_partial: int = 0


class Worker:
    """Feeds utterances to the engine; between two blocks it listens to its parent."""

    def __init__(
        self,
        engine: RecognizerEngine,
        log: AudioLogReader,
        connection: socket.socket,
        partial_interval: int,
    ) -> None:
        self._engine = engine
        self._log = log
        self._connection = connection
        self._partial_interval = partial_interval
        self._batch = 1
        self._stream = CommandStream()
        self._utterances: deque[Hearing] = deque()
        self._head = 0
        self._watch = Stopwatch()

    def run(self) -> None:
        """Works until the parent hangs up."""
        self._send(Ready(self._engine.name))
        while self._listen():
            if self._utterances:
                self._hear(self._utterances[0])

    def _send(self, report: Report) -> None:
        self._connection.sendall(encode(report))

    def _listen(self) -> bool:
        """Takes in what the parent said, waiting if there is no work; False once it hung up."""
        while True:
            idle = not (self._utterances and self._ready_to_hear(self._utterances[0]))
            readable, _, _ = select.select([self._connection], [], [], None if idle else 0)
            if not readable:
                return True
            data = self._connection.recv(1 << 16)
            if not data:
                return False
            for command in self._stream.receive(data):
                self._obey(command)

    def _ready_to_hear(self, utterance: Hearing) -> bool:
        return utterance.end is not None or self._head - utterance.position >= self._batch

    def _obey(self, command: Command) -> None:
        match command:
            case Begin(name, start):
                first = start + self._partial_interval
                self._utterances.append(Hearing(name, start, start, next_partial=first))
            case Advance(head):
                self._head = max(self._head, head)
            case End(name, end, asked):
                for utterance in self._utterances:
                    if utterance.name == name:
                        utterance.end = end
                        utterance.busy_at_end = self._watch.total_at(asked)
            case Pace(interval, batch):
                self._partial_interval, self._batch = interval, batch
            case Drop(name):
                self._utterances = deque(u for u in self._utterances if u.name != name)

    def _hear(self, utterance: Hearing) -> None:
        """One block of the utterance, or its end."""
        before = time.monotonic()
        if utterance.started is None:
            utterance.started = before
            self._engine.start()
        limit = self._head if utterance.end is None else utterance.end
        stop = min(limit, utterance.position + max(BLOCK, self._batch))
        if stop > utterance.position:
            self._engine.feed(self._log.read(utterance.position, stop))
            utterance.position = stop
        if utterance.end is not None and utterance.position >= utterance.end:
            self._finish(utterance, utterance.end, before)
            return
        text = self._partial(utterance, limit)
        self._watch.add(before, time.monotonic())
        self._send(Progress(utterance.name, utterance.position))
        if text is not None:
            self._send(Partial(utterance.name, text))

    def _partial(self, utterance: Hearing, limit: int) -> str | None:
        if utterance.position < utterance.next_partial or utterance.end is not None:
            return None
        if limit - utterance.position > max(PARTIAL_LAG, self._batch):
            return None
        utterance.next_partial = utterance.position + self._partial_interval
        return self._engine.partial()

    def _finish(self, utterance: Hearing, end: int, before: float) -> None:
        transcript = self._engine.finish()
        if utterance.position > end:
            transcript = until(transcript, (end - utterance.start) / SAMPLE_RATE)
        now = time.monotonic()
        self._watch.add(before, now)
        self._utterances.popleft()
        if isinstance(self._engine, RoutedEngine):
            self._send(Routing(self._engine.routing()))
            for notice in self._engine.notices():
                self._send(notice)
        self._send(
            Final(
                utterance=utterance.name,
                text=transcript.text,
                words=transcript.words,
                started=before if utterance.started is None else utterance.started,
                finished=now,
                busy=self._watch.total - utterance.busy_at_end,
                engine=transcript.engine,
            )
        )


def until(transcript: Transcript, end: float) -> Transcript:
    """The words of ``transcript`` that lie, for the larger part, before ``end`` (seconds).

    For an utterance that was cut in the past: the engine has heard more than belongs to it. To
    hear it again would make the final late by a fifth of the utterance's length, and the words no
    better: of 815 words in real recordings, cut after 4 to 10 s, 238 are wrong this way, 240 that
    way. A transcript without word times stays whole.
    """
    if not transcript.words:
        return transcript
    words = [word for word in transcript.words if word.start + word.end < 2 * end]
    text = " ".join(word.text for word in words)
    return Transcript(text=text, words=words, engine=transcript.engine)


def load(path: str) -> RecognizerEngine:
    """The engine at ``module:Class``, its model loaded."""
    module, _, name = path.partition(":")
    engine: RecognizerEngine = getattr(importlib.import_module(module), name)()
    return engine


def work(
    engine: Callable[[], RecognizerEngine], connection: int, log: int, partial_interval: float
) -> None:
    """Works until the parent hangs up. ``connection``, ``log``: descriptors, which are closed.

    ``partial_interval``: seconds.
    """
    interval = max(1, round(partial_interval * SAMPLE_RATE))
    reader = AudioLogReader(log)
    with socket.socket(fileno=connection) as to_parent:
        try:
            Worker(engine(), reader, to_parent, interval).run()
        except (BrokenPipeError, ConnectionResetError):
            return  # the parent has gone, or wants no more
        finally:
            reader.close()


def main() -> None:
    """Entry point. The supervisor makes the command line: see ``worker_process``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", required=True)
    parser.add_argument("--socket", type=int, required=True)
    parser.add_argument("--log", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--partial-interval", type=float, required=True)
    options = parser.parse_args()
    settle(options.parent, NAME, NICENESS)
    engine = partial(load, options.engine)
    work(engine, options.socket, options.log, options.partial_interval)


if __name__ == "__main__":
    main()
