"""The providers file: what may be in it, and that keys stay where they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from voicestand.config import SpeechSettings
from voicestand.errors import EngineUnavailableError, InputError
from voicestand.routing.endpoint import key_of
from voicestand.speech import registry
from voicestand.speech.providers import notice, path_of, read
from voicestand.speech.registry import chosen, engines, resolve

SECRET = "sk-0123456789abcdef"
ONE = 'name = "one"\nmodel = "m"\n'


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "voicestand" / "providers.toml"
    path.parent.mkdir()
    path.write_text(f'[[provider]]\n{ONE}url = "https://one.example/v1"\n')
    return path


def key_file(folder: Path, mode: int, content: str = SECRET) -> Path:
    path = folder / "key"
    path.write_text(content)
    path.chmod(mode)
    return path


def test_a_remote_recognizer_is_taken_only_where_it_is_named(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    assert not resolve("auto", "", str(file)).entry.remote
    assert "openai" not in engines()
    choice = resolve("openai", "", str(file))
    assert (choice.entry.remote, choice.model) == (True, file)
    assert resolve("openai").model == file == path_of("")


def test_what_is_sent_where_can_be_told(file: Path) -> None:
    assert f"{file}: one (one.example)" in notice(file)
    assert "terms" not in notice(file)
    assert notice(file, "names.txt").endswith("; to one the terms in names.txt too")


def test_a_key_comes_from_the_environment_or_a_private_file(file: Path, tmp_path: Path) -> None:
    file.write_text(f'[[provider]]\n{ONE}url = "https://one.example/v1"\nkey_env = "MY_KEY"\n')
    (provider,) = read(file, {"MY_KEY": f"{SECRET}\n"}).provider
    assert key_of(provider, {"MY_KEY": f"{SECRET}\n"}) == SECRET
    path = key_file(tmp_path, 0o600, f"{SECRET}\n")
    file.write_text(f'[[provider]]\n{ONE}url = "https://one.example/v1"\nkey_file = "{path}"\n')
    (provider,) = read(file).provider
    assert key_of(provider) == SECRET


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_file_that_others_can_read_is_refused(file: Path, tmp_path: Path, mode: int) -> None:
    path = key_file(tmp_path, mode)
    file.write_text(f'[[provider]]\n{ONE}url = "https://one.example/v1"\nkey_file = "{path}"\n')
    with pytest.raises(InputError, match=f"chmod 600 {path}"):
        read(file)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "holds no key"),
        ("  \n", "holds no key"),
        (f"{SECRET}\r\nX-Header: 1", "is no key"),
        ("schlüssel", "is no key"),
    ],
)
def test_what_is_no_key_is_refused_without_being_quoted(
    file: Path, tmp_path: Path, content: str, says: str
) -> None:
    path = key_file(tmp_path, 0o600, content)
    file.write_text(f'[[provider]]\n{ONE}url = "https://one.example/v1"\nkey_file = "{path}"\n')
    with pytest.raises(InputError, match=says) as caught:
        read(file)
    assert "sk-" not in str(caught.value)


def test_a_pipe_for_a_key_file_is_refused_at_once(file: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    pipe = f'key_file = "{tmp_path / "pipe"}"\n'
    file.write_text(f'[[provider]]\n{ONE}url = "https://one.example/v1"\n{pipe}')
    with pytest.raises(InputError, match="no ordinary file"):
        read(file)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "missing required field `provider`"),
        ("provider = []", "length >= 1"),
        ("[[provider", "not valid TOML"),
        (f'[[provider]]\n{ONE}url = "https://x/v1"\nkey = "{SECRET}"', "unknown field `key`"),
        (f'[[provider]]\n{ONE}url = "https://me:{SECRET}@x/v1"', "no user name"),
        (f'[[provider]]\n{ONE}url = "https://x/v1?key={SECRET}"', "key_env or key_file"),
        (f'[[provider]]\n{ONE}url = "http://x/v1"', "plain_http"),
        (f'[[provider]]\n{ONE}url = "ftp://x/v1"', "https://"),
        (f'[[provider]]\n{ONE}url = "https://[::1/v1"', "not an address"),
        (f'[[provider]]\n{ONE}url = "https://x/v1"\nkey_env = "UNSET_1"', "UNSET_1 holds no key"),
        (f'[[provider]]\n{ONE}url = "https://x/v1"\nkey_env = "A"\nkey_file = "b"', "give key_env"),
        (f'[[provider]]\n{ONE}url = "https://x"\n' * 2, "two providers are called one"),
        ('[[provider]]\nname = "A b"\nmodel = "m"\nurl = "https://x/v1"', "name"),
        (f'deadline = 100\n[[provider]]\n{ONE}url = "https://x/v1"', "deadline"),
    ],
)
def test_a_mistake_in_the_file_is_named_and_no_key_is_quoted(
    file: Path, text: str, says: str
) -> None:
    file.write_text(text)
    with pytest.raises(InputError, match=says) as caught:
        read(file)
    message = str(caught.value)
    assert str(file) in message or "UNSET_1" in message
    assert "sk-" not in message
    assert "\n" not in message


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/v1", "http://localhost/v1", "http://[::1]"])
def test_this_machine_may_be_spoken_to_in_the_clear(file: Path, url: str) -> None:
    file.write_text(f'[[provider]]\n{ONE}url = "{url}"\n')
    assert read(file).provider[0].url == url


def test_what_does_not_go_together_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"speech\.model.*leave it empty"):
        resolve("openai", "whisper-1", str(file))
    with pytest.raises(InputError, match="there is no providers file /no/such"):
        resolve("openai", "", "/no/such")
    settings = SpeechSettings(engine="openai", providers=str(file), hang_seconds=8.9)
    with pytest.raises(InputError, match=r"speech\.hang_seconds = 8\.9.*deadline.*4 s"):
        chosen(settings)
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    with pytest.raises(EngineUnavailableError, match=r"pip install 'voicestand\[openai\]'"):
        resolve("openai", "", str(file))
