"""``voicestand sessions``: what the journal holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from voicestand.cli.printing import clock, print_json, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicestand.journal import SessionDetail, SessionRecord

sessions = typer.Typer(
    help="List, show or export recorded sessions.", no_args_is_help=True, rich_markup_mode=None
)


def _complete_id(incomplete: str) -> list[str]:
    """Ids for the shell, which must never see an error in the middle of a command line."""
    from voicestand.errors import VoicestandError
    from voicestand.journal import session_ids

    try:
        return [known for known in session_ids(_folder()) if known.startswith(incomplete)]
    except VoicestandError:
        return []


SessionId = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="The session's id, or its beginning.", autocompletion=_complete_id
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@sessions.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the recorded sessions, the latest first."""
    from voicestand import journal

    records = journal.sessions(_folder())
    if as_json:
        print_json(records)
    elif not records:
        typer.echo("No sessions yet: voicestand run records one.")
    else:
        for line in _table(records):
            typer.echo(line)


@sessions.command()
def show(identifier: SessionId, as_json: AsJson = False) -> None:
    """Show one session: who said what, the suggestions, the books."""
    from voicestand import journal

    detail = journal.session(identifier, _folder())
    if as_json:
        print_json(detail)
        return
    for line in _page(detail):
        typer.echo(printable(line))


@sessions.command()
def export(
    identifier: SessionId,
    format_: Annotated[
        Literal["txt", "srt", "vtt", "json"], typer.Option("--format", help="What to write.")
    ] = "txt",
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to write it. By default: standard output."),
    ] = None,
) -> None:
    """Write what was said in one session as text, subtitles or JSON."""
    from voicestand import journal
    from voicestand.journal.export import FORMATS, from_final, save

    detail = journal.session(identifier, _folder())
    text = FORMATS[format_](
        [from_final(final) for final in detail.utterances],
        speakers=len(detail.started.channels) > 1,
    )
    if output is None:
        typer.echo(text, nl=False)
    else:
        save(text, output)


def _folder() -> Path | None:
    from voicestand.config import load

    configured = load().journal.folder
    return Path(configured) if configured else None


def _table(records: list[SessionRecord]) -> Iterator[str]:
    width = max(len("ID"), *(len(record.id) for record in records))
    yield f"{'ID':<{width}}  {'STARTED':<16}  {'LENGTH':>8}  {'UTTERANCES':>10}  STATUS"
    for record in records:
        yield printable(
            f"{record.id:<{width}}  {_local(record.started_at):<16}  "
            f"{clock(record.duration):>8}  {record.utterances:>10}  {record.status}"
        )


def _page(detail: SessionDetail) -> Iterator[str]:
    started, ended = detail.started, detail.ended
    yield f"session  {detail.id}, {detail.status}"
    yield f"started  {_local(started.started_at)}"
    yield f"source   {started.source}, {started.sample_rate} Hz, {' and '.join(started.channels)}"
    yield f"engine   {started.engine}, voice activity on {started.vad_device}"
    if ended is not None:
        yield (
            f"audio    {clock(ended.duration)}, {ended.frames_captured} frames captured, "
            f"{ended.frames_lost} lost, {ended.xruns} xruns"
        )
    width = max(map(len, started.channels), default=0)
    begin = {final.utterance: final.start for final in detail.utterances}
    lines = [
        (final.start, f"{clock(final.start):>8}  {final.channel:<{width}}  {final.text}")
        for final in detail.utterances
        if final.text
    ]
    lines += [
        (begin.get(advice.utterance, advice.t), f"{'':>8}  {'':<{width}}  > {advice.text}")
        for advice in detail.suggestions
    ]
    lines += [
        (alert.t, f"{clock(alert.t):>8}  {alert.severity}: {alert.message}")
        for alert in detail.alerts
    ]
    if lines:
        yield ""
    # A stable sort: a suggestion keeps its place after the utterance that caused it.
    for _, line in sorted(lines, key=lambda timed: timed[0]):
        yield line
    metrics = ended.channels if ended else detail.metrics.channels if detail.metrics else {}
    if metrics:
        yield ""
    for channel, spoken in metrics.items():
        yield (
            f"{channel:<{width}}  {spoken.talk_ratio:.0%} of the talk, "
            f"{spoken.words_per_minute:.0f} words a minute, "
            f"longest monologue {clock(spoken.longest_monologue)}, "
            f"{spoken.questions} questions, {spoken.fillers} fillers"
        )


def _local(started_at: str) -> str:
    from datetime import datetime

    try:
        return f"{datetime.fromisoformat(started_at).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return started_at
