"""Real-time scheduling from rtkit, the service that grants it to ordinary users of a desktop.

rtkit demands that the process limits the computing time of its real-time threads first, and checks
it. It is asked over the system's D-Bus, by any thread but the one that must keep time.
"""

from __future__ import annotations

import os
import threading

from voicestand import _native

_NAME = "org.freedesktop.RealtimeKit1"
_PATH = "/org/freedesktop/RealtimeKit1"

_SECONDS = 2.0
"""For an answer; rtkit is started on demand."""

_PATIENCE = 5.0
"""Seconds for all of it."""

_REALTIME = (os.SCHED_FIFO, os.SCHED_RR)


def promote(thread: int, priority: int) -> str | None:
    """Has rtkit make ``thread`` of this process (a kernel identifier) a real-time one.

    ``priority``: lowered to the highest that rtkit grants. Returns ``None`` once the kernel
    schedules it so, else in one line why it does not. Never raises; waits at most some seconds.
    """
    outcome: list[str | None] = []

    def attempt() -> None:
        try:
            outcome.append(_promote(thread, priority))
        except Exception as error:  # a bus that is none may answer anything
            outcome.append(f"{type(error).__name__}: {error}")

    # A bus that takes connections and says nothing would hold up the greeting for ever.
    asking = threading.Thread(target=attempt, name="rtkit", daemon=True)
    asking.start()
    asking.join(_PATIENCE)
    return outcome[0] if outcome else f"no answer within {_PATIENCE:g} s"


def _promote(thread: int, priority: int) -> str | None:
    from jeepney import DBusAddress, MessageType, Properties, new_method_call
    from jeepney.io.blocking import open_dbus_connection

    service = DBusAddress(_PATH, bus_name=_NAME, interface=_NAME)
    with open_dbus_connection("SYSTEM", auth_timeout=_SECONDS) as bus:
        highest = Properties(service).get("MaxRealtimePriority")
        reply = bus.send_and_get_reply(highest, timeout=_SECONDS)
        if reply.header.message_type is MessageType.error:
            return _why(reply.body)
        _, most = reply.body[0]
        # Only now: the limit cannot be taken back, so it is not set where no rtkit answers.
        _native.guard_realtime(thread)
        call = new_method_call(
            service,
            "MakeThreadRealtimeWithPID",
            "ttu",
            (os.getpid(), thread, max(1, min(priority, int(most)))),
        )
        reply = bus.send_and_get_reply(call, timeout=_SECONDS)
    if reply.header.message_type is MessageType.error:
        return _why(reply.body)
    policy = os.sched_getscheduler(thread) & ~os.SCHED_RESET_ON_FORK
    return None if policy in _REALTIME else "rtkit agreed, but the kernel does not schedule it so"


def _why(body: tuple[object, ...]) -> str:
    return " ".join(str(body[0] if body else "rtkit refused").split())
