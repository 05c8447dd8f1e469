"""The end of a session, for a person."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from voicestand.cli.call_view import together
from voicestand.cli.printing import clock
from voicestand.cli.routing_view import providers
from voicestand.events import SessionEnded


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def summary(ended: SessionEnded) -> RenderableType:
    """Counters and, per channel, how it spoke."""
    head = Text()
    head.append("session ended", style="bold")
    head.append(f" ({ended.reason}) after {clock(ended.duration)}: ")
    head.append(f"{_count(ended.utterances, 'utterance')}, ")
    head.append(_count(ended.suggestions, "suggestion"))
    books = Text()
    style = "bold red" if ended.frames_lost or ended.xruns else "green"
    books.append(f"frames captured {ended.frames_captured:,}, delivered ")
    books.append(f"{ended.frames_delivered:,}, ")
    books.append(f"lost {ended.frames_lost:,}", style=style)
    books.append(f", xruns {ended.xruns}")
    if ended.frames_missing:
        books.append(f", {ended.frames_missing:,} the device never gave", style="yellow")
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    table.add_column("channel")
    for name in ("talk", "share", "words", "words/min", "monologue", "questions", "fillers"):
        table.add_column(name, justify="right")
    for channel, spoken in ended.channels.items():
        table.add_row(
            channel,
            clock(spoken.talk_seconds),
            f"{spoken.talk_ratio:.0%}",
            str(spoken.words),
            f"{spoken.words_per_minute:.0f}",
            f"{spoken.longest_monologue:.0f} s",
            str(spoken.questions),
            str(spoken.fillers),
        )
    call = [Text(together(ended.call), style="dim")] if ended.call else []
    again = Text(f"voicestand sessions show {ended.session}", style="dim")
    elsewhere = [providers(ended.routing)] if ended.routing else []
    return Group(head, books, table, *call, *elsewhere, again)
