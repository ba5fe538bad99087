"""docs/truth.md from the rows that truth.py wrote: what was promised, what came out, on how many worlds."""

# ruff: noqa: E501 -- rows of the page's tables
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

Row = dict[str, Any]
PLANTED = ("planted", "planted under engagement")
NULL = ("nothing planted", "early leavers")
SEEMING = ("proxy", "because kept")
KINDS = (
    "planted", "planted under engagement", "nothing planted", "early leavers", "proxy", "because kept",
    "two moments", "sequence", "distinct", "partner's first", "rare tie", "newcomers",
)  # fmt: skip

HEAD = """# Is what `find` says true?

Worlds with a known truth are drawn (`occasion.events.world_patterns`), the six steps of `find` are run on each, and the
answer is held against the truth. The streams are given: a count of every event name and, in three worlds, the sequence,
distinct count or slice that is true there; what `occasion find` proposes by itself, and reads from files, is tested
beside it (tests/test_run.py, tests/test_candidates.py). Every world has {parties} people and about 115 events a person before the outcome
begins; eight lines are confirmed in each (twenty by default). Everything is seeded: the same rows come out again with

    python bench/truth.py --seeds 100 --runs 1000

(`make test-slow` does this.) A number in brackets is the 95 % interval of a share (Wilson). *The phi rule* is what most
tools do: of all counts and windows take the one with the largest phi between reaching it and being kept. It is given the
same cells and never says "nothing", so in a world without a moment it is always wrong.
"""

WORLDS = """## The worlds

| world | what is true in it |
|---|---|
| planted | one event, 3 to 10 times within 5 to 18 days, raises the chance of being kept by .10 to .25; nothing else does |
| planted under engagement | the same, and an unseen engagement drives every event and the chance of being kept (.05 to .69) |
| nothing planted | engagement drives everything; no moment |
| early leavers | 45 % leave early (mean 8 days) for no reason seen; no moment |
| proxy | a true moment sets off a run of another event, which does nothing; engagement as above |
| because kept | the outcome is decided within ten days; whoever stays then does three things more, and others after day 28 |
| two moments | two true moments, engagement as above |
| sequence | a picture viewed and, within a day, a first click on rent: the pair counts |
| distinct | different people written to count, messages do not |
| partner's first | two kinds of parties; a partner's first client counts |
| rare tie | one contact with a long-lost friend counts; one party in twenty-five has it |
| newcomers | counts only in the first two to four days |
"""


def page(rows: Sequence[Row]) -> str:
    """The whole page."""
    by_kind = {kind: [r for r in rows if r["kind"] == kind] for kind in (*KINDS, "small")}
    worlds = [r for kind in KINDS for r in by_kind[kind]]
    parties = f"{worlds[0]['parties']:,}".replace(",", " ") if worlds else "20 000"
    parts = [
        HEAD.format(parties=parties),
        _rests_on(by_kind),
        _promises(by_kind),
        WORLDS,
        _named(by_kind),
        _effects(by_kind),
        _false(by_kind),
        _estimator(by_kind["small"]),
        _misses(by_kind),
    ]
    return "\n".join(part for part in parts if part)


def _rests_on(by_kind: dict[str, list[Row]]) -> str:
    counts = sorted({len(by_kind[k]) for k in KINDS})
    span = f"{counts[0]}" if counts[0] == counts[-1] else f"{counts[0]} to {counts[-1]}"
    seconds = [r["seconds"] for k in KINDS for r in by_kind[k]]
    mean = f", {sum(seconds) / len(seconds):.1f} seconds of one core each" if seconds else ""
    return f"**This page rests on {span} seeds of each world{mean}, and on {len(by_kind['small'])} runs of the estimator.**\n"


