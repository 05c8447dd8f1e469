"""``voicestand transcribe``: recordings to text."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from voicestand.config import Settings
    from voicestand.events import TranscriptFinal


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
    from voicestand.errors import VoicestandError
    from voicestand.journal.export import FORMATS, from_final
    from voicestand.journal.private_file import make_folder, save
    from voicestand.session.recovery import recover_waiting

    settings = config.load(config_file)
    _check_names(files, format, output)
    if output is not None:
        make_folder(output)
    for file in files:  # a bad one is told before hours of work, not after
        check(file)
    troubles = []
    for file in files:
        finals, speakers = _finals(file, settings)
        if failed := [final for final in finals if final.failed is not None]:
            troubles.append(f"{len(failed)} of {len(finals)} utterances of {file}")
        utterances = [from_final(final) for final in finals if final.text]
        text = FORMATS[format](utterances, speakers=speakers)
        if output is None:
            typer.echo(text, nl=False)
        else:
            save(text, output / f"{file.stem}.{format}")
    recover_waiting(settings, print_alert)
    if troubles:
        raise VoicestandError(f"without all their words: {', '.join(troubles)}; see above why")


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


def _finals(file: Path, settings: Settings) -> tuple[list[TranscriptFinal], bool]:
    """The utterances of ``file`` in the order of their start; whether there are two speakers.

    Raises ``EngineUnavailableError`` at the first one for which no recognizer could be started:
    hours of the rest would be without words too.
    """
    from voicestand.cli.printing import print_alert
    from voicestand.cli.progress import ProgressBar
    from voicestand.errors import EngineUnavailableError
    from voicestand.events import EngineAlert, SessionStarted, TranscriptFinal
    from voicestand.session.transcription import transcribe_file

    found: list[TranscriptFinal] = []
    speakers = False
    with (
        ProgressBar(file.name) as bar,
        closing(transcribe_file(file, settings, progress=bar.advance)) as events,
    ):
        for event in events:
            match event:
                case SessionStarted():
                    speakers = len(event.channels) > 1
                case TranscriptFinal(failed="unavailable"):
                    raise EngineUnavailableError(f"{file} is not transcribed: no recognizer starts")
                case TranscriptFinal():
                    found.append(event)
                case EngineAlert(severity="warning" | "error"):
                    print_alert(event.severity, event.code, event.message)
    found.sort(key=lambda final: final.start)
    return found, speakers
