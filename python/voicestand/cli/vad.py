"""``voicestand vad``: where the speech is in a recording."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from voicestand.vad.endpointer import Endpoint

Document = dict[str, Any]


def vad(
    file: Annotated[Path, typer.Argument(help="Any audio or video file.", show_default=False)],
    live: Annotated[
        bool, typer.Option("--live", help="As a live channel would find it, without foresight.")
    ] = False,
    frames: Annotated[
        bool, typer.Option("--frames", help="Also the probability of every window of 32 ms.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    device: Annotated[
        str | None,
        typer.Option(help="Inference device: auto, NPU, GPU or CPU.", show_default="vad.device"),
    ] = None,
) -> None:
    """Print the spans of speech in FILE, in seconds. Channels are mixed into one."""
    from voicestand import config

    settings = config.load(overrides={"vad.device": device})

    from voicestand.audio import load
    from voicestand.vad.live import utterances
    from voicestand.vad.segments import detect
    from voicestand.vad.silero import SileroVad
    from voicestand.vad.windows import HOP, SAMPLE_RATE

    recording = load(file, settings.audio)
    mono = recording.samples.mean(axis=0, dtype="float32")
    # Of a whole recording the CPU computes a minute in 40 ms: nothing that an NPU is needed for.
    device = "CPU" if settings.vad.device == "auto" else settings.vad.device
    model = SileroVad(device)

    document: Document = {"sample_rate": SAMPLE_RATE}
    if live:
        found = utterances(model, mono, settings.vad)
        document["segments"] = [_span(s.start, s.end) for one, _ in found for s in one.segments]
        document["utterances"] = [_utterance(one, told) for one, told in found]
        probabilities = model.probabilities(mono) if frames else None
    else:
        segments, probabilities = detect(model, mono, settings.vad)
        document["segments"] = [
            _span(one.start_s * SAMPLE_RATE, one.end_s * SAMPLE_RATE) for one in segments
        ]
    if frames and probabilities is not None:
        document["hop"] = HOP
        document["probabilities"] = [round(p, 6) for p in probabilities.tolist()]

    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(document))
    else:
        _print(document, recording.duration)


def _span(start: float, end: float) -> dict[str, float]:
    """In seconds."""
    from voicestand.vad.windows import SAMPLE_RATE

    return {"start": round(start / SAMPLE_RATE, 3), "end": round(end / SAMPLE_RATE, 3)}


def _utterance(one: Endpoint, told: int) -> Document:
    from voicestand.vad.windows import SAMPLE_RATE

    return {
        **_span(one.start, one.end),
        "reason": one.reason,
        "told": round(told / SAMPLE_RATE, 3),
    }


def _print(document: Document, duration: float) -> None:
    segments = document["segments"]
    typer.echo(f"{'start':>10} {'end':>10} {'seconds':>10}")
    for one in segments:
        typer.echo(f"{one['start']:10.3f} {one['end']:10.3f} {one['end'] - one['start']:10.3f}")
    speech = sum(one["end"] - one["start"] for one in segments)
    share = speech / duration if duration else 0.0
    typer.echo(f"{speech:.3f} s of speech in {duration:.3f} s ({share:.0%})")
    if "utterances" in document:
        typer.echo(f"\n{'utterance':>10} {'end':>10} {'told':>10}")
        for one in document["utterances"]:
            typer.echo(f"{one['start']:10.3f} {one['end']:10.3f} {one['told']:10.3f}")
    if "probabilities" in document:
        from voicestand.vad.windows import HOP, SAMPLE_RATE

        typer.echo(f"\n{'window at':>10} {'probability':>12}")
        for k, probability in enumerate(document["probabilities"]):
            typer.echo(f"{k * HOP / SAMPLE_RATE:10.3f} {probability:12.6f}")
