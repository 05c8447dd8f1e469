"""The recognizer ``openai`` against real servers that misbehave: what is sent, and what comes back.

The local recognizer is one that tells exactly which samples it heard, as the servers do.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.speech.faulty_engine import Echo, Pcm, words_of
from tests.speech.faulty_provider import FaultyProviders

from voicestand.events import RoutingStats
from voicestand.speech import openai
from voicestand.speech.elsewhere import fingerprint
from voicestand.speech.openai import OpenAICompatible
from voicestand.speech.protocol import RecognizedWord, RoutedEngine, Transcript
from voicestand.speech.vocabulary import Term
from voicestand.speech.worker import until

LOCAL, REMOTE = "echo", "openai/a"
SECRET = "sk-0123456789abcdef"
PATIENT = 20.0
"""Seconds of a deadline that is never reached."""

Make = Callable[..., OpenAICompatible]


@pytest.fixture
def engine(
    providers: FaultyProviders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Make]:
    """Makes the recognizer with these providers; settings are lines of each one's table."""
    monkeypatch.setattr(openai, "_local_engine", lambda _: Echo())
    monkeypatch.setenv("KEY", SECRET)
    made = []

    def make(
        *names: str, deadline: float = PATIENT, settings: str = "", terms: Sequence[Term] = ()
    ) -> OpenAICompatible:
        file = tmp_path / "providers.toml"
        tables = [
            f'[[provider]]\nname = "{name}"\nurl = "{providers.url(name)}"\n'
            f'model = "m"\n{settings}\n'
            for name in names
        ]
        file.write_text(f"deadline = {deadline}\n" + "".join(tables))
        made.append(OpenAICompatible(file, terms))
        return made[-1]

    yield make
    for one in made:
        one.close()


def audio(seed: int = 0, seconds: float = 0.5) -> Pcm:
    chance = np.random.default_rng(seed)
    return chance.integers(-3000, 3000, round(16_000 * seconds)).astype(np.int16)


def hear(engine: OpenAICompatible, samples: Pcm) -> Transcript:
    engine.start()
    for at in range(0, len(samples), 3200):
        engine.feed(samples[at : at + 3200])
    return engine.finish()


def stats_of(engine: OpenAICompatible, name: str = "a") -> dict[str, Any]:
    found = {one.name: one for one in engine.routing().providers}[name]
    return {key: getattr(found, key) for key in found.__struct_fields__}


def test_a_provider_hears_the_utterance_to_the_last_sample(
    engine: Make, providers: FaultyProviders
) -> None:
    providers.plan(a={})
    recognizer = engine("a", settings='key_env = "KEY"\nlanguage = "en"\nprice_per_hour = 7.2')
    assert isinstance(recognizer, RoutedEngine)
    samples = audio()
    assert hear(recognizer, samples) == Transcript(text=words_of(samples), engine=REMOTE)
    (asked,) = providers.asked
    assert asked["path"] == "/a/v1/audio/transcriptions"
    assert asked["authorization"] == f"Bearer {SECRET}"
    fields = {name: asked.get(name) for name in ("model", "response_format", "language")}
    assert fields == {"model": "m", "response_format": "json", "language": "en"}
    counted = stats_of(recognizer)
    assert (counted["requests"], counted["successes"], counted["failures"]) == (1, 1, {})
    assert (counted["units"], counted["cost"]) == (0.5, 0.001)


def test_a_provider_is_told_the_terms_unless_it_is_not_to_be(
    engine: Make, providers: FaultyProviders
) -> None:
    terms = [Term("Zalando"), Term("Anna Müller", boost=2.0)]
    for settings, sent in (
        ("", "Anna Müller, Zalando."),
        ("vocabulary = false", None),
    ):
        providers.plan(a={})
        assert hear(engine("a", settings=settings, terms=terms), audio()).engine == REMOTE
        (asked,) = providers.asked
        assert asked.get("prompt") == sent
    providers.plan(a={})
    hear(engine("a"), audio())
    assert "prompt" not in providers.asked[0]


def test_the_prompt_is_part_of_the_fingerprint() -> None:
    found = {fingerprint(audio(seed), prompt) for seed in (1, 2) for prompt in ("", "Zalando.")}
    assert len(found) == 4
    assert fingerprint(audio(1), "Zalando.") in found


def test_the_local_recognizer_is_told_the_terms_too(
    engine: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Term] = []

    def local(terms: Sequence[Term]) -> Echo:
        told.extend(terms)
        return Echo()

    monkeypatch.setattr(openai, "_local_engine", local)
    engine("a", terms=[Term("Zalando")])
    assert told == [Term("Zalando")]


