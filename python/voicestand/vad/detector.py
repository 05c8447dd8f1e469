"""Voice activity of a live session: on an accelerator while that works, else on the CPU."""

from __future__ import annotations

from collections.abc import Callable

from voicestand.errors import EngineUnavailableError
from voicestand.events import Severity
from voicestand.vad import devices
from voicestand.vad.accelerator import Accelerator
from voicestand.vad.accelerator_process import Started
from voicestand.vad.silero import SileroStream, SileroVad


class Detector:
    """The detector of all channels of a session.

    ``wanted``: ``CPU``; the name of another device, which must work when the session begins; or
    ``auto``: the CPU, and the NPU, if there is one, as soon as it is ready. An accelerator that
    fails is left for the CPU within ``accelerator.ANSWER_SECONDS`` and not tried again, without a
    window being lost. ``tell(severity, code, message)``, from any thread: ``vad.moved``,
    ``vad.fell-back``.

    Raises ``EngineUnavailableError`` when the named device, or the model, is not there or does not
    work.
    """

    def __init__(self, wanted: str, tell: Callable[[Severity, str, str], None]) -> None:
        self._tell = tell
        self._named = wanted.lower() != "auto"
        self._device = wanted.upper() if self._named else "NPU"
        self._begun = False
        self._accelerator: Accelerator | None = None
        if self._device != "CPU" and (self._named or devices.may_have_npu()):
            self._accelerator = Accelerator(self._device, self._moved, self._fell_back)
        try:
            self._cpu = SileroVad("CPU")
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        if self._accelerator is not None and not self._named:
            self._accelerator.start()
        elif self._accelerator is not None and (reason := self._accelerator.wait()) is not None:
            raise EngineUnavailableError(reason)
        self._begun = True

    @property
    def device(self) -> str:
        """The device that computes now: ``CPU``, ``NPU``, …"""
        return self._device if self._accelerator and self._accelerator.computes else "CPU"

    @property
    def accelerator_pid(self) -> int | None:
        """Of the process that computes, if it is not this one."""
        return self._accelerator.pid if self._accelerator else None

    def stream(self) -> SileroStream:
        """A new stream with a state of its own: one per channel."""
        accelerator = self._accelerator
        return self._cpu.stream(accelerator.compute if accelerator else None)

    def close(self) -> None:
        """Ends the accelerator's process; streams go on on the CPU."""
        if self._accelerator is not None:
            self._accelerator.close()

    def _moved(self, started: Started) -> None:
        if not self._named:
            self._tell(
                "info",
                "vad.moved",
                f"the {started.device} computes voice activity from now on (ready after "
                f"{started.seconds:.1f} s)",
            )

    def _fell_back(self, reason: str) -> None:
        if self._named and not self._begun:
            return  # an error, and nobody falls back
        self._tell(
            "warning",
            "vad.fell-back",
            f"the {self._device} does not compute voice activity: {reason}; the CPU does from now "
            f"on",
        )
