"""``voicestand models``: the models of the recognizers that can be installed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicestand.cli.printing import print_json

if TYPE_CHECKING:
    from pathlib import Path

    from voicestand.speech.models.manifest import Model
    from voicestand.speech.models.pull import Origin

ROOMY = 100
"""Columns of a terminal from which on a model is described, too."""

models = typer.Typer(
    help="List, fetch or remove the models of recognizers.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _complete_known(incomplete: str) -> list[str]:
    from voicestand.speech.models import manifest

    return [model.name for model in manifest.models() if model.name.startswith(incomplete)]


def _complete_present(incomplete: str) -> list[str]:
    from voicestand.speech.models import store

    return [name for name in store.present() if name.startswith(incomplete)]


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@models.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the models that can be fetched, and those that are there."""
    from voicestand.speech.models import store

    rows = _rows()
    if as_json:
        print_json(rows)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, highlight=False)
    roomy = console.width >= ROOMY
    table = Table(box=box.SIMPLE)
    table.add_column("model", no_wrap=True)
    for heading in ("engine", "language", "licence"):
        table.add_column(heading, overflow="fold")
    table.add_column("MB", justify="right")
    table.add_column("state", overflow="fold")
    if roomy:
        table.add_column("what it is", overflow="fold")
    for row in rows:
        state = row["state"]
        if state == "partial":
            state = f"{min(99, 100 * row['arrived'] // max(1, row['size']))}% fetched"
        table.add_row(
            row["name"],
            row["engine"],
            row["language"],
            row["licence"],
            f"{row['size'] / 1e6:.0f}" if row["size"] else "",
            {"absent": "", "present": "there"}.get(state, state),
            *([row["summary"]] if roomy else []),
        )
    console.print(table)
    typer.echo(f"Kept in {store.folder()}; to fetch one: voicestand models pull NAME")


def _rows() -> list[dict[str, Any]]:
    from voicestand.speech.models import manifest, store

    present = store.present()
    rows = []
    for model in manifest.models():
        arrived = store.arrived(model.name)
        state = "present" if model.name in present else "partial" if arrived else "absent"
        row = {
            "name": model.name,
            "engine": model.engine,
            "language": model.language,
            "licence": model.licence,
            "summary": model.summary,
            "size": model.size,
            "checksums": model.checked,
            "url": model.url,
            "state": state,
            "arrived": arrived,
        }
        rows.append(row | _where(model.name, state))
    known = {model.name for model in manifest.models()}
    for name in present:
        if name not in known:
            blank = dict.fromkeys(("language", "licence", "summary", "url"), "")
            rows.append(
                {"name": name, "engine": "", **blank, "size": 0, "checksums": False}
                | {"state": "present", "arrived": 0, **_where(name, "present")}
            )
    return rows


def _where(name: str, state: str) -> dict[str, Any]:
    from voicestand.speech.models import store

    if state != "present":
        return {"path": None, "checked": None}
    receipt = store.receipt(name)
    return {"path": str(store.path_of(name)), "checked": bool(receipt and receipt.checked)}


@models.command()
def pull(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME…", help="As in `models list`.", autocompletion=_complete_known
        ),
    ],
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="DIR|URL",
            help="Take the files from here instead: a mirror, or another machine's models.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch models; what an interrupted pull left is continued."""
    from voicestand.speech.models import manifest
    from voicestand.speech.models.pull import Origin

    wanted = [manifest.find(name) for name in names]
    origin = Origin.parse(source)
    pulled = [(model, _pull(model, origin)) for model in wanted]
    if as_json:
        print_json([{"name": model.name, "path": str(path)} for model, path in pulled])
        return
    for model, path in pulled:
        typer.echo(f"{model.name}  {path}")


def _pull(model: Model, origin: Origin) -> Path:
    from voicestand.speech.models.pull import pull as pull_model

    if not model.checked:
        _say(f"no checksums are published for {model.name}: its files are taken as they come")
    with _Bar(model) as bar:
        path = pull_model(model, origin, bar.advance)
    from voicestand.speech.registry import missing_package

    if advice := missing_package(model.engine):
        _say(f"{model.name} is there; its engine is not: {advice}")
    return path


def _say(message: str) -> None:
    print(f"voicestand: {message}", file=sys.stderr)


class _Bar:
    """How far a pull is, on stderr if that is a terminal."""

    def __init__(self, model: Model) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._progress.add_task(model.name, total=model.size)

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def advance(self, there: int, total: int) -> None:
        """Shows how far it is."""
        self._progress.update(self._task, completed=there, total=max(there, total))


@models.command()
def remove(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME…", help="As in `models list`.", autocompletion=_complete_present
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Remove models, and what has arrived of them."""
    from voicestand.errors import InputError
    from voicestand.speech.models import store

    for name in names:
        if "/" in name or name.startswith("."):
            raise InputError(f"{name!r} is not the name of a model")
        store.require(name)  # or none is removed
    freed = {name: store.remove(name) for name in dict.fromkeys(names)}
    if as_json:
        print_json([{"name": name, "freed": size} for name, size in freed.items()])
        return
    for name, size in freed.items():
        typer.echo(f"{name}: removed, {size / 1e6:.1f} MB")
