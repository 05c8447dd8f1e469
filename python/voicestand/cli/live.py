"""The live view of a session in a terminal: captions scroll, meters and counters stay below."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from voicestand.cli.call_view import at_a_glance
from voicestand.cli.level_bar import LevelBar
from voicestand.cli.printing import clock, printable
from voicestand.events import (
    CoachMetrics,
    CoachSuggestion,
    CoachWithdrawn,
    EngineAlert,
    Event,
    SessionEnded,
    SessionStarted,
    TranscriptFinal,
    TranscriptPartial,
)

if TYPE_CHECKING:
    from voicestand.session.conversation import Conversation

REFRESH_PER_SECOND = 10
_STATES = {"engine.paused": "paused", "engine.resumed": "listening"}
"""What the session does after an alert of that code."""
_COLOURS = {"self": "cyan", "other": "magenta"}


def _style(channel: str) -> str:
    return _COLOURS.get(channel, "white")


class LiveView:
    """Shows events as they come. ``show`` is called by one thread; a second one refreshes."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._conversation: Conversation | None = None
        self._channels: list[str] = []
        self._bars: dict[str, LevelBar] = {}
        self._levels: dict[str, tuple[float, float]] = {}
        self._partials: dict[str, Text] = {}
        self._figures: str | None = None
        self._cards: dict[str | None, str] = {}
        """Suggestions that are of use now: two at most."""
        self._latency: TranscriptFinal | None = None
        self._finals = 0
        self._state = "warming up"
        self._live = Live(
            console=self._console,
            get_renderable=self._render,
            refresh_per_second=REFRESH_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def follow(self, conversation: Conversation) -> None:
        """Takes levels and counters from ``conversation``."""
        self._conversation = conversation

    def show(self, event: Event) -> None:
        """Takes one event into the view."""
        match event:
            case SessionStarted():
                self._state = "listening"
                self._channels = event.channels
                self._bars = {channel: LevelBar() for channel in event.channels}
                source = event.source.rpartition("/")[2]
                models = f"{event.engine}, voice activity on {event.vad_device}"
                line = f"{event.session} · {source} · {models}"
                self._console.print(Text(printable(line), style="dim"))
            case TranscriptPartial():
                self._partials[event.channel] = _partial(event)
            case TranscriptFinal():
                self._partials.pop(event.channel, None)
                self._latency = event
                self._finals += 1
                if event.text:
                    self._console.print(_caption(event))
            case CoachSuggestion():
                self._cards.pop(event.replaces, None)
                self._cards[event.suggestion] = printable(event.text)
                self._console.print(_advice(event))
            case CoachWithdrawn():
                self._cards.pop(event.suggestion, None)
            case CoachMetrics():
                self._figures = at_a_glance(event)
            case EngineAlert():
                style = {"info": "dim", "warning": "yellow", "error": "bold red"}[event.severity]
                self._console.print(Text(printable(event.message), style=style))
                self._state = _STATES.get(event.code, self._state)
            case SessionEnded():
                self._state = "ended"

    def _render(self) -> RenderableType:
        now = time.monotonic()
        meters = Table.grid(padding=(0, 1))
        meters.add_column()
        meters.add_column()
        meters.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        conversation = self._conversation
        levels = conversation.levels() if conversation is not None and self._channels else {}
        for channel in self._channels:
            peak, rms = levels.get(channel, (0.0, 0.0))
            meters.add_row(
                Text(channel, style=_style(channel)),
                self._bars[channel].render(rms, peak, now),
                self._partials.get(channel, Text()),
            )
        advice = [Text(f"  ▶ {text}", style="bold yellow") for text in list(self._cards.values())]
        figures = [Text(self._figures, style="dim")] if self._figures else []
        return Group(Text(), meters, *advice, *figures, self._status())

    def _status(self) -> Text:
        line = Text(style="dim")
        if self._conversation is None or not self._channels:
            return line.append(self._state)
        _, lost, xruns = self._conversation.frames()
        line.append(f"{self._state} {clock(self._conversation.position())}")
        line.append(f" · {self._finals} utterances")
        if self._latency is not None:
            line.append(
                f" · text after {self._latency.latency_ms:.0f} ms"
                f" (engine {self._latency.engine_ms:.0f} ms)"
            )
        line.append(" · ")
        line.append(f"lost {lost}", style="bold red" if lost else "green")
        line.append(" · ")
        line.append(f"xruns {xruns}", style="bold red" if xruns else "green")
        return line.append(" · Ctrl-C ends")

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.__exit__(kind, error, trace)


def _row(time: str, channel: str, text: Text) -> RenderableType:
    """Time and channel in columns of their own, so that a long text wraps beside them."""
    row = Table.grid(padding=(0, 1, 0, 0))
    row.add_column(width=6, justify="right", style="dim")
    row.add_column(width=5, justify="right", style=f"bold {_style(channel)}")
    row.add_column()
    row.add_row(time, channel, text)
    return row


def _partial(event: TranscriptPartial) -> Text:
    """What will stay as it is, then, dim, what may change."""
    text = Text(printable(event.text[: event.stable]), style="italic")
    return text.append(printable(event.text[event.stable :]), style="dim")


def _caption(final: TranscriptFinal) -> RenderableType:
    return _row(clock(final.start), final.channel, Text(printable(final.text)))


def _advice(suggestion: CoachSuggestion) -> RenderableType:
    text = Text("▶ ", style="yellow")
    text.append(printable(suggestion.text))
    text.append(f"  {', '.join(suggestion.sources)}", style="dim")
    return _row("", "", text)
