"""The report as one HTML page that needs nothing else: no network, no script, light and dark."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files

from voicestand.bench import plot
from voicestand.bench.figures import Kept, Verdict
from voicestand.bench.numbers import written
from voicestand.bench.record import Record
from voicestand.bench.report import Claim, Report, Side
from voicestand.bench.runner import Outcome

VERDICTS: dict[Verdict, str] = {
    "met": "met",
    "missed": "missed",
    "open": "peer missing",
    "measured": "measured",
}
_WHAT: dict[Verdict, str] = {
    "met": "promises kept",
    "missed": "promises missed",
    "open": "without their peer",
    "measured": "only measured",
}


def page(report: Report, outcomes: Sequence[Outcome]) -> str:
    """The whole page. ``outcomes`` have the samples of the report's claims."""
    style = (files(__package__) / "style.css").read_text(encoding="utf-8")
    records = {record.name: record for outcome in outcomes for record in outcome.records}
    body = [
        "<h1>VoiceStand, measured</h1>",
        f'<p class="soft">{escape(report.began)}, {report.seconds:.0f} s. A ratio says how many '
        "times better VoiceStand is than a peer in the same run: above 1 it is ahead.</p>",
        _busy(report),
        _tallies(report),
        _changes(report),
        _overview(report),
        *(_bench(outcome, report, records) for outcome in outcomes),
        _missing(report),
        _machine(report),
    ]
    content = "\n".join(part for part in body if part)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>VoiceStand, measured</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"{content}\n</body>\n</html>\n"
    )


def promise(kept: Kept, unit: str, better: str) -> str:
    """A bound in words: ``≤ 20 ms``, ``≥ 1.00 × rtrb``."""
    if kept.bound.peer is not None:
        return f"≥ {written(kept.bound.value)} × {kept.bound.peer}"
    return f"{'≤' if better == 'lower' else '≥'} {written(kept.bound.value)} {unit}"


def _busy(report: Report) -> str:
    if not report.machine.busy:
        return ""
    return (
        f'<p class="open">The machine was busy with something else (load {report.machine.load}): '
        "timings are worse than on a quiet one, and promises may be missed for it.</p>"
    )


def _tallies(report: Report) -> str:
    counts = Counter(claim.verdict for claim in report.claims)
    shown = "".join(
        f'<div class="tally"><b class="{verdict}">{counts[verdict]}</b>{what}</div>'
        for verdict, what in _WHAT.items()
        if counts[verdict] or verdict in ("met", "missed")
    )
    missing = len(report.left_out) + len(report.trouble)
    if missing:
        shown += (
            f'<div class="tally"><b class="open">{missing}</b><a href="#missing">not run</a></div>'
        )
    return f'<div class="tallies">{shown}</div>'


def _overview(report: Report) -> str:
    rows = []
    for claim in report.claims:
        promised = {one.bound.peer: one.bound.value for one in claim.bounds}
        for peer, found in claim.ratios.items():
            value = math.inf if found.ratio is None else found.ratio
            name = f"{claim.name}, {peer}"
            rows.append((name, f"claim-{claim.name}", value, promised.get(peer)))
    if not rows:
        return ""
    return (
        '<h2>Every ratio</h2><div class="card"><p class="soft">Right of 1: ours is ahead. '
        f"Dashed: what is promised; red: missed.</p>{plot.ratios(rows)}</div>"
    )


def _bench(outcome: Outcome, report: Report, records: Mapping[str, Record]) -> str:
    claims = [claim for claim in report.claims if claim.bench == outcome.bench]
    if not claims and not outcome.printed:
        return ""
    printed = ""
    if outcome.printed.strip():
        printed = (
            "<details><summary>what the bench printed</summary>"
            f"<pre>{escape(outcome.printed)}</pre></details>"
        )
    cards = "".join(_claim(claim, records[claim.name]) for claim in claims)
    heading = f'<h2 id="bench-{escape(outcome.bench)}">{escape(outcome.bench)}</h2>'
    return f"<section>{heading}{cards}{printed}</section>"


def _claim(claim: Claim, record: Record) -> str:
    compared = "" if claim.statistic == "median" else f" ({claim.statistic})"
    sides = {f"voicestand{compared}": (record.ours, claim.ours.figure)}
    sides |= {peer: (record.peers[peer], side.figure) for peer, side in claim.peers.items()}
    own = next((one.bound.value for one in claim.bounds if one.bound.peer is None), None)
    promises = "; ".join(
        f'<span class="{"open" if one.met is None else "met" if one.met else "missed"}">'
        f"{escape(promise(one, claim.unit, claim.better))}</span>"
        for one in claim.bounds
    )
    promised = f". Promised: {promises}" if promises else ""
    badge = f'<span class="badge {claim.verdict}">{VERDICTS[claim.verdict]}</span>'
    return (
        f'<article class="card" id="claim-{claim.name}">'
        f"<header><h3>{escape(claim.claim)}</h3>{badge}</header>"
        f'<p class="soft">{escape(claim.input)}. Unit: {escape(claim.unit)}, {claim.better} is '
        f"better{promised}. <code>{claim.name}</code></p>"
        f"{plot.distributions(sides, claim.unit, own)}{_figures(claim)}</article>"
    )


