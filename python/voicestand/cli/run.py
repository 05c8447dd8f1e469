"""``voicestand run``: hear, transcribe and coach a conversation."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from voicestand.cli import exit_code
from voicestand.cli.printing import log_errors, print_error

if TYPE_CHECKING:
    from types import FrameType

    from voicestand.audio.device import DeviceSource
    from voicestand.audio.source import Source
    from voicestand.cli.listening import Listening
    from voicestand.cli.output import Output
    from voicestand.config import Settings
    from voicestand.events import SessionEnded
    from voicestand.speech.template_process import Template

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ONE_REQUEST = 0.5
"""Seconds within which several signals are one: timeout(1) signals a process and then its group."""


def run(
    files: Annotated[
        list[Path] | None,
        typer.Option(
            "--input",
            metavar="FILE",
            help="A recording instead of a device; repeat it for one session after another.",
            show_default=False,
        ),
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="The demo call that comes with VoiceStand.")
    ] = False,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Input device: its name, a part of it, or its number (see voicestand devices).",
            show_default="audio.device",
        ),
    ] = None,
    system_audio: Annotated[
        bool,
        typer.Option("--system-audio", help="Also hear what this machine plays, as the far end."),
    ] = False,
    events: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|-",
            help="Write the events as JSON Lines; - is stdout, and what stdout gets if it is no "
            "terminal.",
            show_default=False,
        ),
    ] = None,
    pace: Annotated[
        Literal["realtime", "max"],
        typer.Option(help="How fast a recording is played: as it was spoken, or as it can be."),
    ] = "realtime",
    duration: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", min=0.1, help="End after so much audio.", show_default=False
        ),
    ] = None,
    playbook: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE", help="The playbook to coach by.", show_default="coach.playbook"
        ),
    ] = None,
    config_file: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Settings file.", show_default=False),
    ] = None,
    daemon: Annotated[
        bool,
        typer.Option(
            "--daemon",
            help="Run as a service does: one session after another, no view, log lines on stderr.",
        ),
    ] = False,
) -> None:
    """Listen to the microphone, or play a recording: captions, coaching, everything kept.

    Ctrl-C ends the session: what was said until then is transcribed and written first. A run on
    devices is steered by voicestand status, pause, resume and stop.
    """
    from voicestand import config
    from voicestand.errors import InputError

    if daemon:
        log_errors()
    if duration is not None and not math.isfinite(duration):
        raise InputError(f"--duration {duration}: give the seconds after which to end")
    overrides = {"audio.device": device, "coach.playbook": playbook}
    settings = config.load(config_file, overrides=overrides)
    if sum((bool(files), demo, device is not None or system_audio)) > 1:
        raise InputError("choose one: --input, --demo, or --device and --system-audio")
    if daemon and (files or demo or duration is not None):
        raise InputError("--daemon listens to devices until it is stopped: no --input, --duration")
    if demo:
        from voicestand.demo import recording

        files = [recording()]
    from voicestand.speech.template_process import started_template

    # The model takes longest to load: it is begun with before anything else is even imported.
    with started_template(settings.speech) as template:
        wanted = _Wanted(settings, events, duration, template)
        code = _play(wanted, files, pace) if files else _listen(wanted, system_audio, daemon=daemon)
    raise typer.Exit(code)


class _Wanted(NamedTuple):
    """What every session of a run has in common."""

    settings: Settings
    events: str | None
    duration: float | None
    template: Template | None


def _play(wanted: _Wanted, files: Sequence[Path], pace: Literal["realtime", "max"]) -> int:
    """A session for each recording, until one fails; returns the exit code."""
    from voicestand.audio.decoding import check
    from voicestand.audio.file import FileSource
    from voicestand.session.heap import forget_session

    for file in files:  # a mistake in the last name is told before the first session, not after
        check(file)
    for file in files:
        source = FileSource(file, wanted.settings.audio, pace=pace, limit=wanted.duration)
        if code := _session([source], wanted):
            return code
        del source
        forget_session()
    return 0


def _listen(wanted: _Wanted, system_audio: bool, *, daemon: bool) -> int:
    """One session on devices, or a service's, one after another; returns the exit code."""
    from voicestand.cli.listening import listening

    settings = wanted.settings
    with listening(settings.daemon, daemon=daemon) as live, _ended_by_signals(live.stop):
        while True:
            live.devices = _devices(settings, system_audio)
            code = _session(live.devices, wanted, live)
            live.forget()
            if code or not live.goes_on:
                # A service that is told to end has done what it should.
                return 0 if daemon and code == exit_code.INTERRUPTED else code


def _devices(settings: Settings, system_audio: bool) -> list[DeviceSource]:
    from voicestand.audio.microphone import Microphone

    sources: list[DeviceSource] = [Microphone(settings.audio.device, settings.audio)]
    if system_audio:
        from voicestand.audio.monitor import open_monitor

        try:
            sources.append(open_monitor(settings.audio))
            if settings.audio.echo_cancellation:
                sources[0].engine.set_far_end(sources[1].engine)
        except BaseException:
            sources[0].close()
            raise
    return sources


def _session(sources: Sequence[Source], wanted: _Wanted, live: Listening | None = None) -> int:
    """One session from start to summary; returns the exit code."""
    from voicestand.cli.output import open_output
    from voicestand.coach.coach import Coach
    from voicestand.coach.playbook import find, own_file
    from voicestand.coach.reload import PlaybookWatch
    from voicestand.journal.journal import Journal
    from voicestand.session.conversation import Conversation
    from voicestand.session.stats_file import StatsFile

    settings, events = wanted.settings, wanted.events
    with ExitStack() as cleanup:
        for source in sources:
            cleanup.callback(source.close)
        roles = [role for source in sources for role in source.roles]
        coach = None
        if settings.coach.enabled:
            coach = Coach(find(settings.coach.playbook), roles)
        folder = Path(settings.journal.folder).expanduser() if settings.journal.folder else None
        journal = cleanup.enter_context(Journal.open(folder))
        output = cleanup.enter_context(live.output(events) if live else open_output(events))
        shown = cleanup.enter_context(closing(StatsFile()))
        conversation = Conversation(
            sources,
            settings,
            show=live.show(output) if live else output.show,
            journal=journal,
            coach=coach,
            duration=wanted.duration,
            publish=shown.write,
            beat=live.beat if live else None,
            template=wanted.template,
        )
        output.follow(conversation)
        playbook = own_file(settings.coach.playbook)
        if coach is not None and playbook is not None:
            watch = PlaybookWatch(playbook, coach.adopt, conversation.tell)
            cleanup.enter_context(watch)
        if live:
            cleanup.enter_context(live.holding(conversation))
        with _ended_by_signals(live.stop if live else conversation.stop):
            ended = conversation.run()
    if live is None or not live.daemon:
        output.summarize(ended)
    return _report(output, ended, conversation.failure)


def _report(output: Output, ended: SessionEnded, failure: str | None) -> int:
    if failure is None and output.failure is not None:
        failure = output.failure
    if failure is not None:
        print_error(failure)
        return exit_code.FAILED
    return exit_code.INTERRUPTED if ended.reason == "interrupted" else 0


@contextmanager
def _ended_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Calls ``stop`` on the first Ctrl-C, SIGTERM or hang-up; a second one ends the program."""
    asked: float | None = None

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        now = time.monotonic()
        if asked is None:
            asked = now
            stop()
        elif now - asked > ONE_REQUEST:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, handle) for number in ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
