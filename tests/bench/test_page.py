"""The page shows every claim, marks every miss, and needs nothing else than itself."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.bench.records import PEER, beside_peer, made, outcome, positive

from voicestand.bench.baseline import Change
from voicestand.bench.benches import LeftOut
from voicestand.bench.machine import Machine
from voicestand.bench.page import page
from voicestand.bench.record import Bound
from voicestand.bench.report import Report, claims, troubles
from voicestand.bench.runner import Outcome

VOID = {"meta", "line", "circle", "polygon", "link", "br", "img"}
MACHINE = Machine(
    cpu="A processor <of> tests",
    cores="2 performance",
    kernel="Linux 6",
    governor="powersave",
    memory="8 GB",
    load="0.1 0.2 0.3",
    busy=False,
    versions={"voicestand": "0.1.0"},
    peers={"rtrb": "0.4.0", "soxr": "not installed"},
)


class Parsed(HTMLParser):
    """The page as a browser sees it; fails where an element is not closed."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cards: dict[str, str] = {}
        self.links: list[str] = []
        self.badges: dict[str, str] = {}
        self.tags: list[str] = []
        self.text = ""
        self._card = ""
        self._badge = False
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        if given.get("id", "").startswith("claim-"):
            self._card = given["id"].removeprefix("claim-")
            self.cards[self._card] = ""
        self._badge = "badge" in given.get("class", "")
        self.links += [given[key] for key in ("href", "src") if key in given]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag
        if tag == "article":
            self._card = ""

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("style", "title"):
            return
        self.text += f" {data}"
        if self._card:
            self.cards[self._card] += f" {data}"
            if self._badge:
                self.badges[self._card] = data
                self._badge = False


def shown(*outcomes: Outcome, changes: list[Change] | None = None, **rest: object) -> Parsed:
    report = Report(
        began="2026-11-21T01:00:00+01:00",
        seconds=12.0,
        machine=MACHINE,
        claims=claims(outcomes),
        left_out=[one for outcome in outcomes for one in outcome.left_out],
        trouble=troubles(outcomes),
        changes=changes or [],
        unmatched=[],
    )
    return Parsed(page(report, outcomes))


def test_every_claim_appears_with_its_figures_and_its_peers() -> None:
    seen = shown(
        outcome(made([1.25], [2.5], name="one"), made([3.0], name="two")),
        outcome(made([7.77], [1.0], name="three"), bench="other"),
    )
    assert set(seen.cards) == {"one", "two", "three"}
    assert "1.25" in seen.cards["one"]
    assert PEER in seen.cards["one"]
    assert "2.00 ×" in seen.cards["one"]
    assert "7.77" in seen.cards["three"]


def test_misses_are_marked_as_misses() -> None:
    seen = shown(
        outcome(
            made([1.0], [2.0], name="kept", bounds=beside_peer(1.0)),
            made([1.0], [2.0], name="lost", bounds=beside_peer(3.0)),
            made([9.0], name="slow", bounds=[Bound(5.0)]),
            made([1.0], name="lone", bounds=[Bound(1.0, "soxr")], absent={"soxr": "not installed"}),
            made([1.0], name="plain"),
        )
    )
    assert seen.badges == {
        "kept": "met",
        "lost": "missed",
        "slow": "missed",
        "lone": "peer missing",
        "plain": "measured",
    }
    assert "not installed" in seen.cards["lone"]
    assert "≥ 3.00" in seen.cards["lost"]
    assert "≤ 5.00" in seen.cards["slow"]


def test_what_was_not_run_and_what_went_wrong_is_told() -> None:
    seen = shown(
        outcome(bench="alone", left_out=[LeftOut("alone", "needs soxr, which is not installed")]),
        outcome(bench="broken", trouble=["ended with 1: AssertionError"], printed="a <trace>"),
    )
    for told in ("alone", "needs soxr", "broken", "ended with 1: AssertionError", "a <trace>"):
        assert told in seen.text


def test_regressions_are_told() -> None:
    changes = [
        Change("made", PEER, 2.0, 1.0, 1.1, True),
        Change("made", "another", None, 1.0, None, False),
    ]
    seen = shown(outcome(made([1.0], [1.0])), changes=changes)
    for told in ("regressed", "cannot be said", "9 %", "∞"):
        assert told in seen.text


def test_machine_is_described_with_versions_and_absent_peers() -> None:
    seen = shown(outcome(made([1.0])))
    for told in ("A processor <of> tests", "powersave", "Linux 6", "0.1 0.2 0.3", "0.4.0"):
        assert told in seen.text
    assert "soxr" in seen.text
    assert "not installed" in seen.text


def test_page_needs_nothing_from_elsewhere() -> None:
    seen = shown(outcome(made([1.0, 2.0], [2.0, 3.0])))
    assert all(link.startswith("#") for link in seen.links)
    assert not {"script", "link", "img", "iframe", "object"} & set(seen.tags)


def test_links_lead_somewhere() -> None:
    outcomes = [outcome(made([1.0], [2.0]), trouble=["oh"])]
    source = shown(*outcomes)
    assert set(source.links) <= {"#claim-made", "#missing"}


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><b>', "&amp;", "\x00"])
def test_texts_of_a_bench_stay_texts(hostile: str) -> None:
    record = made([1.0], claim=hostile, input=hostile, unit=hostile, absent={hostile: hostile})
    seen = shown(outcome(record, bench=hostile, trouble=[hostile], printed=hostile))
    assert "script" not in seen.tags
    assert "b" not in seen.tags[seen.tags.index("section") :]


samples = st.lists(st.one_of(st.just(0.0), positive), min_size=1, max_size=150)


@settings(max_examples=60)
@given(samples, samples, st.one_of(st.none(), st.floats(0, 1e9)))
def test_plots_stay_within_their_frame_whatever_the_samples(
    ours: list[float], peer: list[float], value: float | None
) -> None:
    bounds = [] if value is None else [Bound(value), Bound(value, PEER)]
    report_page = shown(outcome(made(ours, peer, bounds=bounds)))
    assert report_page.cards


@settings(max_examples=60)
@given(samples, samples)
def test_every_coordinate_is_a_number_on_the_canvas(ours: list[float], peer: list[float]) -> None:
    from voicestand.bench import plot

    drawn = plot.distributions({"ours": (ours, max(ours)), PEER: (peer, max(peer))}, "ms", 5.0)
    drawn += plot.ratios([("one", "one", ours[0], peer[0]), ("two", "two", float("inf"), None)])
    for found in re.findall(r' (?:x1?|x2|cx)="([^"]*)"', drawn):
        assert 0 <= float(found) <= plot.WIDTH
    for points in re.findall(r'points="([^"]*)"', drawn):
        assert all(0 <= float(xy.split(",")[0]) <= plot.WIDTH for xy in points.split())


@pytest.mark.parametrize("value", [0.0, 5e-324, 1e-311, 1e-9, 1e100])
def test_scales_bear_values_of_every_size(value: float) -> None:
    from voicestand.bench import plot

    for beside in (0.0, value, 1.0, 1e100):
        assert "nan" not in plot.distributions({"ours": ([value], value)}, "ms", beside)
        assert "nan" not in plot.ratios([("one", "one", value, beside)])
