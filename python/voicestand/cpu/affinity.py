"""Where a thread may run."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable

from voicestand.cpu.placement import written


def pin(cpus: Iterable[int], thread: int = 0) -> set[int]:
    """Lets ``thread`` run on ``cpus`` only; returns where it may run now.

    ``thread``: a kernel identifier (``threading.get_native_id()``); 0 is the calling thread. What
    it starts later inherits it. CPUs that do not exist, or that are not this process's, are left
    out.

    Raises ``ValueError`` if none is left, ``PermissionError`` where the system allows no pinning or
    the thread is another user's, ``ProcessLookupError`` if there is no such thread. The thread may
    then run where it could before.
    """
    wanted = set(cpus)
    try:
        os.sched_setaffinity(thread, wanted)
        return os.sched_getaffinity(thread)
    except (OverflowError, ValueError):
        raise ValueError(f"CPUs {sorted(wanted)}: numbers of CPUs begin at 0") from None
    except OSError as error:
        where = f"thread {thread}" if thread else "this thread"
        names = written(wanted)
        if error.errno == errno.EINVAL:
            raise ValueError(
                f"CPUs {names}: none of them exists and is allowed to this process; it may use "
                f"{written(os.sched_getaffinity(os.getpid()))}"
            ) from None
        if error.errno in {errno.EPERM, errno.EACCES, errno.ENOSYS}:
            raise PermissionError(
                error.errno, f"{where} may not be pinned to CPUs {names}: the system refuses it"
            ) from None
        if error.errno == errno.ESRCH:
            raise ProcessLookupError(error.errno, f"there is no {where}") from None
        raise
