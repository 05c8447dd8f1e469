"""What a person speaks into: an input device, or whichever is the default one at the moment."""

from __future__ import annotations

import os
import time

from voicestand.audio.device import DeviceSource
from voicestand.audio.following import Follower
from voicestand.audio.jack_stream import JackStream
from voicestand.audio.opening import Stream, Wanted
from voicestand.audio.sound_server import CONNECTS_WITHIN, can_be_asked, default_source, recorded_by
from voicestand.config import AudioSettings
from voicestand.errors import DeviceError

_LOOK_EVERY = 0.1
"""Seconds."""


class Microphone(DeviceSource):
    """An input device. One through which the sound server gives its default source follows it.

    Servers move a stream to the new default source by themselves, or do not; what lies between is
    told by none. So the stream is opened anew, and the time between is on the clock and in the
    books like that of a device that was away. A source that ``PULSE_SOURCE`` names is left alone.
    """

    def __init__(self, name: str, settings: AudioSettings, *, channels: int = 2) -> None:
        """Opens the device that ``name`` means (``""``: the default one), not yet started.

        Raises as ``DeviceSource`` does.
        """
        self._default: str | None = None
        """The default source by the server's name, where it is what is heard."""
        self._follower = Follower(self._go_where_the_default_is)
        self._may_follow = "PULSE_SOURCE" not in os.environ
        super().__init__(name, settings, channels=channels)

    def start(self) -> None:
        """Lets audio flow. Raises ``DeviceError`` if the device refuses."""
        super().start()
        if self._may_follow and can_be_asked():
            self._follower.start()

    def close(self) -> None:
        """Stops and closes it. Safe to repeat."""
        super().close()
        self._follower.close()

    def _open(self, wanted: Wanted, jack: JackStream | None = None) -> Stream:
        self._may_follow &= not wanted.device.is_jack
        if self._default is not None:
            self._default = default_source()
        return super()._open(wanted, jack)

    def _go_where_the_default_is(self) -> bool:
        """Opens the device anew where the default source is another one; whether it is followed."""
        if not self.settled():
            return False
        try:
            if self._default is None:
                return self._hears_the_default()
            if (now := default_source()) != self._default:
                self.reopen(f"the default input is another one: hearing {now}")
        except DeviceError:
            pass  # the server has ended: the keeper sees that, too
        return self._default is not None

    def _hears_the_default(self) -> bool:
        """Whether the server gives this process its default source, once the stream is there."""
        deadline = time.monotonic() + CONNECTS_WITHIN
        while (now := default_source()) not in recorded_by(os.getpid()):
            if self.away:  # paused: to be seen when it is resumed
                return True
            if time.monotonic() > deadline or self._ended.wait(_LOOK_EVERY):
                return False
        self._default = now
        return True
