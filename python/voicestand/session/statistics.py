"""What a conversation measures of itself, taken in a thread that the audio never waits for."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from voicestand.events import (
    EngineStats,
    Loudness,
    Quantiles,
    RoutingStats,
    SourceStats,
    ThreadUsage,
)
from voicestand.session.usage import UsageMeter

if TYPE_CHECKING:
    from voicestand._native import HistogramSummary, LoudnessDict
    from voicestand.audio.source import Source
    from voicestand.session.conversation import Conversation
    from voicestand.session.listener import Books
    from voicestand.speech.recognizer import Recognizer

EVENT_SECONDS = 10.0
"""Between two ``engine.stats`` events."""
SHOWN_SECONDS = 1.0
"""Between two snapshots for whoever looks from outside."""


def source_stats(source: Source, books: Books) -> SourceStats | None:
    """What the engine of ``source`` says; ``None`` once it is closed."""
    try:
        stats, levels = source.engine.stats(), source.engine.loudness()
    except ValueError:
        return None
    return SourceStats(
        name=source.name,
        channels=source.roles,
        frames_captured=books.captured,
        frames_delivered=books.delivered,
        frames_lost=books.lost,
        xruns=books.overflows,
        waiting_blocks=stats["waiting_blocks"],
        longest_gap_ms=round(1e3 * stats["longest_gap"], 6),
        histograms={name: _quantiles(seen) for name, seen in stats["histograms"].items()},
        threads={name: ThreadUsage(**times) for name, times in stats["threads"].items()},
        loudness={role: _loudness(level) for role, level in zip(source.roles, levels, strict=True)},
    )


def _loudness(level: LoudnessDict) -> Loudness:
    peak = level["peak_hold"]
    return Loudness(
        momentary_lufs=_audible(level["momentary"]),
        short_term_lufs=_audible(level["short_term"]),
        integrated_lufs=_audible(level["integrated"]),
        range_lu=round(level["range"], 1),
        peak_dbfs=_audible(20 * math.log10(peak)) if peak > 0 else None,
    )


def _audible(decibels: float) -> float | None:
    return round(decibels, 1) if math.isfinite(decibels) else None


def _quantiles(seen: HistogramSummary) -> Quantiles:
    scale = 1e3 if seen["unit"] == "s" else 1.0
    return Quantiles(
        unit="ms" if seen["unit"] == "s" else "blocks",
        count=seen["count"],
        p50=round(scale * seen["p50"], 6),
        p99=round(scale * seen["p99"], 6),
        p999=round(scale * seen["p999"], 6),
        mean=round(scale * seen["mean"], 6),
        max=round(scale * seen["max"], 6),
        saturated=seen["saturated"],
    )


def routing(recognizers: Mapping[str, Recognizer]) -> dict[str, RoutingStats]:
    """By channel, of those that ask providers elsewhere."""
    found = {role: one.routing() for role, one in list(recognizers.items())}
    return {role: stats for role, stats in found.items() if stats is not None}


class Observer:
    """Takes the statistics of a conversation every second, in a thread of its own."""

    def __init__(
        self,
        conversation: Conversation,
        tell: Callable[[EngineStats], None],
        publish: Callable[[EngineStats], None] | None,
    ) -> None:
        """``tell`` gets one every ten seconds; ``publish``, if any, one every second."""
        self._conversation = conversation
        self._tell = tell
        self._publish = publish
        # Each has a meter of its own, so that its percentages are of its own interval.
        self._told, self._shown = UsageMeter(), UsageMeter()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="observer", daemon=True)

    def start(self) -> None:
        """Begins with a first snapshot for whoever looks from outside."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread. Safe to repeat."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def finish(self) -> EngineStats:
        """Ends the thread; returns the last statistics."""
        self.close()
        last = self._conversation.statistics(self._told)
        if self._publish is not None:
            self._publish(last)
        return last

    def _run(self) -> None:
        period = EVENT_SECONDS if self._publish is None else SHOWN_SECONDS
        waited = 0.0
        while True:
            if self._publish is not None:
                self._publish(self._conversation.statistics(self._shown))
            if self._ended.wait(period):
                return
            waited += period
            if waited >= EVENT_SECONDS:
                waited = 0.0
                self._tell(self._conversation.statistics(self._told))


def own_processes(
    workers: dict[str, int | None], template: int | None, accelerator: int | None = None
) -> dict[str, int]:
    """Name → process id: this one, the recognizer of each channel, what they are forked from, and
    what computes on an accelerator. Without those that are not there.
    """
    found = {"engine": os.getpid(), "recognizers' template": template, "accelerator": accelerator}
    found |= {f"recognizer {role}": pid for role, pid in workers.items()}
    return {name: pid for name, pid in found.items() if pid is not None}
