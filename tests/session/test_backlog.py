"""Recognition that falls behind is told, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from voicestand.session.backlog import BacklogWatch

if TYPE_CHECKING:
    from voicestand.speech.recognizer import Recognizer


class Slow:
    def __init__(self) -> None:
        self.seconds = 0.0

    def lag(self) -> float:
        return self.seconds


def test_lag_is_told_once_and_its_end_once() -> None:
    told: list[str] = []
    slow, quick = Slow(), Slow()
    watch = BacklogWatch(
        [cast("Recognizer", slow), cast("Recognizer", quick)], lambda *alert: told.append(alert[1])
    )
    for slow.seconds in (0.5, 4.0, 6.0, 20.0, 4.0, 6.0, 0.5, 0.2):
        watch.look()
    assert told == ["recognizer.behind", "recognizer.caught-up"]
    slow.seconds = 7.0
    watch.look()
    assert told[2:] == ["recognizer.behind"]
