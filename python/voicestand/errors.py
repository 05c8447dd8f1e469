"""The errors a user can meet, named after what can be done about them."""

from __future__ import annotations


class VoicestandError(Exception):
    """Something failed; the message is one line: what was wrong, with which value, what to do.

    The command line prints the message and exits with ``exit_code``.
    """

    exit_code = 1


class InputError(VoicestandError):
    """What the user gave cannot be used: a file, a name, an option, a setting."""

    exit_code = 2


class DeviceError(VoicestandError):
    """No audio device can be opened on this machine as it is."""


class StorageError(VoicestandError):
    """The journal cannot be written or read: full disk, read-only folder, damaged file."""


class EngineUnavailableError(VoicestandError):
    """A recognizer or an inference device that was asked for is not there."""


class ModelError(VoicestandError):
    """A model cannot be had, or not be used: no network, no room, wrong bytes, a damaged folder."""
