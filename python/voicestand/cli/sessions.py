"""``voicestand sessions``: what the journal holds."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from voicestand.cli.printing import clock, print_json, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicestand.events import Severity, TranscriptFinal
    from voicestand.journal import SearchHit, SessionDetail, SessionRecord

sessions = typer.Typer(
    help="List, show, search, export or delete recorded sessions.",
    no_args_is_help=True,
    rich_markup_mode=None,
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
SessionIds = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ID...",
        help="Sessions by their ids, or their beginnings.",
        autocompletion=_complete_id,
        show_default=False,
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
    if not as_json:
        _tell_waiting(records)


@sessions.command()
def recover() -> None:
    """Transcribe what was being said when the program was killed."""
    from voicestand.cli import exit_code
    from voicestand.cli.printing import print_alert
    from voicestand.config import load
    from voicestand.session.recovery import recover_waiting

    told: list[str] = []

    def tell(severity: Severity, code: str, message: str) -> None:
        told.append(code)
        print_alert(severity, code, message)

    if not recover_waiting(load(), tell):
        raise typer.Exit(exit_code.FAILED)
    if not told:
        typer.echo("Nothing waits for its transcript.", err=True)


@sessions.command()
def show(identifier: SessionId, as_json: AsJson = False) -> None:
    """Show one session: who said what, the suggestions, the books."""
    from voicestand import journal

    detail = journal.session(identifier, _folder())
    _tell_waiting(journal.select([detail.id], _folder()))
    if as_json:
        print_json(detail)
        return
    for line in _page(detail):
        typer.echo(printable(line))


@sessions.command()
def search(
    words: Annotated[
        list[str],
        typer.Argument(metavar="QUERY...", help='Words, "a phrase", begin*.', show_default=False),
    ],
    as_json: AsJson = False,
    channel: Annotated[
        Literal["self", "other"] | None,
        typer.Option(help="Only what this one said.", show_default=False),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="Only what was said since 2026-11-20T21:00.", show_default=False
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
) -> None:
    """Find what was said, in all sessions: the best hits first."""
    from voicestand import journal
    from voicestand.journal import wall_time

    hits = journal.search(
        _query(words),
        _folder(),
        channel=channel,
        since=None if since is None else wall_time.asked(since),
        limit=limit,
    )
    if as_json:
        print_json(hits)
    elif not hits:
        typer.echo("Nothing found.", err=True)
    else:
        for line in _found(hits):
            typer.echo(line)


@sessions.command()
def export(
    identifiers: SessionIds = None,
    everything: Annotated[bool, typer.Option("--all", help="Every session.")] = False,
    format_: Annotated[
        Literal["txt", "srt", "vtt", "json", "md", "csv"],
        typer.Option("--format", help="What to write."),
    ] = "txt",
    output: Annotated[
        str | None,
        typer.Option(
            metavar="DIR|FILE",
            help="Where to write it: a folder gets ID.FORMAT for each. By default: stdout.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write what was said as text, subtitles, JSON, a document (md) or a table (csv)."""
    from voicestand import journal
    from voicestand.journal.document import write

    chosen = _chosen(identifiers, everything, None)
    _tell_waiting(chosen)
    details = [journal.session(record.id, _folder()) for record in chosen]
    text = write(details, format_, output)
    if text is not None:
        typer.echo(text, nl=False)


@sessions.command()
def delete(
    identifiers: SessionIds = None,
    everything: Annotated[bool, typer.Option("--all", help="Every session.")] = False,
    before: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="All that began before 2026-11-20.", show_default=False),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete sessions so that what was said cannot be read from the journal's files any more."""
    from voicestand import journal

    chosen = _chosen(identifiers, everything, before)
    if not chosen:
        journal.delete([], _folder())  # what a reader kept an earlier delete from
        typer.echo("Nothing to delete.", err=True)
        return
    if not yes:
        _confirm(chosen)
    journal.delete([record.id for record in chosen], _folder())
    typer.echo(f"Deleted {_count(chosen)}.", err=True)


