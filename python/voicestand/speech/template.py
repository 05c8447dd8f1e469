"""The workers' template: ``python -m voicestand.speech.template``, elsewhere called a zygote.

It loads the engine's model once and forks a worker for whoever asks, so that all of them share the
model's memory and the next one is there within milliseconds. It hears nothing itself: what it forks
is always the engine as it was made.
"""

from __future__ import annotations

import argparse
import gc
import os
import socket
from pathlib import Path
from typing import NamedTuple

import msgspec

from voicestand.cpu.child_process import die_with, rename, settle
from voicestand.speech import worker
from voicestand.speech.forking import fork_sibling
from voicestand.speech.messages import Fork, Forked, Loaded
from voicestand.speech.worker import NICENESS, load, work

DESCRIPTORS = 3
"""That come with a request: the worker's socket, its log, and where its standard error goes."""

NAME = "vs-template"


class Order(NamedTuple):
    """What a new worker was made for."""

    partial_interval: float
    descriptors: list[int]


def threads() -> int:
    """Of this process, the engine's own included."""
    return len(list(Path("/proc/self/task").iterdir()))


def orders(connection: socket.socket) -> Order | None:
    """Forks a worker for each request; returns in it, and with None once the parent hung up."""
    while True:
        request, descriptors, _, _ = socket.recv_fds(connection, 1 << 10, DESCRIPTORS)
        if not request:
            return None
        wanted = msgspec.msgpack.decode(request, type=Fork)
        pid = fork_sibling()
        if pid == 0:
            return Order(wanted.partial_interval, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        connection.send(msgspec.msgpack.encode(Forked(pid)))


def main() -> None:
    """Entry point. The command line is made in ``template_process``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", required=True)
    parser.add_argument("--socket", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    options = parser.parse_args()
    settle(options.parent, NAME, NICENESS)
    engine = load(options.engine)
    # The collector would write to every object it looks at, and each write is a page of one's own.
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=options.socket) as connection:
        connection.send(msgspec.msgpack.encode(Loaded(threads())))
        order = orders(connection)
    if order is None:
        return
    os.setsid()
    die_with(options.parent)
    rename(worker.NAME)
    to_parent, log, stderr = order.descriptors
    os.dup2(stderr, 2)
    os.close(stderr)
    work(lambda: engine, to_parent, log, order.partial_interval)


if __name__ == "__main__":
    main()
