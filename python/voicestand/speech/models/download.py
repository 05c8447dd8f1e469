"""One file over HTTP: resumed where it stopped, bounded, and never stalled for long.

The standard library's client is enough here: one file after the other, no header but four, proxies
from the environment (``https_proxy``, ``no_proxy``) and the machine's own certificates. What a
library would add, connections kept alive and many at once, fetches a model no faster.
"""

from __future__ import annotations

import contextlib
import http.client
import random
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from email.message import Message
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from voicestand import __version__
from voicestand.errors import ModelError

PIECE = 1 << 16
"""Bytes asked of the socket at once."""

SLOWEST = 256
"""Bytes a second; a server that gives fewer for as long as a stall may last has stalled."""

LONGEST_PAUSE = 60.0
"""Seconds that a server may ask us to wait."""

_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class Patience(NamedTuple):
    """How long to bear with a server. Seconds."""

    stall: float = 30.0
    """Without enough bytes for so long, the connection is given up."""
    pauses: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)
    """Before each further try; their number starts again with every byte that arrives."""


class Wanted(NamedTuple):
    """The file to fetch."""

    url: str
    size: int | None
    """Bytes, where known."""
    limit: int
    """More bytes than this are not taken from anybody."""
    resumable: bool
    """Whether what arrives is compared with a checksum: then a part may be continued although the
    server cannot tell whether the file is still the same."""


class _Validator(msgspec.Struct, frozen=True):
    """What a server said of the version of the file that a part is of."""

    url: str
    condition: str
    """For ``If-Range``; empty: the server gave nothing to go by."""


