"""``voicestand transcribe``: recordings to text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from voicestand.config import Settings
    from voicestand.journal.export import Utterance


def transcribe(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Audio or video files.", show_default=False),
    ],
    format: Annotated[
        Literal["txt", "srt", "vtt", "json"], typer.Option(help="What to write.")
    ] = "txt",
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write DIR/NAME.FORMAT for each file instead of stdout.",
            show_default=False,
        ),
    ] = None,
    config_file: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Settings file.", show_default=False),
    ] = None,
) -> None:
    """Transcribe each FILE. Two channels are two speakers, self and other."""
    from voicestand import config
    from voicestand.audio.decoding import check
    from voicestand.cli.printing import print_alert
    from voicestand.journal.export import FORMATS
    from voicestand.journal.private_file import make_folder, save
    from voicestand.session.recovery import recover_waiting

    settings = config.load(config_file)
    _check_names(files, format, output)
    if output is not None:
        make_folder(output)
    for file in files:  # a bad one is told before hours of work, not after
        check(file)
    for file in files:
        utterances, speakers = _utterances(file, settings)
        text = FORMATS[format](utterances, speakers=speakers)
        if output is None:
            typer.echo(text, nl=False)
        else:
            save(text, output / f"{file.stem}.{format}")
    recover_waiting(settings, print_alert)


def _check_names(files: list[Path], format_: str, output: Path | None) -> None:
    """Refuses what would lose or spoil some of the results."""
    from voicestand.errors import InputError

    if output is None and len(files) > 1 and format_ != "txt":
        raise InputError(f"several {format_} documents do not fit in one stream: give --output DIR")
    if output is not None:
        names = [file.stem for file in files]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InputError(f"two files would both be written to {output / twice}.{format_}")


def _utterances(file: Path, settings: Settings) -> tuple[list[Utterance], bool]:
    """The utterances of ``file`` in the order of their start; whether there are two speakers."""
    from voicestand.cli.printing import print_alert
    from voicestand.cli.progress import ProgressBar
    from voicestand.events import EngineAlert, SessionStarted, TranscriptFinal
    from voicestand.journal.export import from_final
    from voicestand.session.transcription import transcribe_file

    found: list[TranscriptFinal] = []
    speakers = False
    with ProgressBar(file.name) as bar:
        for event in transcribe_file(file, settings, progress=bar.advance):
            match event:
                case SessionStarted():
                    speakers = len(event.channels) > 1
                case TranscriptFinal():
                    found.append(event)
                case EngineAlert(severity="warning" | "error"):
                    print_alert(event.severity, event.code, event.message)
    found.sort(key=lambda final: final.start)
    return [from_final(final) for final in found if final.text], speakers
