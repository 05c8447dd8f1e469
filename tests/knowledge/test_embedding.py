"""Passages are found by meaning, with a tiny model and a local server in the place of real ones."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.knowledge import tiny_sentence_model

from voicestand import config
from voicestand.errors import InputError, ModelError
from voicestand.knowledge import Knowledge, adding, endpoint_embedder
from voicestand.knowledge.embedding import configured
from voicestand.knowledge.endpoint_embedder import EndpointEmbedder
from voicestand.knowledge.listing import documents
from voicestand.knowledge.onnx_embedder import OnnxEmbedder
from voicestand.knowledge.vectors import Vectors

MEANINGS = {
    "automobile": (1.0, 0.0, 0.0),
    "car": (0.9, 0.1, 0.0),
    "banana": (0.0, 1.0, 0.0),
    "fruit": (0.0, 0.9, 0.1),
    "violin": (0.0, 0.0, 1.0),
}
TEXT = (
    b"# One\n\nEvery automobile is washed.\n\n# Two\n\nThe banana is ripe.\n\n# Three\n\nA violin."
)


@pytest.fixture
def tiny(tmp_path: Path) -> OnnxEmbedder:
    return OnnxEmbedder(tiny_sentence_model.make(tmp_path / "tiny", MEANINGS))


def test_tiny_model_finds_a_passage_that_shares_no_word(tmp_path: Path, tiny: OnnxEmbedder) -> None:
    adding.add_text("text", TEXT, tmp_path, tiny)
    with Knowledge.open(tmp_path, tiny) as knowledge:
        found = knowledge.search("my car", 3)
    assert found[0].place.headings == ("One",)
    assert found[0].bm25 is None
    assert found[0].cosine == pytest.approx(0.9 / np.hypot(0.9, 0.1), abs=1e-5)


def test_tiny_model_and_words_are_fused(tmp_path: Path, tiny: OnnxEmbedder) -> None:
    adding.add_text("text", TEXT, tmp_path, tiny)
    with Knowledge.open(tmp_path, tiny) as knowledge:
        best = knowledge.search("is the car washed, or the automobile?", 1)[0]
    assert best.place.headings == ("One",)
    assert best.score == pytest.approx(2 / 61)


def test_tiny_model_pools_the_mean_of_the_tokens_or_the_first(tmp_path: Path) -> None:
    mean = OnnxEmbedder(tiny_sentence_model.make(tmp_path / "mean", MEANINGS))
    first = OnnxEmbedder(tiny_sentence_model.make(tmp_path / "cls", MEANINGS, first_token=True))
    rows = mean.passages(["automobile banana", "violin"])  # one of them is padded
    assert np.allclose(rows, [[0.5**0.5, 0.5**0.5, 0], [0, 0, 1]], atol=1e-6)
    assert np.allclose(first.passages(["automobile banana"]), [[1, 0, 0]], atol=1e-6)


def test_vectors_of_another_model_are_not_compared_but_made_anew(
    tmp_path: Path, tiny: OnnxEmbedder
) -> None:
    adding.add_text("text", TEXT, tmp_path, tiny)
    swapped = MEANINGS | {"automobile": (0.0, 0.0, 1.0)}
    other = OnnxEmbedder(tiny_sentence_model.make(tmp_path / "other", swapped))
    with Knowledge.open(tmp_path, other) as knowledge:
        assert knowledge.search("car") == []
        adding.add_text("text", TEXT, tmp_path, other)
        assert knowledge.search("fruit")[0].place.headings == ("Two",)
    assert [one.vectors for one in documents(tmp_path)] == [3]


def test_any_text_has_a_vector(tiny: OnnxEmbedder) -> None:
    for text in ("", "\ud800", "x" * 100_000, "car " * 5000):
        vector = tiny.query(text)
        assert vector is not None
        assert np.isfinite(vector).all()


def test_a_folder_without_a_model_or_with_a_damaged_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no sentence model"):
        OnnxEmbedder(tmp_path)
    folder = tiny_sentence_model.make(tmp_path / "damaged", MEANINGS)
    (folder / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        OnnxEmbedder(folder)
    assert "\n" not in str(caught.value)


def test_the_nearest_are_exact_and_in_order() -> None:
    dice = np.random.default_rng(7)
    rows = dice.standard_normal((500, 16)).astype(np.float32)
    vectors = Vectors("m", np.arange(500) + 1000, rows)
    query = dice.standard_normal(16).astype(np.float32)
    expected = np.argsort(-(rows @ query))[:10] + 1000
    assert [number for number, _ in vectors.ranked(query, 10)] == expected.tolist()
    assert len(vectors.ranked(query, 1000)) == 500
    assert vectors.ranked(query[:3], 10) == []


Answer = Callable[[list[str]], object]


def good(texts: list[str]) -> object:
    rows = []
    for number, text in enumerate(texts):
        known = [
            MEANINGS[word] for word in text.lower().replace(".", "").split() if word in MEANINGS
        ]
        rows.append({"index": number, "embedding": np.sum([(0, 0, 0), *known], axis=0).tolist()})
    return {"data": rows[::-1]}


@contextmanager
def server(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """A local server for embeddings: its address, and the keys that it was given."""
    keys: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            keys.append(self.headers.get("Authorization", ""))
            asked: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = answer(asked["input"])
            self.send_response(200 if self.path == "/v1/embeddings" and found else 500)
            self.end_headers()
            self.wfile.write(found if isinstance(found, bytes) else json.dumps(found).encode())

        def log_message(self, *_: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True  # one that hangs must not keep the test from its end
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}/v1", keys
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


def test_local_server_finds_a_passage_that_shares_no_word(tmp_path: Path) -> None:
    with server(good) as (url, keys):
        embedder = EndpointEmbedder(url, "tiny", "secret", seconds=10)
        assert adding.add_text("text", TEXT, tmp_path, embedder).without_vectors == ""
        with Knowledge.open(tmp_path, embedder) as knowledge:
            assert knowledge.search("fruit")[0].place.headings == ("Two",)
    assert set(keys) == {"Bearer secret"}


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        b"no JSON",
        {"data": []},
        {"data": [{"index": 7, "embedding": [1.0]}]},
        {"data": [{"index": 0, "embedding": []}]},
        {"data": [{"index": 0, "embedding": ["x"]}]},
        b'{"data":[{"index":0,"embedding":[1e999]}]}',
    ],
)
def test_local_server_that_answers_nonsense_leaves_the_words(
    tmp_path: Path, nonsense: object
) -> None:
    with server(lambda texts: nonsense) as (url, _):
        embedder = EndpointEmbedder(url, "tiny", seconds=10)
        report = adding.add_text("text", b"The banana.", tmp_path, embedder)
        assert report.added == ["text"]
        assert "gives no embeddings" in report.without_vectors
        with Knowledge.open(tmp_path, embedder) as knowledge:
            assert len(knowledge.search("banana")) == 1


def test_local_server_that_hangs_is_waited_for_once_until_it_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_embedder, "_LEFT_ALONE", 3600.0)
    adding.add_text("text", TEXT, tmp_path)
    go_on = threading.Event()

    def hang(texts: list[str]) -> object:
        go_on.wait()
        return good(texts)

    with server(hang) as (url, asked):
        embedder = EndpointEmbedder(url, "tiny", seconds=0.05)
        with Knowledge.open(tmp_path, embedder) as knowledge:
            for number in range(20):
                assert len(knowledge.search(f"banana {number}")) == 1
        go_on.set()
        assert embedder.query("banana") is None
        assert len(asked) <= 1
        embedder._asked_again = 0.0
        embedder._seconds = 10.0
        assert embedder.query("banana") is not None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": "/m", "endpoint": "https://x/v1", "endpoint_model": "m"}, "set one of them"),
        ({"endpoint": "https://x/v1"}, "say which of the server's models"),
        ({"endpoint": "http://example.org/v1", "endpoint_model": "m"}, "give https://"),
        ({"endpoint": "http://localhost:1@example.org/v1", "endpoint_model": "m"}, "give https://"),
        ({"endpoint": "http://[/v1", "endpoint_model": "m"}, "give https://"),
    ],
)
def test_settings_that_would_leak_or_make_no_sense_are_refused(
    tmp_path: Path, given: dict[str, str], message: str
) -> None:
    (tmp_path / "empty.toml").touch()
    overrides = {f"knowledge.{key}": value for key, value in given.items()}
    with pytest.raises(InputError, match=message):
        config.load(tmp_path / "empty.toml", {}, overrides)


def test_a_key_that_is_named_must_be_there() -> None:
    settings = config.KnowledgeSettings(
        endpoint="https://x/v1", endpoint_model="m", endpoint_key_env="NO_SUCH_KEY"
    )
    with pytest.raises(InputError, match="NO_SUCH_KEY holds no key"):
        configured(settings, {})
    assert configured(config.KnowledgeSettings(), {}) is None