def _promises(by_kind: dict[str, list[Row]]) -> str:
    lines = ["## Promised and reached\n", "| promise | reached | ours | phi rule |", "|---|---|---|---|"]
    for kind in PLANTED:
        hits, peer, n = _count(by_kind[kind], _first), _count(by_kind[kind], _peer), len(by_kind[kind])
        lines.append(_line(f"{kind}: named first in at least 95 of 100", hits, n, 0.95, _of(peer, n), least=True))
    for kind in NULL:
        false, n = _count(by_kind[kind], lambda r: bool(r["candidates"])), len(by_kind[kind])
        lines.append(_line(f"{kind}: a candidate in at most 5 of 100", false, n, 0.05, _of(n, n), least=False))
    for kind in SEEMING:
        wrong, n = _count(by_kind[kind], _called_candidate), len(by_kind[kind])
        peer = _count(by_kind[kind], _peer_takes_seeming)
        lines.append(_line(f"{kind}: wrongly candidate in at most 5 of 100", wrong, n, 0.05, _of(peer, n), least=False))
    hits, n = _count(by_kind["two moments"], _both_in_three), len(by_kind["two moments"])
    lines.append(_line("two moments: both in the first three", hits, n, 0.95, "names one", least=True))
    for kind in ("sequence", "distinct", "partner's first", "rare tie", "newcomers"):
        hits, peer, n = _count(by_kind[kind], _first), _count(by_kind[kind], _peer), len(by_kind[kind])
        lines.append(_line(f"{kind}: named first in at least 95 of 100", hits, n, 0.95, _of(peer, n), least=True))
    return "\n".join(lines) + "\n"


def _line(what: str, hits: int, n: int, bound: float, peer: str, *, least: bool) -> str:
    if not n:
        return f"| {what} | not run | | |"
    reached = hits >= bound * n if least else hits <= bound * n
    return f"| {what} | {'yes' if reached else '**no**'} | {_of(hits, n)} | {peer} |"