class _TransientError(Exception):
    """Worth another try; ``wait`` seconds where the server said so."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but not from a protected address to one that is not."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """See the base class."""
        scheme = urlsplit(newurl).scheme
        if scheme != "https" and (scheme != "http" or req.type == "https"):
            raise ModelError(f"{req.full_url} leads to an address that is not protected: {newurl}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class Download:
    """A file on its way into ``part``. What is there already is continued, if it can be."""

    def __init__(
        self,
        wanted: Wanted,
        part: Path,
        progress: Callable[[int], None],
        patience: Patience = Patience(),  # noqa: B008 -- immutable
    ) -> None:
        self._wanted = wanted
        self._part = part
        self._notes = part.with_name(f"{part.name}.json")
        self._progress = progress
        self._patience = patience
        self._opener = urllib.request.build_opener(Redirects)
        self.resumed = False
        """Whether anything of the file is from an earlier connection."""

    def run(self) -> None:
        """Fetches what is missing.

        Raises ``ModelError`` where it cannot be had; what has arrived by then stays.
        """
        tries, spoke, furthest = 0, False, self._have()
        while True:
            try:
                self._attempt(self._have())
                return
            except (OSError, http.client.HTTPException, _TransientError) as error:
                # Only what was not there before counts: a server that always breaks off at the same
                # byte, or changes the file all the time, is left in the end.
                tries = 1 if self._have() > furthest else tries + 1
                furthest = max(furthest, self._have())
                spoke = spoke or not isinstance(error, urllib.error.URLError)
                if tries > len(self._patience.pauses) or not spoke:
                    raise ModelError(self._told(error, spoke)) from error
                self._pause(tries, error)

    def _pause(self, tries: int, error: Exception) -> None:
        wait = error.wait if isinstance(error, _TransientError) else None
        if wait is None:
            # Not all who were cut off at one moment shall come back at one moment.
            wait = self._patience.pauses[tries - 1] * random.uniform(0.75, 1.25)
        time.sleep(min(wait, LONGEST_PAUSE))

    def discard(self) -> None:
        """Forgets what has arrived."""
        self._part.unlink(missing_ok=True)
        self._notes.unlink(missing_ok=True)

    def _have(self) -> int:
        try:
            return self._part.stat().st_size
        except OSError:
            return 0

    def _attempt(self, have: int) -> None:
        wanted = self._wanted
        validator = self._validator()
        if have > (wanted.limit if wanted.size is None else wanted.size) or (
            have and not validator.condition and not wanted.resumable
        ):
            self.discard()
            have = 0
        self._progress(have)
        if have and have == wanted.size:
            self.resumed = True
            return
        request = urllib.request.Request(wanted.url, headers=_headers(have, validator))
        try:
            response = self._opener.open(request, timeout=self._patience.stall)
        except urllib.error.HTTPError as error:
            self._refused(error, have)
            return
        with contextlib.closing(response):
            self._receive(response, have, validator)

    def _refused(self, error: urllib.error.HTTPError, have: int) -> None:
        """A status that is no success: raises, or returns where the part is the whole."""
        error.close()
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            total = _total(error.headers)
            if total == have and self._wanted.size is None:
                self.resumed = True
                return
            self.discard()
            raise _TransientError("the server has no such part of it") from error
        said = f"{error.code} {http.client.responses.get(error.code, '')}".rstrip()
        if error.code in _TRANSIENT:
            raise _TransientError(f"the server said {said}", _retry_after(error.headers)) from error
        raise ModelError(f"{self._wanted.url} cannot be fetched: the server said {said}") from error

    def _receive(self, response: Any, have: int, validator: _Validator) -> None:
        """Writes the body behind the ``have`` bytes that are there, or in their place."""
        seen = _Validator(self._wanted.url, _condition(response.headers))
        if response.status == HTTPStatus.PARTIAL_CONTENT:
            start, total = _content_range(response.headers)
            if start != have or (validator.condition and seen.condition != validator.condition):
                self.discard()
                raise _TransientError("the file changed while it was fetched")
            self.resumed = True
        else:
            have, total = 0, _length(response.headers)
        if self._wanted.size is not None and total not in (None, self._wanted.size):
            raise ModelError(
                f"{self._wanted.url} is another file: {total} bytes, "
                f"expected are {self._wanted.size}"
            )
        with _disk():
            file = self._part.open("r+b" if have else "wb", buffering=0)
        with file:
            with _disk():  # behind the truncation: an old part must not get a new validator
                self._notes.write_bytes(msgspec.json.encode(seen))
                file.seek(have)
            have = self._copy(response, file, have)
        expected = total if self._wanted.size is None else self._wanted.size
        if expected is not None and have < expected:
            raise _TransientError(f"it ended after {have} of {expected} bytes")

    def _copy(self, response: Any, file: IO[bytes], have: int) -> int:
        window, since = have, time.monotonic()
        limit = self._wanted.limit if self._wanted.size is None else self._wanted.size
        while piece := response.read1(PIECE):
            if have + len(piece) > limit:
                self.discard()
                raise ModelError(f"{self._wanted.url} is larger than {limit} bytes")
            with _disk():
                file.write(piece)
            have += len(piece)
            self._progress(have)
            now = time.monotonic()
            if now - since > self._patience.stall:
                if have - window < SLOWEST * self._patience.stall:
                    raise _TransientError("it hardly moves")
                window, since = have, now
        return have

    def _validator(self) -> _Validator:
        try:
            notes = msgspec.json.decode(self._notes.read_bytes(), type=_Validator)
        except (OSError, msgspec.DecodeError):
            return _Validator(self._wanted.url, "")
        return notes if notes.url == self._wanted.url else _Validator(self._wanted.url, "")

    def _told(self, error: Exception, spoke: bool) -> str:
        host = urlsplit(self._wanted.url).netloc
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"{host} cannot prove who it is: {cause.verify_message}"
        if isinstance(cause, TimeoutError):
            why = f"no answer for {self._patience.stall:g} s"
        else:
            why = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
        if not spoke:
            return (
                f"{host} cannot be reached: {why}; is there a network? "
                "(without one: voicestand models pull NAME --from DIR)"
            )
        return (
            f"{self._wanted.url} was not fetched: {why}; what has arrived is kept, and the same "
            "command goes on from there"
        )


@contextlib.contextmanager
def _disk() -> Iterator[None]:
    """Tells trouble with the disk from trouble with the server, which alone is tried again."""
    try:
        yield
    except OSError as error:
        raise ModelError(f"the model cannot be written: {error.strerror or error}") from error


def _headers(have: int, validator: _Validator) -> dict[str, str]:
    headers = {
        "User-Agent": f"voicestand/{__version__}",
        # The bytes that are counted and compared are those of the file, not of its compressed form.
        "Accept-Encoding": "identity",
    }
    if have:
        headers["Range"] = f"bytes={have}-"
        if validator.condition:
            headers["If-Range"] = validator.condition
    return headers


def _condition(headers: Message) -> str:
    """What tells this version of the file from others, to the byte (RFC 9110, 13.1.5)."""
    tag = headers.get("ETag", "")
    if tag and not tag.startswith("W/"):
        return tag
    return headers.get("Last-Modified", "")


def _length(headers: Message) -> int | None:
    length = headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _content_range(headers: Message) -> tuple[int | None, int | None]:
    """First byte and total, as far as they are stated."""
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", "").strip())
    if match is None:
        return None, None
    return int(match[1]), None if match[2] == "*" else int(match[2])


def _total(headers: Message) -> int | None:
    """The total in an answer that refuses a range."""
    match = re.fullmatch(r"bytes \*/(\d+)", headers.get("Content-Range", "").strip())
    return int(match[1]) if match else None


def _retry_after(headers: Message) -> float | None:
    """Seconds; a date is not worth its parsing."""
    wait = headers.get("Retry-After", "")
    return float(wait) if wait.isdecimal() else None