def test_what_neither_side_can_use_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    file = tmp_path / "providers.toml"
    provider = '[[provider]]\nname = "a"\nmodel = "m"\nurl = "http://127.0.0.1:9/v1"\n'
    many = [Term("4711"), *(Term(f"a rather long name {number}") for number in range(100))]
    file.write_text(provider)
    said = OpenAICompatible.unused(file, many)
    assert said is not None
    assert "a prompt holds 600 characters" in said
    assert "; pocketsphinx: 1 of 101 terms" in said
    assert "\n" not in said
    file.write_text(f"{provider}vocabulary = false\n")
    silent = OpenAICompatible.unused(file, many)
    assert silent is not None
    assert "prompt" not in silent
    assert OpenAICompatible.unused(file, many[1:]) is None


def test_partials_are_the_local_recognizers_and_nothing_is_sent_for_them(
    engine: Make, providers: FaultyProviders
) -> None:
    providers.plan(a={})
    recognizer = engine("a")
    samples = audio()
    recognizer.start()
    recognizer.feed(samples[:1600])
    assert recognizer.partial() == words_of(samples[:1600])
    recognizer.start()
    recognizer.feed(samples[1600:3100])
    assert hear(recognizer, samples[:1500]).engine == LOCAL  # too short to hold a word
    assert providers.asked == []


def test_an_utterance_is_sent_before_the_local_recognizer_has_caught_up(
    engine: Make, providers: FaultyProviders, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    class Busy(Echo):
        def feed(self, samples: Pcm) -> None:
            assert go_on.wait(PATIENT)
            super().feed(samples)

    monkeypatch.setattr(openai, "_local_engine", lambda _: Busy())
    providers.plan(a={"faults": [{"status": 413}]})
    recognizer = engine("a")
    samples = audio(seconds=0.9)
    said: list[Transcript] = []
    hearing = threading.Thread(target=lambda: said.append(hear(recognizer, samples)))
    hearing.start()
    providers.wait_for(1)
    go_on.set()
    hearing.join(PATIENT)
    assert [(one.engine, one.text) for one in said] == [(LOCAL, words_of(samples))]


def test_of_a_long_utterance_the_local_recognizer_hears_all_but_the_last_second(
    engine: Make, providers: FaultyProviders, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[int] = []

    class Counting(Echo):
        def feed(self, samples: Pcm) -> None:
            heard.append(len(samples))
            super().feed(samples)

    monkeypatch.setattr(openai, "_local_engine", lambda _: Counting())
    recognizer = engine("a")
    recognizer.start()
    for _ in range(20):
        recognizer.feed(audio(seconds=0.2))
    assert sum(heard) == 3 * 16_000
    recognizer.partial()
    assert sum(heard) == 4 * 16_000


def test_connections_are_kept_and_no_key_is_sent_where_none_is_set(
    engine: Make, providers: FaultyProviders
) -> None:
    providers.plan(a={})
    recognizer = engine("a")
    for seed in range(4):
        hear(recognizer, audio(seed))
    asked = providers.asked
    assert len({one["connection"] for one in asked}) == 1
    assert {one["authorization"] for one in asked} == {None}


def test_the_same_audio_is_not_sent_twice(engine: Make, providers: FaultyProviders) -> None:
    providers.plan(a={})
    recognizer = engine("a")
    said = [hear(recognizer, audio(seed)) for seed in (1, 2, 1, 1)]
    assert said[0] == said[2] == said[3] != said[1]
    assert len(providers.asked) == 2
    assert (recognizer.routing().requests, recognizer.routing().cache_hits) == (4, 2)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 429, "retry_after": "0.05"}, "rate-limited"),
        ({"status": 500}, "server-error"),
        ({"status": 503, "retry_after": "0"}, "server-error"),
        ({"status": 408}, "timed-out"),
        ({"cut": 5}, "disconnected"),
        ({"hang_up": True}, "disconnected"),
        ({"raw": "what is this?\r\n\r\n"}, "garbled"),
        ({"body": "<html>"}, "garbled"),
        ({"body": '{"text": 7}'}, "garbled"),
        ({"body": '{"text": "\\ud800"}'}, "garbled"),
    ],
)
def test_what_passes_is_tried_again(
    engine: Make, providers: FaultyProviders, fault: dict[str, Any], kind: str
) -> None:
    providers.plan(a={"faults": [fault]})
    recognizer = engine("a")
    assert hear(recognizer, audio()).engine == REMOTE
    assert len(providers.asked) == 2
    counted = stats_of(recognizer)
    assert (counted["failures"], counted["retries"]) == ({kind: 1}, 1)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 404}, "bad-request"),
        ({"status": 400, "said": {"message": "no such model"}}, "bad-request"),
        ({"status": 401, "said": {"message": f"wrong key {SECRET}"}}, "denied"),
        ({"status": 429, "said": {"code": "insufficient_quota"}}, "denied"),
        ({"status": 302, "redirect": "http://127.0.0.1:9/elsewhere"}, "bad-request"),
    ],
)
def test_who_refuses_is_not_asked_again_but_the_next_one_is(
    engine: Make, providers: FaultyProviders, fault: dict[str, Any], kind: str
) -> None:
    providers.plan(a={"faults": [fault]}, b={})
    recognizer = engine("a", "b")
    assert hear(recognizer, audio()).engine == "openai/b"
    assert [one["provider"] for one in providers.asked] == ["a", "b"]
    assert stats_of(recognizer)["failures"] == {kind: 1}
    for one in recognizer.notices():
        assert SECRET not in one.message


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 413},
        {"status": 415},
        {"status": 400, "said": {"code": "audio_too_short"}},
        {"status": 400, "said": {"message": "Invalid file", "param": "file"}},
    ],
)
def test_audio_that_is_wrong_goes_to_nobody_else(
    engine: Make, providers: FaultyProviders, fault: dict[str, Any]
) -> None:
    providers.plan(a={"faults": [fault]}, b={})
    recognizer = engine("a", "b")
    samples = audio()
    assert hear(recognizer, samples) == Transcript(
        text=words_of(samples),
        words=[RecognizedWord(text="all", start=0.0, end=0.5)],
        engine=LOCAL,
    )
    assert [one["provider"] for one in providers.asked] == ["a"]
    assert stats_of(recognizer)["failures"] == {"wrong-input": 1}
    assert stats_of(recognizer)["state"] == "closed"


