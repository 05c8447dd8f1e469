"""An accelerator seen from the engine: asked for each window, and left when it does not answer."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from voicestand.vad.accelerator_process import ANSWER, Started, request, take

if TYPE_CHECKING:
    from voicestand.vad.inference import Inference

START_SECONDS = 60.0
"""Longest time until an accelerator has computed its first window: an NPU compiles for seconds."""

ANSWER_SECONDS = 0.25
"""Longest time it may take for a window of 32 ms; usual is a millisecond. Less than the rings hold
by far, so nothing is lost meanwhile."""

_MESSAGE = 4096


class Accelerator:
    """A process that computes voice activity on ``device``, until it fails once.

    ``ready`` is called, in a thread of its own, when it computes; ``lost`` once, with the reason,
    in whatever thread found out that it does not, or not any more.
    """

    def __init__(
        self, device: str, ready: Callable[[Started], None], lost: Callable[[str], None]
    ) -> None:
        self._device = device
        self._ready = ready
        self._lost = lost
        self._lock = threading.Lock()
        """Of the socket: streams of several threads share the process."""
        self._computes = False
        self._over = False
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-P", "-m", "voicestand.vad.accelerator_process"]
        command += ["--device", device, "--socket", str(theirs.fileno())]
        command += ["--parent", str(os.getpid())]
        with theirs:
            # The kernel kills it when the thread that made it ends: that of the session.
            self._process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def computes(self) -> bool:
        """Whether it is asked for the next window."""
        return self._computes

    def start(self) -> None:
        """Waits in a thread of its own for its first word; returns at once."""
        threading.Thread(target=self.wait, name="accelerator-start", daemon=True).start()

    def wait(self) -> str | None:
        """Waits until it computes; returns why it does not, if it does not."""
        self._socket.settimeout(START_SECONDS)
        try:
            said = msgspec.json.decode(self._socket.recv(_MESSAGE), type=Started)
        except TimeoutError:
            said = Started(error=f"it was not ready after {START_SECONDS:g} s")
        except (OSError, msgspec.MsgspecError):
            said = Started(error="its process ended")
        with self._lock:
            if not said.error and not self._over:
                self._socket.settimeout(ANSWER_SECONDS)
                self._computes = True
        if said.error:
            self._give_up(said.error)
            return said.error
        if self._computes:
            self._ready(said)
        return None

    def compute(self, inference: Inference) -> bool:
        """Computes on the accelerator; False if it does not, and ``inference`` is as it was."""
        if not self._computes:
            return False
        with self._lock:
            reason = self._ask(inference) if self._computes else None
            if reason is None:
                return self._computes
            self._computes = False
        self._give_up(reason)
        return False

    def _ask(self, inference: Inference) -> str | None:
        """Why there is no answer, or None."""
        try:
            self._socket.send(request(inference))
            answer = self._socket.recv(ANSWER + 1)
        except TimeoutError:
            return f"it said nothing for {ANSWER_SECONDS:g} s"
        except OSError as error:
            return f"its process ended ({error.strerror})"
        if not answer:
            return "its process ended"
        return None if take(inference, answer) else "it gave an answer that cannot be right"

    def _give_up(self, reason: str) -> None:
        if self._end():
            self._lost(reason)

    def close(self) -> None:
        """Ends the process; nobody is told. A second call does nothing."""
        self._end()

    def _end(self) -> bool:
        with self._lock:
            if self._over:
                return False
            self._over = True
            self._computes = False
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits for it
            self._socket.close()
            self._process.kill()
        # A process inside a driver that hangs ends when the driver lets go of it: not waited for.
        threading.Thread(target=self._process.wait, name="accelerator-end", daemon=True).start()
        return True
