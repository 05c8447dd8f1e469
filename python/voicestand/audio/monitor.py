"""What this machine plays, as a source: the monitor of the default sink, whichever that is."""

from __future__ import annotations

import os
import time

from voicestand.audio.device import DeviceSource
from voicestand.audio.devices import find_input
from voicestand.audio.following import Follower
from voicestand.audio.jack_stream import JackStream
from voicestand.audio.opening import Stream, Wanted
from voicestand.audio.sound_server import CONNECTS_WITHIN, default_sink, recorded_by, sources
from voicestand.audio.source import OTHER
from voicestand.config import AudioSettings
from voicestand.errors import DeviceError, InputError

_PULSE = "ALSA:pulse"
"""The device through which PortAudio reaches the sound server."""


def monitor_name() -> str:
    """The monitor of the default sink, as the sound server names it.

    Raises ``DeviceError`` where there is no PulseAudio or PipeWire server to ask.
    """
    sink = default_sink()
    monitor = f"{sink}.monitor"
    # PortAudio opens whatever source the server falls back to for an unknown name, and that is the
    # microphone: so the name must be one of a source that exists.
    if not sink or monitor not in sources().values():
        raise DeviceError(f"the default output {sink!r} has no monitor: nothing to hear of it")
    return monitor


class MonitorSource(DeviceSource):
    """The far end of the conversation, role ``other``; it follows the default sink.

    It goes through ALSA's ``pulse`` device, for PortAudio lists no monitors.
    """

    def __init__(self, settings: AudioSettings) -> None:
        """Opens the monitor. Raises ``DeviceError`` if there is none."""
        self._monitor = ""
        self._follower = Follower(self._go_where_it_plays)
        try:
            super().__init__(_PULSE, settings, role=OTHER, find=self._find_monitor)
        except InputError:
            raise DeviceError(
                "system audio needs ALSA's pulse device: sudo apt install libasound2-plugins"
            ) from None

    def start(self) -> None:
        """Lets audio flow. Raises ``DeviceError`` if what flows is not what the machine plays."""
        super().start()
        self._check()
        self._follower.start()

    def close(self) -> None:
        """Stops and closes it. Safe to repeat."""
        super().close()
        self._follower.close()

    def _find_monitor(self) -> Wanted:
        name = monitor_name()
        return Wanted(device=find_input(_PULSE), pulse_source=name)

    def _open(self, wanted: Wanted, jack: JackStream | None = None) -> Stream:
        stream = super()._open(wanted, jack)
        self._monitor = wanted.pulse_source or ""
        return stream

    def _check(self) -> None:
        """Raises ``DeviceError`` unless the server says that this process records the monitor."""
        deadline = time.monotonic() + CONNECTS_WITHIN
        while self._monitor not in (found := recorded_by(os.getpid())) and not self.away:
            if (now := monitor_name()) in found:
                self._monitor = now  # the output was changed meanwhile, and the server moved us
                return
            if time.monotonic() > deadline:
                heard = ", ".join(sorted(found)) or "nothing"
                raise DeviceError(
                    f"the sound server lets {heard} be recorded, not {self._monitor}, which is "
                    "what this machine plays: system audio would be something else"
                )
            time.sleep(0.05)

    def _go_where_it_plays(self) -> bool:
        """Opens the monitor anew when the default sink is another one, or the stream was moved."""
        if self.settled():
            try:
                # In this order: where both change meanwhile, it is the name that is the later one.
                heard = recorded_by(os.getpid())
                if (wanted := monitor_name()) != self._monitor or wanted not in heard:
                    self.reopen(f"this machine plays to another output: hearing {wanted}")
            except DeviceError:
                pass  # the server has ended: the keeper sees that, too
        return True


def open_monitor(settings: AudioSettings) -> DeviceSource:
    """The monitor of the default sink, not yet started; raises ``DeviceError`` if there is none."""
    return MonitorSource(settings)