def test_retry_after_is_kept_be_it_seconds_or_a_date(
    engine: Make, providers: FaultyProviders
) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=600), usegmt=True)
    for wait in ("600", later):
        providers.plan(a={"faults": [{"status": 429, "retry_after": wait}]}, b={})
        recognizer = engine("a", "b")
        for seed in range(3):
            assert hear(recognizer, audio(seed)).engine == "openai/b"
        assert [one["provider"] for one in providers.asked] == ["a", "b", "b", "b"]


def test_a_silent_provider_costs_the_deadline_and_not_the_words(
    engine: Make, providers: FaultyProviders
) -> None:
    providers.plan(a={"faults": [{"silence": True}] * 5})
    recognizer = engine("a", deadline=0.6)
    samples = audio()
    began = time.monotonic()
    transcript = hear(recognizer, samples)
    assert time.monotonic() - began >= 0.3  # half of it at least is given to the provider
    assert (transcript.text, transcript.engine) == (words_of(samples), LOCAL)
    assert stats_of(recognizer)["failures"]["timed-out"] >= 1
    assert recognizer.routing().fallbacks == 1


def test_without_a_server_the_local_recognizer_is_asked_at_once_and_the_user_told_once(
    engine: Make, providers: FaultyProviders, tmp_path: Path
) -> None:
    file = tmp_path / "gone.toml"
    file.write_text('[[provider]]\nname = "a"\nmodel = "m"\nurl = "http://127.0.0.1:9/v1"\n')
    recognizer = OpenAICompatible(file)
    try:
        told = []
        for seed in range(3):
            assert hear(recognizer, audio(seed)).engine == LOCAL
            told += recognizer.notices()
        assert [one.code for one in told] == ["recognizer.provider-failed"]
        assert stats_of(recognizer)["state"] == "open"
        assert stats_of(recognizer)["requests"] == 5
    finally:
        recognizer.close()


def test_word_times_are_asked_for_where_wanted_and_taken_where_possible(
    engine: Make, providers: FaultyProviders
) -> None:
    good = [{"word": " one", "start": 0.0, "end": 0.2}, {"word": "two", "start": 0.2, "end": 0.9}]
    bad = [{"word": "one", "start": 0.3, "end": 0.2}]
    providers.plan(a={"faults": [{"words": good}, {"words": bad}]})
    recognizer = engine("a", settings="words = true")
    transcript = hear(recognizer, audio(1))
    assert [(word.text, word.start, word.end) for word in transcript.words] == [
        ("one", 0.0, 0.2),
        ("two", 0.2, 0.5),
    ]
    assert until(transcript, 0.2) == Transcript(
        text="one", words=transcript.words[:1], engine=REMOTE
    )
    assert hear(recognizer, audio(2)).words == []
    first = providers.asked[0]
    assert first["response_format"] == "verbose_json"
    assert first["timestamp_granularities[]"] == "word"


def test_the_account_says_what_everything_cost(engine: Make, providers: FaultyProviders) -> None:
    providers.plan(a={"faults": [{"status": 500}]}, b={})
    recognizer = engine("a", "b", settings="price_per_hour = 900")
    for seed in range(3):
        hear(recognizer, audio(seed))
    stats: RoutingStats = recognizer.routing()
    assert (stats.requests, stats.cache_hits, stats.fallbacks) == (3, 0, 0)
    costs = {one.name: one.cost for one in stats.providers}
    successes = {one.name: one.successes for one in stats.providers}
    assert sum(successes.values()) == 3
    assert costs == {name: 0.125 * count for name, count in successes.items()}
