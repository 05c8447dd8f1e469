"""A stand-in for rtkit on the bus in DBUS_SYSTEM_BUS_ADDRESS: ``python stand_in_rtkit.py MODE``.

It checks what the real one checks of a request (the priority, and that the process has limited the
computing time of its real-time threads), and grants it for real. ``MODE``: ``grant``, ``refuse``,
``agree`` (and do nothing), ``silent`` (no answer to the request), ``strange`` (answers that make no
sense).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from jeepney import HeaderFields, Message, MessageType, new_error, new_method_return
from jeepney.bus_messages import DBus
from jeepney.io.blocking import open_dbus_connection

NAME = "org.freedesktop.RealtimeKit1"
HIGHEST = 20
LONGEST = 200_000


def soft_limit(pid: int) -> int | None:
    for line in Path(f"/proc/{pid}/limits").read_text().splitlines():
        if line.startswith("Max realtime timeout"):
            soft = line.removeprefix("Max realtime timeout").split()[0]
            return None if soft == "unlimited" else int(soft)
    return None


def denial(text: str, request: Message) -> Message:
    return new_error(request, "org.freedesktop.DBus.Error.AccessDenied", "s", (text,))


def make_realtime(request: Message, mode: str) -> Message:
    pid, thread, priority = request.body
    if not Path(f"/proc/{pid}/task/{thread}").exists():
        return denial(f"{thread} is no thread of {pid}", request)
    if priority > HIGHEST:
        return denial(f"priority {priority}", request)
    limit = soft_limit(pid)
    if limit is None or limit > LONGEST:
        return denial(f"RLIMIT_RTTIME is {limit}", request)
    if mode == "refuse":
        return denial("not today", request)
    if mode == "grant":
        policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(thread, policy, os.sched_param(priority))
    return new_method_return(request)


def answer(request: Message, mode: str) -> Message | None:
    member = request.header.fields[HeaderFields.member]
    if mode == "strange":
        return new_method_return(request, "as", (["what", "is", "this"],))
    if member == "Get" and request.body[1] == "MaxRealtimePriority":
        return new_method_return(request, "v", (("i", HIGHEST),))
    if member == "MakeThreadRealtimeWithPID":
        return None if mode == "silent" else make_realtime(request, mode)
    return new_error(request, "org.freedesktop.DBus.Error.UnknownMethod", "s", (str(member),))


def main(mode: str) -> None:
    with open_dbus_connection("SYSTEM") as bus:
        bus.send_and_get_reply(DBus().RequestName(NAME))
        print("ready", flush=True)
        while True:
            request = bus.receive()
            if request.header.message_type is MessageType.method_call:
                reply = answer(request, mode)
                if reply is not None:
                    bus.send(reply)


if __name__ == "__main__":
    main(sys.argv[1])
