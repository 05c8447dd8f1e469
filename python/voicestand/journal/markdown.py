"""A session as a document to read and to keep (CommonMark)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from voicestand.journal import wall_time
from voicestand.journal.export import one_line
from voicestand.journal.reader import SessionDetail

_SPECIAL = re.compile(r"([\\`*_\[\]<>&#|~$])")


def to_markdown(details: Iterable[SessionDetail]) -> str:
    """A header, who spoke how much, and what was said and advised, each with its time."""
    return "\n---\n\n".join("".join(_document(detail)) for detail in details)


def _document(detail: SessionDetail) -> Iterator[str]:
    started = detail.started
    yield f"# Call of {_escaped(wall_time.local(started.started_at))}\n\n"
    yield f"- Session: {_escaped(detail.id)}, {detail.status}\n"
    yield f"- Source: {_escaped(started.source)}\n"
    yield f"- Recognizer: {_escaped(started.engine)}\n"
    if detail.ended is not None:
        yield f"- Length: {_clock(detail.ended.duration)}\n"
    yield f"- Speakers: {_escaped(', '.join(started.channels))}\n\n"
    yield from _talk(detail)
    yield "## Transcript\n"
    paragraphs = sorted(_paragraphs(detail), key=lambda timed: timed[0])
    yield "".join(text for _, text in paragraphs) or "\nNothing was said.\n"


def _talk(detail: SessionDetail) -> Iterator[str]:
    if not detail.channels:
        return
    yield "| speaker | talk | words a minute | longest monologue | questions | fillers |\n"
    yield "|---|---|---|---|---|---|\n"
    for channel, spoken in detail.channels.items():
        yield (
            f"| {_escaped(channel)} | {spoken.talk_ratio:.0%} | {spoken.words_per_minute:.0f} "
            f"| {_clock(spoken.longest_monologue)} | {spoken.questions} | {spoken.fillers} |\n"
        )
    yield "\n"


def _paragraphs(detail: SessionDetail) -> Iterator[tuple[float, str]]:
    """Each with its time; a suggestion has that of the utterance it answers, and follows it."""
    for final in detail.utterances:
        if text := _escaped(final.text):
            yield final.start, f"\n**{_escaped(final.channel)}** ({_clock(final.start)}): {text}\n"
    begin = {final.utterance: final.start for final in detail.utterances}
    for advice in detail.suggestions:
        text = f"\n> *Suggestion:* {_escaped(advice.text)}\n"
        yield begin.get(advice.utterance, advice.t), text
    for alert in detail.alerts:
        text = f"\n*{alert.severity} ({_clock(alert.t)}):* {_escaped(alert.message)}\n"
        yield alert.t, text


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}"


def _escaped(text: str) -> str:
    """On one line and literally; no line begins with it, so that lists and headings cannot."""
    return _SPECIAL.sub(r"\\\1", one_line(text))
