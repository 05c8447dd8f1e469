"""A model appears whole and as it was published, or not at all, whatever server and disk do."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import tarfile
from collections.abc import Callable
from contextlib import nullcontext
from http.client import HTTPMessage
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.request import Request

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.speech.faulty_server import Fault, FaultyServer

from voicestand.errors import InputError, ModelError
from voicestand.speech.models import store
from voicestand.speech.models.download import Patience, Redirects
from voicestand.speech.models.manifest import Model, ModelFile
from voicestand.speech.models.pull import Origin, pull

BODY = "".join(f"{n:07d} " for n in range(40_000))
"""320,000 bytes, no eight of which are equal."""
OTHER = BODY[::-1]
QUICK = Patience(stall=0.4, pauses=(0.0, 0.0, 0.0))
FILE = "/a-model/weights.bin"

Serve = Callable[..., FaultyServer]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return tmp_path / "cache"


@pytest.fixture
def serve(server: FaultyServer) -> Serve:
    """Has the server serve one file, with these faults in turn."""

    def start(*faults: Fault, **file: Any) -> FaultyServer:
        one = {"body": BODY, "etag": '"one"', "faults": list(faults)} | file
        server.plan({FILE: one, "/behind": {"body": BODY}})
        return server

    return start


def model(body: str = BODY, *, size: bool = True, sha256: bool = True, **other: Any) -> Model:
    """A model of one file."""
    file = ModelFile(
        path="weights.bin",
        size=len(body) if size else None,
        sha256=hashlib.sha256(body.encode()).hexdigest() if sha256 else None,
    )
    fields: dict[str, Any] = {
        "name": "a-model",
        "engine": "whisper",
        "language": "en",
        "licence": "MIT",
        "summary": "",
        "url": "https://models.invalid/",
        "files": [file],
        "about": None if size else len(body),
    }
    return Model(**fields | other)


def fetched(server: FaultyServer, wanted: Model) -> str:
    """What is there after a pull."""
    path = pull(wanted, Origin(url=server.url), patience=QUICK)
    assert path == store.path_of("a-model")
    assert not store.parts_of("a-model").exists()
    return (path / "weights.bin").read_text()


def test_a_pulled_model_has_its_files_and_a_receipt(serve: Serve) -> None:
    assert fetched(serve(), model()) == BODY
    receipt = store.receipt("a-model")
    assert receipt is not None
    assert receipt.checked
    assert [(file.path, file.size) for file in receipt.files] == [("weights.bin", len(BODY))]


def test_a_model_that_is_there_is_not_fetched_again(serve: Serve) -> None:
    server = serve()
    assert fetched(server, model()) == fetched(server, model())
    assert len(server.asked) == 1


PASSING = {
    "hangs up": {"cut": 100_000},
    "hangs up at once": {"cut": 0},
    "stalls": {"stall": 100_000},
    "stalls before the first byte": {"stall": 0},
    "drips": {"drip": True},
    "hangs up in a chunk": {"chunked": True, "cut": 70_000},
    "is busy": {"status": 503},
    "fails": {"status": 500},
    "says too many": {"status": 429, "retry_after": "0"},
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=list(PASSING))
@pytest.mark.parametrize("stated", [True, False], ids=["published", "unpublished"])
def test_a_server_that_fails_for_a_while_is_asked_again(
    serve: Serve, fault: Fault, stated: bool
) -> None:
    server = serve(fault, fault)
    assert fetched(server, model(size=stated, sha256=stated)) == BODY
    assert len(server.asked) == 3


def test_what_arrived_before_a_break_is_not_fetched_again(serve: Serve) -> None:
    server = serve({"cut": 100_000}, {"cut": 50_000})
    assert fetched(server, model()) == BODY
    assert server.ranges() == [None, "bytes=100000-", "bytes=150000-"]
    assert [asked.get("If-Range") for asked in server.asked] == [None, '"one"', '"one"']


@pytest.mark.parametrize("fault", [{}, {"whole": True}, {"ranged": True}], ids=str)
@pytest.mark.parametrize("stated", [True, False], ids=["published", "unpublished"])
def test_a_file_that_changes_between_two_parts_is_never_mixed(
    serve: Serve, fault: Fault, stated: bool
) -> None:
    server = serve({"cut": 100_000}, {"becomes": OTHER} | fault)
    assert fetched(server, model(OTHER, size=stated, sha256=stated)) == OTHER


def test_a_server_that_lies_about_being_the_same_is_found_out_by_the_checksum(serve: Serve) -> None:
    # Nothing to go by but the bytes: the part of the first version is continued with the second.
    server = serve({"cut": 100_000}, {"becomes": OTHER}, etag=None)
    assert fetched(server, model(OTHER)) == OTHER


@pytest.mark.parametrize(
    ("validators", "condition"),
    [
        ({"etag": 'W/"weak"', "modified": "Sat, 21 Nov 2026 10:00:00 GMT"}, "Sat, 21 Nov"),
        ({"etag": None}, None),
    ],
    ids=["weak tag", "nothing"],
)
def test_without_a_checksum_a_part_is_only_continued_if_the_server_vouches_for_it(
    serve: Serve, validators: dict[str, Any], condition: str | None
) -> None:
    server = serve({"cut": 100_000}, **validators)
    assert fetched(server, model(sha256=False)) == BODY
    asked = server.asked[1]
    assert ("Range" in asked) == (condition is not None)
    assert asked.get("If-Range", "").startswith(condition or "")


def test_a_part_that_starts_elsewhere_than_asked_is_not_taken(serve: Serve) -> None:
    server = serve({"cut": 100_000}, {"start": 99_000})
    assert fetched(server, model(sha256=False)) == BODY
    assert server.ranges() == [None, "bytes=100000-", None]


def test_a_part_longer_than_the_file_is_thrown_away(serve: Serve) -> None:
    server = serve({"cut": 100_000}, {"becomes": BODY[:50_000], "ranged": True})
    assert (
        fetched(server, model(BODY[:50_000], size=False, sha256=False, about=400_000))
        == (BODY[:50_000])
    )


def test_redirects_are_followed(serve: Serve) -> None:
    server = serve({"redirect": "/behind"})
    assert fetched(server, model()) == BODY


def test_a_protected_address_may_not_lead_to_one_that_is_not() -> None:
    ask = Request("https://models.invalid/weights.bin")
    headers = HTTPMessage()
    for target, refused in (("http://models.invalid/", True), ("https://other.invalid/", False)):
        context = pytest.raises(ModelError, match="not protected") if refused else nullcontext()
        with context:
            Redirects().redirect_request(ask, BytesIO(), 302, "Found", headers, target)


LASTING: dict[str, tuple[list[Fault], str]] = {
    "is not there": ([{"status": 404}], "404"),
    "forbidden": ([{"status": 403}], "403"),
    "always fails": ([{"status": 500}] * 9, "500"),
    "always stalls": ([{"stall": 10}] + [{"stall": 0}] * 9, "no answer for 0.4 s"),
    "always hangs up": ([{"cut": 10}] * 9 + [{"cut": 0}] * 9, "ended after"),
    "always breaks off at one byte": ([{"whole": True, "cut": 10}] * 9, "ended after 10 of 320000"),
    "claims more": ([{"length": 400_000}], "another file: 400000 bytes"),
    "claims less": ([{"length": 1000}], "another file: 1000 bytes"),
    "sends another file": ([{"becomes": OTHER}], "not the file that was published: its sha256"),
    "sends more": ([{"becomes": BODY + "x", "unstated": True}], "larger than 320000"),
    "leads in a circle": ([{"redirect": FILE}] * 30, "302"),
    "leads to a local file": ([{"redirect": "file:///etc/passwd"}], "302"),
    "leads to another protocol": ([{"redirect": "ftp://127.0.0.1/x"}], "not protected"),
}


@pytest.mark.parametrize(("faults", "says"), LASTING.values(), ids=list(LASTING))
def test_a_server_that_cannot_be_helped_ends_in_one_line(
    serve: Serve, faults: list[Fault], says: str
) -> None:
    server = serve(*faults)
    with pytest.raises(ModelError, match=says) as caught:
        fetched(server, model())
    assert "\n" not in str(caught.value)
    assert store.present() == []


def test_a_file_that_changes_all_the_time_is_left_in_the_end(serve: Serve) -> None:
    faults = [
        {"becomes": BODY, "cut": 100_000} | ({"start": 7} if n % 2 else {}) for n in range(40)
    ]
    server = serve(*faults)
    with pytest.raises(ModelError):
        fetched(server, model())
    assert len(server.asked) < 12


def test_without_published_sizes_a_flood_is_bounded(serve: Serve) -> None:
    with pytest.raises(ModelError, match="larger than 2000 bytes"):
        fetched(serve({"unstated": True}), model(size=False, sha256=False, about=1000))
    assert store.arrived("a-model") == 0


def test_without_a_network_nothing_is_tried_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as port:  # bound, but nobody listens
        port.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{port.getsockname()[1]}"
        pauses: list[float] = []
        monkeypatch.setattr("voicestand.speech.models.download.time.sleep", pauses.append)
        with pytest.raises(ModelError, match=f"{address} cannot be reached: .*refused.*--from DIR"):
            pull(model(), Origin(url=f"http://{address}"))
    assert pauses == []


def test_a_proxy_is_honoured(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve()
    address = "http://mirror.invalid"
    # A proxy is asked for whole addresses; this one only knows paths.
    monkeypatch.setenv("http_proxy", proxy.url)
    with pytest.raises(ModelError, match="404"):
        pull(model(), Origin(url=address), patience=QUICK)
    assert proxy.asked[0]["path"] == f"{address}{FILE}"


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    cuts=st.lists(st.integers(0, len(BODY)), max_size=3),
    published=st.booleans(),
    chunked=st.booleans(),
)
def test_any_breaks_leave_the_file_as_it_is(
    serve: Serve, cuts: list[int], published: bool, chunked: bool
) -> None:
    shutil.rmtree(store.folder(), ignore_errors=True)
    server = serve(*({"cut": cut, "chunked": chunked and published} for cut in cuts))
    assert fetched(server, model(size=published, sha256=published)) == BODY


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    length=st.integers(0, len(BODY) + 10),
    damaged=st.booleans(),
    validator=st.sampled_from(['"one"', '"older"', ""]),
)
def test_whatever_an_earlier_pull_left_the_model_is_right(
    serve: Serve, length: int, damaged: bool, validator: str
) -> None:
    shutil.rmtree(store.folder(), ignore_errors=True)
    server = serve()
    parts = store.parts_of("a-model")
    parts.mkdir(parents=True)
    part = parts / f"{hashlib.sha256(b'weights.bin').hexdigest()[:16]}.part"
    part.write_text(((OTHER if damaged else BODY) * 2)[:length])
    notes = {"url": f"{server.url}{FILE}", "condition": validator}
    part.with_name(f"{part.name}.json").write_text(json.dumps(notes) if validator else "{")
    assert fetched(server, model()) == BODY


# Folders


def folder_of(tmp_path: Path, body: str = BODY) -> Path:
    folder = tmp_path / "elsewhere"
    (folder / "a-model").mkdir(parents=True)
    (folder / "a-model" / "weights.bin").write_text(body)
    return folder


@pytest.mark.parametrize("below", ["", "a-model"])
def test_a_folder_will_do_instead_of_a_network(tmp_path: Path, below: str) -> None:
    folder = folder_of(tmp_path) / below
    path = pull(model(), Origin.parse(str(folder)))
    assert (path / "weights.bin").read_text() == BODY
    assert Origin.parse(folder.as_uri()).folder == folder


def test_a_folder_with_a_damaged_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not the file that was published"):
        pull(model(), Origin.parse(str(folder_of(tmp_path, OTHER))))
    with pytest.raises(ModelError, match=r"has no a-model/weights\.bin"):
        pull(model(), Origin.parse(str(tmp_path)))
    assert store.present() == []


@pytest.mark.parametrize("text", ["/no/such/folder", "ftp://mirror.invalid/", "http://", ""])
def test_what_is_neither_a_folder_nor_an_address_is_bad_input(text: str) -> None:
    with pytest.raises(InputError, match="from a folder or an http"):
        Origin.parse(text)


@pytest.mark.parametrize(
    "text", ["http://[::1/", "https://mirror.invalid:99999/", "https://mirror.invalid:x/"]
)
def test_what_is_no_address_is_bad_input(text: str) -> None:
    with pytest.raises(InputError, match="is not an address"):
        Origin.parse(text)


@pytest.mark.parametrize(
    "text", ["https://me:secret@mirror.invalid/", "https://m.invalid/?k=secret"]
)
def test_an_address_with_a_secret_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(InputError, match="no user name") as refused:
        Origin.parse(text)
    assert "secret" not in str(refused.value)


# The store


def test_two_pulls_of_one_model_do_not_meet(serve: Serve) -> None:
    with store.locked("a-model"), pytest.raises(ModelError, match="another process"):
        fetched(serve(), model())


def test_a_full_disk_is_told_before_anything_is_fetched(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = shutil.disk_usage("/")._replace(free=10 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: there)
    server = serve()
    with pytest.raises(ModelError, match=r"a-model needs 67 MB in .* 10 MB are free"):
        fetched(server, model())
    assert server.asked == []


def test_a_cache_that_cannot_be_written_is_told_in_one_line(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(ModelError, match="models cannot be kept in"):
        fetched(serve(), model())


def test_a_file_that_arrived_earlier_and_is_no_longer_right_is_fetched_again(serve: Serve) -> None:
    earlier = store.parts_of("a-model") / "files"
    earlier.mkdir(parents=True)
    (earlier / "weights.bin").write_text(OTHER)
    assert fetched(serve(), model()) == BODY


def test_the_receipt_names_everything_that_is_there(serve: Serve) -> None:
    fetched(serve(), model(sha256=False))
    written = json.loads((store.path_of("a-model") / "model.json").read_text())
    assert written["checked"] is False
    assert written["files"][0]["sha256"] == hashlib.sha256(BODY.encode()).hexdigest()


# Archives


def archived(tmp_path: Path) -> tuple[Model, Path]:
    """A model that is an archive, and the folder of a mirror that has it."""
    mirror = tmp_path / "mirror"
    (mirror / "a-model").mkdir(parents=True)
    path = mirror / "a-model" / "packed.tar.bz2"
    with tarfile.open(path, "w:bz2") as file:
        for name in ("weights.bin", "test/words.txt"):
            info = tarfile.TarInfo(f"packed/{name}")
            info.size = len(name)
            file.addfile(info, BytesIO(name.encode()))
    packed = ModelFile(
        path="packed.tar.bz2",
        size=path.stat().st_size,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )
    return model(files=[packed], archive=True), mirror


def test_an_archive_is_unpacked_and_not_kept(tmp_path: Path) -> None:
    wanted, mirror = archived(tmp_path)
    path = pull(wanted, Origin.parse(str(mirror)))
    assert {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()} == {
        "weights.bin",
        "test/words.txt",
        "model.json",
    }
    receipt = store.receipt("a-model")
    assert receipt is not None
    assert receipt.checked


def test_a_pull_that_was_killed_while_it_unpacked_begins_to_unpack_anew(tmp_path: Path) -> None:
    wanted, mirror = archived(tmp_path)
    for leftover in ("unpacked", "unpacked.only"):
        folder = store.parts_of("a-model") / leftover
        folder.mkdir(parents=True)
        (folder / "half.bin").write_text("half")
    path = pull(wanted, Origin.parse(str(mirror)))
    assert not (path / "half.bin").exists()
    assert (path / "weights.bin").read_text() == "weights.bin"


def test_the_models_of_another_machine_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, mirror = archived(tmp_path)
    pull(wanted, Origin.parse(str(mirror)))
    theirs = store.folder()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    path = pull(wanted, Origin.parse(str(theirs)))
    assert path.is_relative_to(tmp_path / "another")
    assert (path / "test" / "words.txt").read_text() == "test/words.txt"
    receipt = store.receipt("a-model")
    assert receipt is not None
    assert not receipt.checked  # only the archive's checksum is published


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda folder: (folder / "weights.bin").write_text("x"), "is damaged: its sha256"),
        (lambda folder: (folder / "weights.bin").unlink(), "cannot be kept: No such file"),
        (lambda folder: (folder / "model.json").write_text("{"), "is damaged"),
        (
            lambda folder: (folder / "model.json").write_text(
                (folder / "model.json").read_text().replace("weights.bin", "../../out")
            ),
            "names a path outside",
        ),
    ],
    ids=["file", "no file", "receipt", "path"],
)
def test_damaged_models_of_another_machine_are_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Path], object],
    says: str,
) -> None:
    wanted, mirror = archived(tmp_path)
    theirs = pull(wanted, Origin.parse(str(mirror)))
    damage(theirs)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    with pytest.raises(ModelError, match=says):
        pull(wanted, Origin.parse(str(theirs.parent)))
    assert store.present() == []
