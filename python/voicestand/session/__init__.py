"""One conversation: wires the rooms together and tells what happens in events."""

from __future__ import annotations

from voicestand.session.conversation import Conversation
from voicestand.session.transcription import transcribe_file

__all__ = ["Conversation", "transcribe_file"]
