"""Voice activity: how probable speech is, where an utterance begins and where it ends.

``silero`` computes the probability of speech per window of 512 samples at 16 kHz, ``live`` and
``endpointer`` find the utterances of a live channel, ``segments`` the spans of speech in a whole
recording. Names are loaded on first use: numpy and OpenVINO are not needed to
import this room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestand.lazy import names_of

if TYPE_CHECKING:
    from voicestand.vad.endpointer import Endpoint, Endpointer, Onset
    from voicestand.vad.live import LiveVad
    from voicestand.vad.segments import Segment, speech_segments
    from voicestand.vad.silero import SileroStream, SileroVad

__all__ = [
    "Endpoint",
    "Endpointer",
    "LiveVad",
    "Onset",
    "Segment",
    "SileroStream",
    "SileroVad",
    "speech_segments",
]

_MODULES = {
    "Endpoint": "endpointer",
    "Endpointer": "endpointer",
    "LiveVad": "live",
    "Onset": "endpointer",
    "Segment": "segments",
    "SileroStream": "silero",
    "SileroVad": "silero",
    "speech_segments": "segments",
}

__getattr__ = names_of(__name__, _MODULES)