def _named(by_kind: dict[str, list[Row]]) -> str:
    lines = [
        "## Was the truth named?\n",
        "Named first: the event is right, the count within 1, the window within 2 days or a fifth, verdict `candidate`.",
        "The median place of the true line among all cells by phi stands beside. Other candidates are nearly all of one kind: in",
        "the world of two kinds of parties, *training attended* marks a partner, and partners stay a little more often (5",
        "points) for a reason that nothing else in the log shows. A line about one kind of party is to be judged within it.\n",
        "| world | ours named first | other candidates | phi rule named it | median place by phi |",
        "|---|---|---|---|---|",
    ]
    for kind in KINDS:
        rows = [r for r in by_kind[kind] if r["truths"]]
        if not rows:
            continue
        ranks = sorted(t["peer_rank"] for r in rows for t in r["truths"] if t.get("peer_rank"))
        middle = ranks[len(ranks) // 2] if ranks else "–"
        false = _count(rows, lambda r: bool(r["false"]))
        lines.append(
            f"| {kind} | {_of(_count(rows, _first), len(rows))} | {_of(false, len(rows))} |"
            f" {_of(_count(rows, _peer), len(rows))} | {middle} |"
        )
    return "\n".join(lines) + "\n"


def _effects(by_kind: dict[str, list[Row]]) -> str:
    lines = [
        "## Was the effect right?\n",
        "Of the true moments: mean error of the effect (percentage points), how often its 95 % interval, printed after",
        "selection, holds the truth (90 to 99 of 100 were promised where nothing is hidden), its mean half width, and how",
        "often the sensitivity figure warned. In all worlds but the first engagement is latent: no interval can promise",
        "anything there, and the warning is meant to come.\n",
        "| world | hidden | mean error | interval holds the truth | half width | warned |",
        "|---|---|---|---|---|---|",
    ]
    for kind in KINDS:
        truths = [t for r in by_kind[kind] for t in r["truths"] if "value" in t]
        if not truths:
            continue
        n = len(truths)
        error = sum(t["value"] - t["effect"] for t in truths) / n
        holds = sum(t["low"] <= t["effect"] <= t["high"] for t in truths)
        width = sum(t["high"] - t["low"] for t in truths) / 2 / n
        warned = sum(bool(t["warns"]) for t in truths)
        hidden = "yes" if by_kind[kind][0]["hidden"] else "no"
        lines.append(
            f"| {kind} | {hidden} | {100 * error:+.1f} | {_of(holds, n)} | {100 * width:.1f} | {_of(warned, n)} |"
        )
    return "\n".join(lines) + "\n"


def _false(by_kind: dict[str, list[Row]]) -> str:
    lines = [
        "## What was said of what only seems so\n",
        "| world | line | candidate | association only | cannot say | not among the lines looked at |",
        "|---|---|---|---|---|---|",
    ]
    for kind in KINDS:
        whats = sorted({s["what"] for r in by_kind[kind] for s in r["seeming"]})
        for what in whats:
            said = [s["said"] for r in by_kind[kind] for s in r["seeming"] if s["what"] == what]
            row = [str(said.count(v)) for v in ("candidate", "association only", "cannot say", "not named")]
            lines.append(f"| {kind} | `{what}` | {' | '.join(row)} |")
    late = [r for r in by_kind["because kept"] if r["late"]]
    lines.append(
        f"\nIn {len(late)} of {len(by_kind['because kept'])} worlds of the kind *because kept* the things done after the"
        " outcome had begun were set aside, with time as the reason."
    )
    return "\n".join(lines) + "\n"


def _estimator(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    lines = [
        "## The estimator alone, where everything is seen\n",
        "3 000 people, a true effect of 15 points, everything that drives both is in the log before the moment can come.",
        "Promised: the 95 % interval holds the truth in 93 to 97 of 100.\n",
        "| estimator | runs | holds the truth | mean error | plain difference's error | spread of answers | mean error bar |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, shown in (("landmark", "landmark (the effect printed)"), ("trial", "emulated trials (the second look)")):
        got = [(*r[name], r["effect"]) for r in rows if name in r]
        n = len(got)
        if not n:
            continue
        errors = [g[0] - g[3] for g in got]
        mean = sum(errors) / n
        spread = math.sqrt(sum((e - mean) ** 2 for e in errors) / n)
        holds = sum(abs(e) <= 1.959964 * g[1] for e, g in zip(errors, got, strict=True))
        naive = sum(g[2] - g[3] for g in got) / n
        bar = sum(g[1] for g in got) / n
        lines.append(
            f"| {shown} | {n} | {100 * holds / n:.1f} % | {100 * mean:+.2f} | {100 * naive:+.1f} |"
            f" {100 * spread:.2f} | {100 * bar:.2f} |"
        )
    return "\n".join(lines) + "\n"


def _misses(by_kind: dict[str, list[Row]]) -> str:
    lines = ["## Every miss\n"]
    for kind in KINDS:
        for r in by_kind[kind]:
            for t in r["truths"]:
                if t["place"] is None or t["place"] > max(1, len(r["truths"])):
                    at = (
                        f", looked at {t['at'][0]} within {t['at'][1]:g} days: {t['said']}"
                        if "at" in t
                        else ", not looked at"
                    )
                    lines.append(
                        f"- {kind}, seed {r['seed']}: `{t['what']}` at least {t['count']} within {t['days']:g} days, worth"
                        f" {100 * t['effect']:.1f} points{at}"
                    )
            lines += [f"- {kind}, seed {r['seed']}: wrongly candidate `{when}`" for when in r["false"]]
    if len(lines) == 1:
        lines.append("None.")
    return "\n".join(lines) + "\n"


def _count(rows: Sequence[Row], test: Callable[[Row], bool]) -> int:
    return sum(1 for r in rows if test(r))


def _first(row: Row) -> bool:
    return any(t["place"] == 1 for t in row["truths"])


def _both_in_three(row: Row) -> bool:
    return all(t["place"] is not None and t["place"] <= 3 for t in row["truths"])


def _peer(row: Row) -> bool:
    return bool(row["peer_located"])


def _called_candidate(row: Row) -> bool:
    return any(s["said"] == "candidate" for s in row["seeming"])


def _peer_takes_seeming(row: Row) -> bool:
    return any(row["peer_first"].startswith(s["what"]) for s in row["seeming"])


def _of(hits: int, n: int) -> str:
    """Hits of n with Wilson's interval in percent."""
    if not n:
        return "–"
    z2, share = 3.841459, hits / n
    middle, half = share + z2 / (2 * n), math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n)))
    low, high = (middle - half) / (1 + z2 / n), (middle + half) / (1 + z2 / n)
    return f"{hits} of {n} ({100 * max(low, 0):.0f}–{100 * min(high, 1):.0f} %)"
