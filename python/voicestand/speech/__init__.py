"""Recognizers behind one protocol, in supervised worker processes.

A channel's :class:`~voicestand.speech.recognizer.Recognizer` takes all of its audio and the
utterances in it, and gives every utterance's transcript exactly once, in order, whatever happens to
the process that recognizes. Inside that process runs an engine that implements
:class:`~voicestand.speech.protocol.RecognizerEngine`; ``registry`` knows which there are.

How it works::

    listener ── write ──► audio_log (shared memory) ────────────┐
        │ begin, end                                            ▼
        └──► pending ◄──► supervisor ◄── messages, socket ──► worker ──► engine
                               └── worker_process: make, watch, bury
                                        ▲
    template_process ── socket ──► template: loads the model, forks workers

``registry`` finds the engine and the model that the settings mean; ``models`` keeps the models.

Names are loaded on first use: neither numpy nor a model is needed to import this room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicestand.lazy import names_of

if TYPE_CHECKING:
    from voicestand.speech.protocol import RecognizedWord, RecognizerEngine, Transcript
    from voicestand.speech.recognizer import FinalResult, PartialResult, Recognizer
    from voicestand.speech.registry import EMBEDDED_CODE, embedded_notice, engines, resolve

__all__ = [
    "EMBEDDED_CODE",
    "FinalResult",
    "PartialResult",
    "RecognizedWord",
    "Recognizer",
    "RecognizerEngine",
    "Transcript",
    "embedded_notice",
    "engines",
    "resolve",
]

_MODULES = {
    "EMBEDDED_CODE": "registry",
    "FinalResult": "recognizer",
    "PartialResult": "recognizer",
    "RecognizedWord": "protocol",
    "Recognizer": "recognizer",
    "RecognizerEngine": "protocol",
    "Transcript": "protocol",
    "embedded_notice": "registry",
    "engines": "registry",
    "resolve": "registry",
}

__getattr__ = names_of(__name__, _MODULES)
