"""``voicestand vad``: where the speech is in a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def vad(
    file: Annotated[Path, typer.Argument(help="Any audio or video file.", show_default=False)],
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
    from voicestand.vad.segments import detect
    from voicestand.vad.silero import SileroVad
    from voicestand.vad.windows import HOP, SAMPLE_RATE

    recording = load(file, settings.audio)
    mono = recording.samples.mean(axis=0, dtype="float32")
    # Of a whole recording the CPU computes a minute in 40 ms: nothing that an NPU is needed for.
    device = "CPU" if settings.vad.device == "auto" else settings.vad.device
    segments, probabilities = detect(SileroVad(device), mono, settings.vad)

    if as_json:
        import msgspec

        document: dict[str, object] = {
            "sample_rate": SAMPLE_RATE,
            "segments": [
                {"start": round(one.start_s, 3), "end": round(one.end_s, 3)} for one in segments
            ],
        }
        if frames:
            document["hop"] = HOP
            document["probabilities"] = [round(p, 6) for p in probabilities.tolist()]
        typer.echo(msgspec.json.encode(document))
        return
    typer.echo(f"{'start':>10} {'end':>10} {'seconds':>10}")
    for one in segments:
        typer.echo(f"{one.start_s:10.3f} {one.end_s:10.3f} {one.end_s - one.start_s:10.3f}")
    speech = sum(one.end_s - one.start_s for one in segments)
    share = speech / recording.duration if recording.duration else 0.0
    typer.echo(f"{speech:.3f} s of speech in {recording.duration:.3f} s ({share:.0%})")
    if frames:
        typer.echo(f"\n{'window at':>10} {'probability':>12}")
        for k, probability in enumerate(probabilities):
            typer.echo(f"{k * HOP / SAMPLE_RATE:10.3f} {probability:12.6f}")
