"""What a language model is told of a conversation."""

from __future__ import annotations

import hashlib

import msgspec


class Turn(msgspec.Struct, frozen=True):
    """What one channel said."""

    channel: str
    text: str


class Passage(msgspec.Struct, frozen=True):
    """Of a document of the user's."""

    id: str
    """What an answer names it by."""
    source: str
    """What the user knows it by."""
    text: str


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a suggestion may rest on."""

    turns: tuple[Turn, ...]
    """The latest last."""
    stage: str = ""
    playbook: str = ""
    """What kind of conversation it is."""
    hint: str = ""
    """What the playbook suggests here."""
    summary: str = ""
    """Of what was said before ``turns``."""
    passages: tuple[Passage, ...] = ()


def fingerprint(context: Context) -> bytes:
    """Equal where the same answer would do: for the same last words in the same place.

    What else was said before does not count, or nothing would ever be asked twice.
    """
    last = context.turns[-1:]
    key = (
        [(turn.channel, turn.text.lower().split()) for turn in last],
        context.stage,
        context.playbook,
        context.hint,
        [(passage.source, passage.text) for passage in context.passages],
    )
    return hashlib.blake2b(msgspec.json.encode(key), digest_size=16).digest()
