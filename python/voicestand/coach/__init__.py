"""Conversation metrics, playbooks and the suggestions that come of them. See docs/coaching.md."""

from __future__ import annotations

from voicestand.coach.coach import Coach, Suggestion
from voicestand.coach.metrics import ConversationMetrics
from voicestand.coach.playbook import Playbook

__all__ = ["Coach", "ConversationMetrics", "Playbook", "Suggestion"]
