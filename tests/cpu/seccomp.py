"""A sandbox in which scheduling system calls are refused, as in some containers."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

AVAILABLE = platform.machine() == "x86_64"

_NUMBERS = {"setpriority": 141, "sched_setscheduler": 144, "sched_setaffinity": 203}

_LOAD_NUMBER, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ERRNO, _ALLOW = 0x00050000, 0x7FFF0000
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _FILTER_MODE = 22, 38, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def refuse(*calls: str, answer: int = errno.EPERM) -> None:
    """Has the kernel answer these calls of this process's later threads with ``answer``."""
    code = [(_LOAD_NUMBER, 0, 0, 0)]
    for index, call in enumerate(calls):
        code.append((_IF_EQUAL, len(calls) - index, 0, _NUMBERS[call]))
    code += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ERRNO | answer)]
    instructions = b"".join(struct.pack("HBBI", *one) for one in code)
    program = _Program(len(code), instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_PR_SET_SECCOMP, _FILTER_MODE, ctypes.byref(program), 0, 0),
    ):
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "seccomp cannot be set up")