def _chosen(
    identifiers: list[str] | None, everything: bool, before: str | None
) -> list[SessionRecord]:
    from voicestand import journal
    from voicestand.errors import InputError
    from voicestand.journal import wall_time

    if not identifiers and not everything and before is None:
        raise InputError("which sessions? give their ids, or --all")
    if identifiers and everything:
        raise InputError("give ids or --all, not both")
    limit = math.inf if before is None else wall_time.asked(before)
    return journal.select(identifiers or (), _folder(), before=limit)


def _tell_waiting(records: list[SessionRecord]) -> None:
    """Says what is missing in sessions whose program was killed."""
    waiting = sum(record.waiting for record in records if record.status != "running")
    if waiting:
        typer.echo(
            f"{waiting} utterance(s) of sessions that were killed wait for their transcript: the "
            "next voicestand run does it, or voicestand sessions recover.",
            err=True,
        )


def _confirm(chosen: list[SessionRecord]) -> None:
    """Raises ``InputError`` where nobody can be asked, ``typer.Exit`` if the answer is no."""
    from voicestand.cli import exit_code
    from voicestand.errors import InputError

    if not sys.stdin.isatty():
        raise InputError(f"{_count(chosen)} to delete and no terminal to ask on: give --yes")
    for line in _table(chosen):
        typer.echo(line, err=True)
    if not typer.confirm(f"Delete {_count(chosen)} for ever?", err=True):
        raise typer.Exit(exit_code.FAILED)


def _count(chosen: list[SessionRecord]) -> str:
    return f"{len(chosen)} session{'' if len(chosen) == 1 else 's'}"


def _query(words: list[str]) -> str:
    """As typed: the shell took the quotes off a phrase that it was given as one argument."""
    if len(words) == 1:
        return words[0]
    return " ".join(f'"{word}"' if " " in word and '"' not in word else word for word in words)


def _found(hits: list[SearchHit]) -> Iterator[str]:
    from voicestand.journal import wall_time
    from voicestand.journal.search import MARK

    width = max((len(hit.channel) for hit in hits), default=0)
    for hit in hits:
        snippet = printable(" ".join(hit.snippet.split()))
        if sys.stdout.isatty():
            parts = snippet.split(MARK)
            snippet = "".join(
                typer.style(part, bold=True) if place % 2 else part
                for place, part in enumerate(parts)
            )
        yield (
            printable(
                f"{hit.session}  {wall_time.local(hit.started_at):<16}  {clock(hit.start):>8}  "
                f"{hit.channel:<{width}}  "
            )
            + snippet
        )


def _folder() -> Path | None:
    from voicestand.config import load

    configured = load().journal.folder
    return Path(configured) if configured else None


def _table(records: list[SessionRecord]) -> Iterator[str]:
    from voicestand.journal import wall_time

    width = max(len("ID"), *(len(record.id) for record in records))
    yield f"{'ID':<{width}}  {'STARTED':<16}  {'LENGTH':>8}  {'UTTERANCES':>10}  STATUS"
    for record in records:
        yield printable(
            f"{record.id:<{width}}  {wall_time.local(record.started_at):<16}  "
            f"{clock(record.duration):>8}  {record.utterances:>10}  {record.status}"
        )


def _said(final: TranscriptFinal) -> str:
    words = [final.text] if final.text else []
    if final.failed:
        words.append("(not understood to its end")
        words[-1] += f": {final.audio})" if final.audio else ")"
    if final.recovered:
        words.append("(recovered)")
    return " ".join(words)


def _page(detail: SessionDetail) -> Iterator[str]:
    from voicestand.journal import wall_time

    started, ended = detail.started, detail.ended
    yield f"session  {detail.id}, {detail.status}"
    yield f"started  {wall_time.local(started.started_at)}"
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
        (final.start, f"{clock(final.start):>8}  {final.channel:<{width}}  {_said(final)}")
        for final in detail.utterances
        if final.text or final.failed
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
    if detail.channels:
        yield ""
    for channel, spoken in detail.channels.items():
        yield (
            f"{channel:<{width}}  {spoken.talk_ratio:.0%} of the talk, "
            f"{spoken.words_per_minute:.0f} words a minute, "
            f"longest monologue {clock(spoken.longest_monologue)}, "
            f"{spoken.questions} questions, {spoken.fillers} fillers"
        )
