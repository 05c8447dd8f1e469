"""``voicestand coach``: what the coach would have said in a conversation; and playbooks checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicestand.cli.printing import print_json, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from voicestand.coach import Coach, Playbook
    from voicestand.coach.rehearsal import Advice
    from voicestand.coach.verdicts import Verdict
    from voicestand.config import Settings
    from voicestand.events import ChannelMetrics, TranscriptFinal

CHECK = "check"
"""The word that, in place of FILE, checks a playbook. A file of that name is ``./check``."""


def coach(
    file: Annotated[
        str,
        typer.Argument(
            help="A transcript (json, jsonl, srt, vtt, txt) or a recording; or the word check.",
            show_default=False,
        ),
    ],
    checked: Annotated[
        str | None,
        typer.Argument(
            metavar="[PLAYBOOK]",
            help="After check: the playbook to look for mistakes in.",
            show_default=False,
        ),
    ] = None,
    playbook: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="A playbook that comes with VoiceStand, or a TOML file.",
            show_default="coach.playbook",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Coach the conversation in FILE: the suggestions at their moments, the stages, the checklist,
    then the metrics. Or check PLAYBOOK: what it has, and what may be a mistake.
    """
    from voicestand import config
    from voicestand.coach.playbook import find
    from voicestand.errors import InputError

    if checked is not None and file != CHECK:
        raise InputError(f"{checked!r} is one argument too many: give one FILE")
    settings = config.load(overrides={"coach.playbook": checked or playbook})
    # The playbook first: a mistake in it must not show after minutes of transcription.
    chosen = find(settings.coach.playbook)
    if file == CHECK:
        _check(chosen, as_json)
    else:
        _rehearse(Path(file), chosen, settings, as_json)


def _check(playbook: Playbook, as_json: bool) -> None:
    from voicestand.coach.playbook_warnings import warnings

    found = warnings(playbook)
    counts = {
        "triggers": len(playbook.triggers),
        "phrases": sum(len(trigger.phrases) for trigger in playbook.triggers),
        "patterns": sum(len(trigger.patterns) for trigger in playbook.triggers),
        "stages": len(playbook.stages),
        "checks": len(playbook.checks),
        "cards": len(playbook.cards),
    }
    if as_json:
        print_json({"playbook": playbook.name, **counts, "warnings": found})
        return
    typer.echo(printable(f"{playbook.name}: {playbook.description}".rstrip(": ")))
    typer.echo(", ".join(f"{count} {name}" for name, count in counts.items()))
    for line in found:
        typer.echo(printable(f"warning: {line}"))


def _rehearse(file: Path, chosen: Playbook, settings: Settings, as_json: bool) -> None:
    from voicestand.coach import Coach
    from voicestand.coach.rehearsal import rehearse
    from voicestand.coach.verdicts import judge

    adviser = Coach(chosen, channels=[])
    suggestions = []
    stages: list[dict[str, object]] = []
    for one in rehearse(adviser, _staged(_finals(file, settings), adviser, stages, as_json)):
        suggestions.append(one)
        if not as_json:
            for line in _moment(one):
                typer.echo(printable(line))
    verdicts = judge(adviser.metrics(), adviser.call(), chosen.thresholds)
    if as_json:
        document = {
            "file": str(file),
            "playbook": chosen.name,
            "suggestions": suggestions,
            "stages": stages,
            "checklist": [
                {"id": item.id, "title": item.title, "utterance": item.utterance, "t": item.t}
                for item in adviser.checklist
            ],
            "metrics": adviser.metrics(),
            "call": adviser.call(),
            "verdicts": verdicts,
        }
        print_json(document)
        return
    count = len(suggestions)
    typer.echo(f"{count} {'suggestion' if count == 1 else 'suggestions'} from {chosen.name}\n")
    for line in (
        *_checklist(adviser),
        *_table(adviser.metrics()),
        "",
        *_conduct(adviser, verdicts),
    ):
        typer.echo(printable(line))


def _staged(
    finals: Iterable[TranscriptFinal],
    adviser: Coach,
    stages: list[dict[str, object]],
    as_json: bool,
) -> Iterator[TranscriptFinal]:
    """The same finals; notes, and shows, where the stage changes."""
    for final in finals:
        yield final
        state = adviser.stage
        if state is None or (stages and stages[-1]["stage"] == state.stage):
            continue
        stages.append(
            {"t": final.end, "stage": state.stage, "confidence": round(state.confidence, 3)}
        )
        if not as_json:
            typer.echo(
                printable(f"{_clock(final.end):>8}  == {state.stage} ({state.confidence:.0%})")
            )


def _finals(file: Path, settings: Settings) -> Iterable[TranscriptFinal]:
    from voicestand.coach import transcript

    if transcript.is_transcript(file):
        return transcript.read(file)

    return _heard(file, settings)


def _heard(file: Path, settings: Settings) -> Iterator[TranscriptFinal]:
    """The finals of a recording, as they come."""
    from voicestand.cli.progress import ProgressBar
    from voicestand.events import TranscriptFinal
    from voicestand.session import transcribe_file

    with ProgressBar(file.name) as bar:
        for event in transcribe_file(file, settings, progress=bar.advance):
            if isinstance(event, TranscriptFinal):
                yield event


def _moment(advice: Advice) -> Iterator[str]:
    yield f"{_clock(advice.t):>8}  {advice.channel}: {advice.said}"
    yield f"{'':>8}  > {advice.text}"
    if advice.card is not None:
        for line in advice.card.lines:
            yield f"{'':>8}    - {line}"
    yield f"{'':>8}    {', '.join(advice.sources)}"


def _checklist(adviser: Coach) -> Iterator[str]:
    for item in adviser.checklist:
        mark, when = ("x", f" ({_clock(item.t)})") if item.t is not None else (" ", "")
        yield f"[{mark}] {item.title}{when}"
    if adviser.checklist:
        yield ""


def _table(metrics: dict[str, ChannelMetrics]) -> Iterator[str]:
    width = max(len("CHANNEL"), *map(len, metrics)) if metrics else 0
    yield (
        f"{'CHANNEL':<{width}}  {'TALK':>8}  {'SHARE':>5}  {'WORDS':>6}  {'WORDS/MIN':>9}  "
        f"{'MONOLOGUE':>9}  {'QUESTIONS':>9}  {'FILLERS':>7}"
    )
    for channel, spoken in metrics.items():
        yield (
            f"{channel:<{width}}  {spoken.talk_seconds:>6.1f} s  {spoken.talk_ratio:>5.0%}  "
            f"{spoken.words:>6}  {spoken.words_per_minute:>9.0f}  "
            f"{spoken.longest_monologue:>7.1f} s  {spoken.questions:>9}  {spoken.fillers:>7}"
        )


def _conduct(adviser: Coach, verdicts: list[Verdict]) -> Iterator[str]:
    from voicestand.cli.call_view import beyond, manners, together

    yield from manners(adviser.metrics())
    yield ""
    yield together(adviser.call())
    yield from beyond(verdicts)


def _clock(seconds: float) -> str:
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(int(minutes), 60)
    return f"{hours}:{minute:02}:{second:02.0f}" if hours else f"{minute}:{second:04.1f}"
