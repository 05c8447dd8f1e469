"""``voicestand knowledge``: the documents that the coach may quote."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicestand.cli.printing import print_error, print_json, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from voicestand.knowledge.adding import Added
    from voicestand.knowledge.embedding import Embedder
    from voicestand.knowledge.knowledge import Passage

knowledge = typer.Typer(
    help="Add, list, search or remove the documents that the coach may quote.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@knowledge.command()
def add(
    targets: Annotated[
        list[Path],
        typer.Argument(
            metavar="DIR|FILE|-...",
            help="Markdown, text, HTML, PDF, DOCX; - is standard input.",
            show_default=False,
        ),
    ],
    name: Annotated[
        str, typer.Option(metavar="NAME", help="What standard input is listed as.")
    ] = "standard input",
    as_json: AsJson = False,
) -> None:
    """Add documents, or bring them up to date: only what has changed is read anew."""
    from voicestand.cli import exit_code
    from voicestand.knowledge import adding

    paths = [target for target in targets if str(target) != "-"]
    embedder = _embedder()
    report = adding.add(paths, _folder(), embedder=embedder) if paths else adding.Added()
    if len(paths) < len(targets):
        report.merge(adding.add_text(name, _standard_input(), _folder(), embedder))
    if as_json:
        print_json(report)
    else:
        typer.echo(_summary(report))
    for one in report.refused:
        print_error(printable(f"{one.path} {one.reason}"))
    if report.without_vectors:
        print_error(f"{report.without_vectors}; the documents are there, found by their words")
        raise typer.Exit(exit_code.FAILED)
    if report.refused:
        useful = report.added or report.replaced or report.unchanged
        raise typer.Exit(exit_code.FAILED if useful else exit_code.USAGE)


@knowledge.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the documents."""
    from voicestand.knowledge.listing import documents

    found = documents(_folder())
    if as_json:
        print_json(found)
        return
    if not found:
        typer.echo("No documents yet: voicestand knowledge add DIR adds those of a folder.")
    for one in found:
        typer.echo(printable(f"{one.passages:>7} passages  {one.format:<8}  {one.path}"))


@knowledge.command()
def search(
    words: Annotated[
        list[str],
        typer.Argument(metavar="TEXT...", help="A question, or words.", show_default=False),
    ],
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Find the passages that have most to do with TEXT."""
    from voicestand.knowledge import Knowledge

    with Knowledge.open(_folder(), _embedder()) as opened:
        found = opened.search(" ".join(words), limit)
    if as_json:
        print_json(found)
        return
    if not found:
        typer.echo("Nothing found.", err=True)
    for passage in found:
        for line in _page(passage):
            typer.echo(printable(line))


@knowledge.command()
def remove(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DIR|FILE|NAME...",
            help="As in `knowledge list`; a folder with all that is in it.",
            show_default=False,
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Remove all documents.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove documents from the knowledge; the files stay where they are."""
    from voicestand.errors import InputError
    from voicestand.knowledge import adding

    if bool(names) == everything:
        raise InputError("give the documents to remove, or --all")
    count = adding.remove(names or [], _folder(), everything=everything)
    if as_json:
        print_json({"removed": count})
    else:
        typer.echo(f"{count} {'document' if count == 1 else 'documents'} removed")


def _folder() -> Path | None:
    from voicestand.config import load

    configured = load().knowledge.folder
    return Path(configured) if configured else None


def _embedder() -> Embedder | None:
    from voicestand.config import load
    from voicestand.knowledge.embedding import configured

    return configured(load().knowledge)


def _standard_input() -> bytes:
    from voicestand.errors import InputError
    from voicestand.knowledge.documents.finding import MOST_BYTES

    data = sys.stdin.buffer.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise InputError(f"standard input has more than {MOST_BYTES >> 20} MB: split it")
    return data


def _summary(report: Added) -> str:
    counts = {
        "added": len(report.added),
        "replaced": len(report.replaced),
        "removed": len(report.removed),
        "unchanged": report.unchanged,
    }
    told = [f"{count} {what}" for what, count in counts.items() if count]
    return ", ".join(told) or "no documents found"


def _page(passage: Passage) -> Iterator[str]:
    place = str(passage.place)
    yield f"{passage.source}{f' ({place})' if place else ''}"
    for line in passage.text.splitlines():
        yield f"    {line}"
    yield ""