def _figures(claim: Claim) -> str:
    extra = claim.statistic not in ("median", "p95")
    columns: list[str] = [claim.statistic] if extra else []
    columns += ["median", "5 %", "95 %", "samples", "ratio", "promised"]
    head = "".join(f'<th class="n">{column}</th>' for column in columns)
    rows = [_row("voicestand", claim.ours, "", "", extra=extra)]
    for peer, side in claim.peers.items():
        found = claim.ratios[peer].ratio
        value = math.inf if found is None else found
        bound = next((one for one in claim.bounds if one.bound.peer == peer), None)
        promised = f"≥ {written(bound.bound.value)}" if bound else ""
        missed = bound is not None and bound.met is False
        ratio = f'<span class="{"missed" if missed else ""}">{written(value)} ×</span>'
        rows.append(_row(peer, side, ratio, promised, extra=extra))
    rows += [
        f"<tr><td>{escape(peer)}</td>"
        f'<td class="open" colspan="{len(columns)}">{escape(why)}</td></tr>'
        for peer, why in claim.absent.items()
    ]
    body = "".join(rows)
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"


def _row(name: str, side: Side, ratio: str, promised: str, *, extra: bool) -> str:
    figures = [written(value) for value in (side.median, side.p5, side.p95)]
    if extra:
        figures.insert(0, written(side.figure))
    cells = [*figures, f"{side.samples:,}", ratio, promised]
    row = "".join(f'<td class="n">{cell}</td>' for cell in cells)
    return f"<tr><td>{escape(name)}</td>{row}</tr>"


def _changes(report: Report) -> str:
    if not report.changes and not report.unmatched:
        return ""
    rows = []
    for change in sorted(report.changes, key=lambda change: not change.regressed):
        told = "regressed" if change.regressed else "as before"
        if change.noise is None:
            told = "cannot be said: too few parts"
        kind = "missed" if change.regressed else "measured"
        noise = "" if change.noise is None else f"{100 * (1 - 1 / change.noise):.0f} %"
        rows.append(
            f"<tr><td>{escape(change.claim)}</td><td>{escape(change.peer)}</td>"
            f'<td class="n">{_or_infinite(change.before)}</td>'
            f'<td class="n">{_or_infinite(change.now)}</td><td class="n">{noise}</td>'
            f'<td class="{kind}">{told}</td></tr>'
        )
    absent = ""
    if report.unmatched:
        names = escape(", ".join(report.unmatched))
        absent = f'<p class="soft">In the earlier run only: {names}.</p>'
    body = "".join(rows)
    return (
        '<h2>Beside the earlier run</h2><div class="card"><table><thead><tr><th>claim</th>'
        '<th>peer</th><th class="n">ratio then</th><th class="n">now</th>'
        '<th class="n">may fall by</th><th></th></tr></thead>'
        f"<tbody>{body}</tbody></table>{absent}</div>"
    )


def _or_infinite(value: float | None) -> str:
    return "∞" if value is None else written(value)


def _missing(report: Report) -> str:
    said = [(one.bench, one.message, "missed") for one in report.trouble]
    said += [(one.name, one.reason, "open") for one in report.left_out]
    if not said:
        return ""
    rows = "".join(
        f'<tr><td>{escape(name)}</td><td class="{kind}">{escape(why)}</td></tr>'
        for name, why, kind in said
    )
    heading = '<h2 id="missing">Not run, or not to its end</h2>'
    return f'{heading}<div class="card"><table>{rows}</table></div>'


def _machine(report: Report) -> str:
    machine = report.machine
    told = {
        "processor": machine.cpu,
        "cores": machine.cores,
        "memory": machine.memory,
        "kernel": machine.kernel,
        "governor": machine.governor,
        "load before": machine.load,
    }
    lists = {
        "Measured on": told,
        "Versions": machine.versions,
        "Peers and what measures them": machine.peers,
    }
    return "".join(
        f'<h2>{heading}</h2><div class="card">{_list(entries.items())}</div>'
        for heading, entries in lists.items()
        if entries
    )


def _list(entries: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in entries)
    return f"<dl>{rows}</dl>"
