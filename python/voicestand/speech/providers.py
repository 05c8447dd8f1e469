"""The providers file: who may be sent what was said, with which key. Format: docs/recognizers.md.

Keys are never in it, only where they are. No message of this module quotes a key.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from voicestand.config_loader import default_file
from voicestand.errors import InputError

FILE = "providers.toml"

_MOST_BYTES = 64 * 1024
_LONGEST_KEY = 4096

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,31}$")]
Text = Annotated[str, Meta(min_length=1, max_length=200)]


class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One endpoint that speaks OpenAI's protocol."""

    name: Name
    """What it is called in events and statistics."""
    url: str
    """What stands before ``/audio/transcriptions``, e.g. ``https://api.openai.com/v1``."""
    model: Text
    key_env: str = ""
    """The environment variable that holds the key."""
    key_file: str = ""
    """Or the file that does, readable by its owner alone."""
    language: str = ""
    """As the provider wants it, e.g. ``en``; empty: it finds out."""
    words: bool = False
    """Asks for the times of words. Not every model has them; one that has not refuses."""
    price_per_hour: Annotated[float, Meta(ge=0, le=1000)] = 0.0
    """Of audio, in any currency; for the account alone."""
    requests_per_minute: Annotated[float, Meta(ge=0.1, le=100_000)] | None = None
    """More are not sent, by each channel."""
    plain_http: bool = False
    """Permits ``http://`` to another machine: audio and key go unencrypted."""


class Providers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file."""

    deadline: Annotated[float, Meta(ge=0.5, le=30)] = 4.0
    """Seconds from the end of an utterance until the local recognizer's words are taken instead."""
    provider: Annotated[list[ProviderSettings], Meta(min_length=1, max_length=16)]


def path_of(setting: str, environ: Mapping[str, str] = os.environ) -> Path:
    """The file that ``speech.providers`` names; empty: the one beside the usual settings file."""
    if not setting:
        return default_file(environ).with_name(FILE)
    return Path(setting).expanduser().absolute()


def read(path: Path, environ: Mapping[str, str] = os.environ) -> Providers:
    """The file, checked, with every key in its place.

    Raises ``InputError``: what is wrong in it, or with a key, and what to do.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise InputError(
            f"there is no providers file {path}: say in it whom to send audio to "
            "(docs/recognizers.md), or choose another speech.engine"
        ) from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    if len(content) > _MOST_BYTES:
        raise InputError(f"{path} is larger than 64 KiB: that is no providers file")
    try:
        found = msgspec.convert(tomllib.loads(content.decode()), Providers)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid TOML: {type(error).__name__}") from None
    except msgspec.ValidationError as error:
        raise InputError(f"{path}: {error}") from None
    _check(found, path)
    for provider in found.provider:
        key_of(provider, environ)
    return found


def notice(path: Path) -> str:
    """What to tell the user, once a session."""
    found = read(path).provider
    places = ", ".join(f"{one.name} ({urlsplit(one.url).hostname})" for one in found)
    return f"the audio of what is said is sent to the providers in {path}: {places}"


def key_of(provider: ProviderSettings, environ: Mapping[str, str] = os.environ) -> str:
    """Its key; empty where it needs none. Raises ``InputError`` where it cannot be had safely."""
    if provider.key_env:
        key = environ.get(provider.key_env, "").strip()
        place = f"the environment variable {provider.key_env}"
    elif provider.key_file:
        key = _key_in(Path(provider.key_file).expanduser())
        place = provider.key_file
    else:
        return ""
    if not key:
        raise InputError(f"provider {provider.name}: {place} holds no key")
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise InputError(f"provider {provider.name}: what {place} holds is no key: give one line")
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


def _check(providers: Providers, path: Path) -> None:
    names = [provider.name for provider in providers.provider]
    for provider in providers.provider:
        if names.count(provider.name) > 1:
            raise InputError(f"{path}: two providers are called {provider.name}")
        if provider.key_env and provider.key_file:
            raise InputError(f"{path}: provider {provider.name}: give key_env or key_file")
        if trouble := _trouble(provider):
            raise InputError(f"{path}: provider {provider.name}: url: {trouble}")


def _trouble(provider: ProviderSettings) -> str | None:
    """What is wrong with the address; it is not quoted, since it might hold a key."""
    try:
        url = urlsplit(provider.url)
        host, _ = url.hostname, url.port
    except ValueError:
        return "not an address"
    if url.scheme not in ("http", "https") or not host:
        return "give an address that begins with https://"
    if url.username is not None or url.query or url.fragment:
        return "no user name, ? or # in it; the key goes into key_env or key_file"
    if url.scheme == "http" and not (provider.plain_http or _loopback(host)):
        return "http:// would send audio and key unencrypted: use https://, or plain_http = true"
    return None


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
