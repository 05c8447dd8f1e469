"""What a bench writes is what is read, and a line that is damaged is told, never skipped."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.bench.records import made

from voicestand.bench.record import MOST_SAMPLES, VARIABLE, Bound, Record, parse, record, thinned

ROOT = Path(__file__).parents[2]


def write(name: str = "made", ours: list[float] | None = None, **rest: object) -> None:
    record(name, "it is quick", input="nothing", unit="ms", ours=ours or [1.0], **rest)  # type: ignore[arg-type]


def test_what_a_bench_writes_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "records"
    monkeypatch.setenv(VARIABLE, str(file))
    write("one", [1.0, 2.5], peers={"µ «peer»": [3.0]}, bounds=[Bound(1.5, "µ «peer»"), Bound(4)])
    write("two", better="higher", statistic="p99", absent={"soxr": "not installed"})
    records, damaged = parse(file.read_bytes())
    assert damaged == []
    assert [one.name for one in records] == ["one", "two"]
    assert records[0].peers == {"µ «peer»": [3.0]}
    assert records[0].bounds == [Bound(1.5, "µ «peer»"), Bound(4.0)]
    assert (records[1].better, records[1].statistic) == ("higher", "p99")
    assert records[1].absent == {"soxr": "not installed"}


def test_without_the_variable_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    write()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ours": [math.nan]}, "nan"),
        ({"ours": [math.inf]}, "inf"),
        ({"ours": [-1.0]}, "-1"),
        ({"ours": [], "peers": {}}, "length"),
        ({"bounds": [Bound(1.0, "nobody")]}, "nobody"),
        ({"bounds": [Bound(-1.0)]}, "-1"),
        ({"name": "Not a name"}, "name"),
        ({"statistic": "mode"}, "statistic"),
    ],
)
def test_wrong_record_is_refused_though_nothing_is_to_be_written(
    wrong: dict[str, object], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    given = {"name": "made", "claim": "c", "input": "i", "unit": "u", "ours": [1.0], **wrong}
    with pytest.raises(ValueError, match=said):
        record(**given)  # type: ignore[arg-type]


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=3 * MOST_SAMPLES))
def test_samples_are_thinned_evenly_and_keep_their_order(samples: list[float]) -> None:
    kept = thinned(samples)
    assert len(kept) == min(len(samples), MOST_SAMPLES)
    step = len(samples) / len(kept)
    for number, sample in enumerate(kept):
        assert sample == pytest.approx(samples[math.floor(number * step + 1e-9)], rel=1e-5)


@given(
    st.binary(max_size=60),
    st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line), max_size=4),
)
def test_whatever_the_lines_are_each_is_a_record_or_told(tail: bytes, lines: list[bytes]) -> None:
    good = msgspec.json.encode(made([1.0]))
    records, damaged = parse(b"\n".join([*lines, good, tail]))
    assert "made" in [one.name for one in records]
    written = [line for line in [*lines, *tail.split(b"\n")] if line.strip()]
    assert len(damaged) + len(records) - 1 == len(written)
    assert all("\n" not in line for line in damaged)


def test_record_that_was_cut_off_is_told_with_its_line() -> None:
    good = msgspec.json.encode(made([1.0]))
    records, damaged = parse(good + b"\n" + good[: len(good) // 2])
    assert len(records) == 1
    assert len(damaged) == 1
    assert damaged[0].startswith("line 2 is no record")


def test_later_record_of_a_name_counts() -> None:
    lines = [msgspec.json.encode(made([value])) for value in (1.0, 2.0)]
    records, damaged = parse(b"\n".join(lines))
    assert [one.ours for one in records] == [[2.0]]
    assert damaged == []


CARGO_FREE = """
mod record;
fn main() {
    let samples: Vec<f64> = (0..10_000).map(|n| f64::from(n) * 1.5).collect();
    record::Record::new("made-in-rust", "say \\"µ\\" \\\\ and\\ttab")
        .input("nothing").unit("ns").statistic("p99").higher_is_better()
        .ours(&samples).peer("rtrb", &[0.25]).absent("soxr", "not here")
        .ratio("rtrb", 1.0).value(2.5)
        .write();
}
"""


def test_rust_writes_the_same_lines(tmp_path: Path) -> None:
    (tmp_path / "main.rs").write_text(CARGO_FREE)
    (tmp_path / "record").mkdir()
    source = (ROOT / "rust/core/benches/record/mod.rs").read_text()
    (tmp_path / "record" / "mod.rs").write_text(source)
    program = tmp_path / "program"
    command = ["rustc", "--edition", "2024", "-o", str(program), str(tmp_path / "main.rs")]
    subprocess.run(command, check=True, timeout=120)
    file = tmp_path / "records"
    subprocess.run([program], check=True, env={VARIABLE: str(file)}, timeout=30)
    (found,), damaged = parse(file.read_bytes())
    assert damaged == []
    expected = Record(
        name="made-in-rust",
        claim='say "µ" \\ and\ttab',
        input="nothing",
        unit="ns",
        statistic="p99",
        better="higher",
        ours=thinned([number * 1.5 for number in range(10_000)]),
        peers={"rtrb": [0.25]},
        absent={"soxr": "not here"},
        bounds=[Bound(1.0, "rtrb"), Bound(2.5)],
    )
    assert found == expected
