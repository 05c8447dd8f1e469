"""A run on devices as other processes meet it: steered, watched over, and logged as a service."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from voicestand.audio.device import DeviceSource
from voicestand.cli.output import Output, open_output
from voicestand.daemon.control import Server
from voicestand.daemon.live_run import LiveRun
from voicestand.daemon.lock import AlreadyRunningError, Lock
from voicestand.daemon.log import Log
from voicestand.daemon.notify import Notifier
from voicestand.daemon.pause_mark import PauseMark
from voicestand.daemon.protocol import Reply, Request
from voicestand.daemon.silence import Silence
from voicestand.errors import VoicestandError
from voicestand.events import Event
from voicestand.runtime_folder import private_folder, runtime_folder
from voicestand.session.heap import forget_session

if TYPE_CHECKING:
    from voicestand.config import DaemonSettings
    from voicestand.session.conversation import Conversation


class Listening:
    """Joins a live run with its control socket and, as a daemon, systemd and the log."""

    def __init__(self, settings: DaemonSettings, *, daemon: bool) -> None:
        self.daemon = daemon
        self._run = LiveRun(daemon=daemon)
        self._notifier = Notifier() if daemon else Notifier({})
        self._log = Log() if daemon else None
        self._silence = Silence(settings.session_silence if daemon else 0.0)
        self._conversation: Conversation | None = None
        self._mark: PauseMark | None = None
        self._is_ready = False
        self.devices: Sequence[DeviceSource] = ()
        """What the next session listens to."""
        self.goes_on = False
        """Whether another session follows the one that has ended."""

    def answer(self, request: Request) -> Reply:
        """Does what a client asks."""
        match request.command:
            case "pause":
                self._run.pause()
                if self._mark:
                    self._mark.set()
            case "resume":
                if self._mark:
                    self._mark.clear()
                self._run.resume()
            case "stop":
                self.stop()
        return Reply(status=self._run.status())

    def keep_pause(self, folder: Path) -> None:
        """Begins paused if the process before died so, and has the next one do the same."""
        self._mark = PauseMark(folder)
        self._run.paused = self._mark.is_set

    def stop(self) -> None:
        """Ends the run, and a pause. Safe in a signal handler."""
        if self._mark:
            self._mark.clear()
        self._notifier.stopping()
        self._run.stop()

    def output(self, events: str | None) -> Output:
        """Where the events go: a daemon shows none that it was not asked for."""
        return open_output(events, view=not self.daemon)

    def show(self, output: Output) -> Callable[[Event], None]:
        """What shows the events of the next session."""

        def show(event: Event) -> None:
            output.show(event)
            self._run.note(event)
            self._silence.note(event)
            if self._log is not None:
                self._log.show(event)

        return show

    @contextmanager
    def holding(self, conversation: Conversation) -> Iterator[None]:
        """While open, ``conversation`` is what is steered."""
        self.goes_on = False
        self._conversation = conversation
        self._notifier.feed_watchdog()  # models are loaded now, and nothing turns meanwhile
        with self._run.holding(conversation, self.devices):
            yield

    def close(self) -> None:
        """Says nothing to anybody any more."""
        self._notifier.close()
        if self._log is not None:
            self._log.close()

    def forget(self) -> None:
        """Frees what the session that has ended took, before the next one takes as much."""
        self._conversation, self.devices = None, ()
        forget_session()

    def beat(self) -> None:
        """All of the session works: called every second or so."""
        self._notifier.feed_watchdog()
        if not self._is_ready and self._run.audio_runs():
            self._is_ready = True
            self._notifier.ready()
        state = self._run.state()
        self._notifier.status(state)
        assert self._conversation is not None
        if state == "listening" and self._silence.is_over(self._conversation.position()):
            self.goes_on = True
            self._conversation.stop("end")


@contextmanager
def listening(settings: DaemonSettings, *, daemon: bool) -> Iterator[Listening]:
    """A run that can be steered, if no other one is.

    Raises ``VoicestandError`` for a daemon that would be the second, or without a control socket.
    """
    with ExitStack() as cleanup:
        live = cleanup.enter_context(closing(Listening(settings, daemon=daemon)))
        try:
            folder = private_folder(runtime_folder())
            cleanup.enter_context(closing(Lock(folder)))
            if daemon:
                live.keep_pause(folder)
            server = Server(folder, live.answer)
            cleanup.callback(server.close)
            server.start()
        except AlreadyRunningError as error:
            if daemon:
                raise
            print(f"voicestand: note: {error}; Ctrl-C ends this one", file=sys.stderr)
        except OSError as error:
            message = f"cannot make the control socket: {error}"
            if daemon:
                raise VoicestandError(message) from None
            print(f"voicestand: note: {message}; nobody can steer this run", file=sys.stderr)
        yield live
