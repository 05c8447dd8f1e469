"""What can be asked of a run on devices, and be done to it, by any thread at any time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from voicestand.audio.device import DeviceSource
from voicestand.daemon.protocol import State, Status
from voicestand.events import Event, SessionStarted, TranscriptFinal
from voicestand.session.conversation import Conversation


class LiveRun:
    """One session, or one after another; whether it is paused outlasts each of them."""

    def __init__(self, *, daemon: bool) -> None:
        self._daemon = daemon
        self._lock = threading.Lock()
        self._conversation: Conversation | None = None
        self._devices: Sequence[DeviceSource] = ()
        self._started: SessionStarted | None = None
        self._utterances = 0
        self.paused = False
        """Whether nothing is read from the devices."""
        self.stopping = False
        """Whether somebody has ended it."""

    @contextmanager
    def holding(
        self, conversation: Conversation, devices: Sequence[DeviceSource]
    ) -> Iterator[None]:
        """While open, ``conversation`` is what is steered."""
        with self._lock:
            self._devices, self._conversation = devices, conversation
            if self.paused:
                self._close_devices(conversation)
        if self.stopping:
            conversation.stop()
        try:
            yield
        finally:
            with self._lock:
                self._devices, self._conversation, self._started = (), None, None

    def note(self, event: Event) -> None:
        """Takes an event of the session."""
        match event:
            case SessionStarted():
                self._started, self._utterances = event, 0
            case TranscriptFinal():
                self._utterances += 1

    def state(self) -> State:
        """What it is doing."""
        if self.stopping:
            return "ending"
        if self.paused:
            return "paused"
        if self._started is None:
            return "starting"
        return "waiting" if any(device.away for device in self._devices) else "listening"

    def audio_runs(self) -> bool:
        """Whether every device has given audio, or is not to."""
        return self.paused or all(device.engine.books()["blocks"] for device in self._devices)

    def status(self) -> Status:
        """What it is doing, in numbers."""
        conversation, started = self._conversation, self._started
        basics = Status(state=self.state(), pid=os.getpid(), daemon=self._daemon)
        if conversation is None or started is None:
            return basics
        captured, lost, xruns = conversation.frames()
        return Status(
            state=basics.state,
            pid=basics.pid,
            daemon=basics.daemon,
            session=started.session,
            started_at=started.started_at,
            source=started.source,
            channels=started.channels,
            seconds=round(conversation.position(), 3),
            utterances=self._utterances,
            frames_captured=captured,
            frames_lost=lost,
            xruns=xruns,
        )

    def pause(self) -> None:
        """Closes the devices: until ``resume`` no audio is read. Safe to repeat."""
        with self._lock:
            if not self.paused:
                self.paused = True
                if self._conversation is not None:
                    self._close_devices(self._conversation)

    def resume(self) -> None:
        """Opens the devices again; does not wait for them. Safe to repeat."""
        with self._lock:
            if not self.paused:
                return
            self.paused = False
            if self._conversation is not None:
                self._conversation.tell("info", "engine.resumed", "resumed: audio is read again")
            for device in self._devices:
                device.resume()

    def stop(self) -> None:
        """Ends it: what was said so far is still transcribed. Safe in a signal handler."""
        self.stopping = True
        conversation = self._conversation
        if conversation is not None:
            conversation.stop()

    def _close_devices(self, conversation: Conversation) -> None:
        for device in self._devices:
            device.pause()
        conversation.tell("info", "engine.paused", "paused: no audio is read until it is resumed")
