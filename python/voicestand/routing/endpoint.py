"""Where a provider is and how it is paid and limited: what all that speak OpenAI's protocol share.

Keys are never in a settings file, only where they are. No message of this module quotes a key.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from voicestand.errors import InputError

_MOST_BYTES = 64 * 1024
_LONGEST_KEY = 4096

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,31}$")]
Text = Annotated[str, Meta(min_length=1, max_length=200)]

T = TypeVar("T")


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One endpoint that speaks OpenAI's protocol."""

    name: Name
    """What it is called in events and statistics."""
    url: str
    """What stands before the protocol's own paths, e.g. ``https://api.openai.com/v1``."""
    model: Text
    key_env: str = ""
    """The environment variable that holds the key."""
    key_file: str = ""
    """Or the file that does, readable by its owner alone."""
    requests_per_minute: Annotated[float, Meta(ge=0.1, le=100_000)] | None = None
    """More are not sent, by each channel."""
    plain_http: bool = False
    """Permits ``http://`` to another machine: what is sent, and the key, go unencrypted."""

    @property
    def host(self) -> str | None:
        """To whom it goes."""
        return urlsplit(self.url).hostname


def read(path: Path, form: type[T], what: str, missing: str) -> T:
    """The TOML file ``path`` as a ``form``.

    ``what`` it is called in messages; ``missing``: what to do where there is none. Raises
    ``InputError``.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"there is no {what} {path}: {missing}") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    if len(content) > _MOST_BYTES:
        raise InputError(f"{path} is larger than 64 KiB: that is no {what}")
    try:
        return msgspec.convert(tomllib.loads(content.decode()), form)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid TOML: {type(error).__name__}") from None
    except msgspec.ValidationError as error:
        raise InputError(f"{path}: {error}") from None


def check(
    endpoints: Sequence[Endpoint],
    path: Path,
    kind: str = "provider",
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Raises ``InputError`` for the first mistake in an address, a name or the place of a key."""
    names = [endpoint.name for endpoint in endpoints]
    for endpoint in endpoints:
        if names.count(endpoint.name) > 1:
            raise InputError(f"{path}: two {kind}s are called {endpoint.name}")
        if endpoint.key_env and endpoint.key_file:
            raise InputError(f"{path}: {kind} {endpoint.name}: give key_env or key_file")
        if trouble := _trouble(endpoint):
            raise InputError(f"{path}: {kind} {endpoint.name}: url: {trouble}")
    for endpoint in endpoints:
        key_of(endpoint, environ, kind)


def key_of(
    endpoint: Endpoint, environ: Mapping[str, str] = os.environ, kind: str = "provider"
) -> str:
    """Its key; empty where it needs none. Raises ``InputError`` where it cannot be had safely."""
    if endpoint.key_env:
        key = environ.get(endpoint.key_env, "").strip()
        place = f"the environment variable {endpoint.key_env}"
    elif endpoint.key_file:
        key = _key_in(Path(endpoint.key_file).expanduser())
        place = endpoint.key_file
    else:
        return ""
    if not key:
        raise InputError(f"{kind} {endpoint.name}: {place} holds no key")
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise InputError(f"{kind} {endpoint.name}: what {place} holds is no key: give one line")
    return key


def _key_in(path: Path) -> str:
    try:
        # NB: opening a pipe to read would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise InputError(f"cannot read the key file {path}: {error.strerror}") from None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise InputError(f"the key file {path} is no ordinary file")
        if found.st_uid != os.geteuid():
            raise InputError(f"the key file {path} belongs to another user: make one of your own")
        if found.st_mode & 0o077:
            raise InputError(f"others can read the key file {path}: chmod 600 {path}")
        return file.read(_LONGEST_KEY).decode("ascii", "replace").strip()


def _trouble(endpoint: Endpoint) -> str | None:
    """What is wrong with the address; it is not quoted, since it might hold a key."""
    try:
        url = urlsplit(endpoint.url)
        host, _ = url.hostname, url.port
    except ValueError:
        return "not an address"
    if url.scheme not in ("http", "https") or not host:
        return "give an address that begins with https://"
    if url.username is not None or url.query or url.fragment:
        return "no user name, ? or # in it; the key goes into key_env or key_file"
    if url.scheme == "http" and not (endpoint.plain_http or _loopback(host)):
        return (
            "http:// would send what is said, and the key, unencrypted: use https://, or "
            "plain_http = true"
        )
    return None


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
