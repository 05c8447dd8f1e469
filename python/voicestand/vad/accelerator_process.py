"""The process that computes on an accelerator: ``python -m voicestand.vad.accelerator_process``.

The driver of an accelerator may hang or crash, so it is loaded here and nowhere else. The process
remembers nothing: a request has the audio of a window and the state of the network before it, the
answer has the probability and the state after it, so whoever asked can go on without an answer.
"""

from __future__ import annotations

import argparse
import socket
import time

import msgspec
import numpy as np

from voicestand.cpu.child_process import settle
from voicestand.errors import VoicestandError
from voicestand.vad.inference import Inference
from voicestand.vad.network import STATE, WINDOW

NAME = "vs-accelerator"

REQUEST = 4 * (WINDOW + 2 * STATE)
"""Bytes: audio float32[576], state float32[2, 128]."""

ANSWER = 4 * (1 + 2 * STATE)
"""Bytes: probability float32, next state float32[2, 128]."""


class Started(msgspec.Struct, frozen=True):
    """What the process says first."""

    device: str = ""
    """That computes; empty if none does."""
    seconds: float = 0.0
    """Until it had computed the first window."""
    error: str = ""
    """Why none does."""


def request(inference: Inference) -> bytes:
    """The request for what ``inference`` is to compute."""
    return inference.audio.tobytes() + inference.state.tobytes()


def take(inference: Inference, answer: bytes) -> bool:
    """Puts an answer into ``inference``; False if it cannot be one, and nothing was put there."""
    if len(answer) != ANSWER:
        return False
    values = np.frombuffer(answer, np.float32)
    # A probability that is not a number is what audio that is not finite gives: no fault.
    if not (0.0 <= values[0] <= 1.0 or np.isnan(values[0])):
        return False
    inference.probability[0, 0] = values[0]
    inference.next_state[:] = values[1:].reshape(2, STATE)
    return True


def serve(connection: socket.socket, inference: Inference) -> None:
    """Answers requests until the parent hangs up."""
    while len(data := connection.recv(REQUEST + 1)) == REQUEST:
        values = np.frombuffer(data, np.float32)
        inference.audio[0] = values[:WINDOW]
        inference.state[:] = values[WINDOW:].reshape(2, STATE)
        inference.run()
        connection.send(inference.probability.tobytes() + inference.next_state.tobytes())


def main() -> None:
    """Entry point. The command line is made in ``accelerator``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", required=True)
    parser.add_argument("--socket", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    options = parser.parse_args()
    settle(options.parent, NAME)
    began = time.monotonic()
    with socket.socket(fileno=options.socket) as connection:
        try:
            from voicestand.vad.silero import SileroVad

            vad = SileroVad(options.device)
            inference = vad.inference()
        except VoicestandError as error:
            connection.send(msgspec.json.encode(Started(error=str(error))))
            return
        seconds = time.monotonic() - began
        connection.send(msgspec.json.encode(Started(device=vad.device, seconds=seconds)))
        serve(connection, inference)


if __name__ == "__main__":
    main()
