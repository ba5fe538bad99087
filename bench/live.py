"""How many events a second the live reading takes on one core: 20 definitions, 60 event names, an event touches 3.

    python bench/live.py [--events N] [--parties N] [--profile]

State, timers, the reorder buffer and the changes it says are in the figure; making the events is not, and keeping the
log is the store's work. Beside it: the same with 2 % of the events late by up to a day, for which parties are read
again from their log. Every definition's occurrences are counted, and a sample of parties is checked against the law.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import pstats
import resource
import time
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np

from occasion.events.event import Event, number
from occasion.moments.meaning import meaning
from occasion.moments.text import read
from occasion.moments.watch import MemoryLog, Watcher

DAY = 86_400_000_000
EPOCH = 1_767_225_600_000_000  # 2026-01-01 UTC

TEXTS = (
    "count(friend_added) >= 10 within 14 days of first signup",
    "distinct(friend of friend_added) >= 10 within 14 days of start",
    "count(picture_viewed) >= 3 within 7 days of start",
    "picture_viewed then first rent_clicked within 1 day",
    "count(picture_viewed) >= 12 within 7 days",
    'first message_sent where tie = "old"',
    "every 25th session",
    "3rd order_completed",
    "streak of 5 days of session",
    "no session for 14 days",
    "no message_sent for 21 days",
    "no reply for 3 days after question_asked",
    "count(message_sent) >= 5 within 7 days",
    "count(session) < 4 within 14 days of start",
    "sum(amount of order_completed) >= 250 within 30 days of start",
    "every 1 month since first order_completed",
    'order_completed where amount > 90 and country in ("PL", "DE")',
    "question_asked then review_written within 10 days",
    "count(session) >= 20 between 7 days and 28 days after start",
    "first order_completed and first review_written",
)
# share of all events; the rest is spread over names that no definition speaks of or only one does
SHARES = {
    "session": 0.19,
    "picture_viewed": 0.21,
    "message_sent": 0.20,
    "friend_added": 0.09,
    "order_completed": 0.10,
    "rent_clicked": 0.02,
    "question_asked": 0.02,
    "reply": 0.02,
    "review_written": 0.01,
    "signup": 0.01,
}


def made(n: int, parties: int, seed: int = 1) -> list[Event]:
    """Events in order of time: parties differ in how much they do, start over the first 20 of 60 days."""
    rng = np.random.default_rng(seed)
    names = [*SHARES, *(f"page_{i}" for i in range(60 - len(SHARES)))]
    left = 1 - sum(SHARES.values())
    shares = np.array([*SHARES.values(), *[left / (60 - len(SHARES))] * (60 - len(SHARES))])
    weight = rng.gamma(0.8, size=parties) + 0.05
    party = rng.choice(parties, size=n, p=weight / weight.sum())
    begin = rng.random(parties) * 20 * DAY
    at = EPOCH + (begin[party] + rng.random(n) * (60 * DAY - begin[party])).astype(np.int64)
    order = np.argsort(at, kind="stable")
    party, at = party[order], at[order]
    name = rng.choice(len(names), size=n, p=shares / shares.sum())
    texts = [f"party-{i:06d}" for i in range(parties)]
    friends = [{"friend": f"f{i}"} for i in range(40)]
    ties = [{"tie": "new"}] * 19 + [{"tie": "old"}]
    amounts = [
        {"amount": number(float(a)), "country": c}
        for a, c in zip(rng.gamma(2, 25, 200).round(2), rng.choice(["PL", "DE", "FR", "US"], 200), strict=True)
    ]
    said = {"friend_added": friends, "message_sent": ties, "order_completed": amounts}
    which = rng.integers(0, 1000, n)
    nothing: dict[str, str] = {}
    return [
        Event(
            party=texts[p],
            name=names[k],
            at=t,
            seen=t,
            id=f"e{i:08d}",
            properties=said[names[k]][w % len(said[names[k]])] if names[k] in said else nothing,
        )
        for i, (p, k, t, w) in enumerate(zip(party.tolist(), name.tolist(), at.tolist(), which.tolist(), strict=True))
    ]


def delayed(events: list[Event], share: float, seed: int = 2) -> list[Event]:
    """The same in the order they come when a share of them is late by 1 minute to 1 day."""
    rng = np.random.default_rng(seed)
    late = rng.random(len(events)) < share
    by = np.where(late, rng.uniform(60e6, DAY, len(events)), 0).astype(np.int64).tolist()
    came = [msgspec.structs.replace(e, seen=e.at + d) if d else e for e, d in zip(events, by, strict=True)]
    return sorted(came, key=lambda e: e.seen)


def run(events: list[Event], chunk: int, keep: bool) -> tuple[float, Watcher, MemoryLog, Counter[str]]:
    """Seconds of processor time spent in the watcher; adding to the log is not counted."""
    log = MemoryLog()
    watcher = Watcher([read(text) for text in TEXTS], log)
    spent, said = 0.0, Counter[str]()
    gc.collect()
    gc.disable()  # nothing here makes cycles; a service would do the same, or freeze what it holds
    for i in range(0, len(events), chunk):
        batch = events[i : i + chunk]
        if keep:
            log.add(batch)
        clock = batch[-1].seen
        begin = time.process_time()
        changes = watcher.feed(batch, clock)
        spent += time.process_time() - begin
        for change in changes:
            said[f"{change.kind} {change.moment}"] += 1
    return spent, watcher, log, said


def checked(watcher: Watcher, log: MemoryLog, said: Counter[str], events: list[Event]) -> None:
    """The number of occurrences of a sample of parties against the law."""
    some = sorted({e.party for e in events[:50]})[:25]
    again = Watcher(watcher.program.definitions, MemoryLog())
    own = sorted((e for party in some for e in log.of(party)), key=lambda e: e.at)
    found = Counter(c.moment for c in again.feed(own, watcher.clock))
    for definition in watcher.program.definitions:
        expected = [o for p in some for o in meaning(definition, log.of(p), watcher.clock) if o.at <= watcher.horizon]
        assert found[definition.identity] == len(expected), definition


def resident() -> float:
    """MiB that the process holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def packed(watcher: Watcher) -> str:
    """What a party's row takes packed, and how long packing and unpacking take."""
    watcher.reading.gather()
    program, rows = watcher.program, list(watcher.rows.held.values())[:20_000]
    begin = time.process_time()
    kept = [program.pack(row) for row in rows]
    middle = time.process_time()
    again = [program.unpack(one) for one in kept]
    end = time.process_time()
    assert all(
        row is not None and program.save(row) == program.save(own)
        for row, own in zip(again[:50], rows[:50], strict=True)
    )
    size, n = sum(map(len, kept)) / len(rows), len(rows) / 1e6
    return f"packed: {size:,.0f} bytes a party, {(middle - begin) / n:.1f} µs, unpacked in {(end - middle) / n:.1f} µs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=3_000_000)
    parser.add_argument("--parties", type=int, default=100_000)
    parser.add_argument("--chunk", type=int, default=50_000)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    events = made(given.events, given.parties)
    definitions = [read(text) for text in TEXTS]
    watcher = Watcher(definitions, MemoryLog())
    touched = Counter(e.name for e in events)
    touches = sum(
        n * sum(r.names is None or name in r.names for r in watcher.program.readers) for name, n in touched.items()
    ) / len(events)
    print(
        f"{len(events):,} events, {given.parties:,} parties, {len(touched)} names, {len(TEXTS)} definitions, "
        f"an event touches {touches:.2f} on average"
    )
    if given.profile:
        with cProfile.Profile() as profile:
            run(events, given.chunk, keep=False)
        pstats.Stats(profile).sort_stats("tottime").print_stats(30)
        return
    for label, stream in (("in order", events), ("2 % late", delayed(events, 0.02))):
        before = resident()
        spent, watcher, log, said = run(stream, given.chunk, keep=label != "in order")
        total = sum(said.values())
        print(
            f"{label}: {len(events) / spent:,.0f} events/s ({spent:.2f} s), {total:,} changes, "
            f"{len(watcher.timers):,} timers set"
        )
        print(f"  {packed(watcher)}; in memory now {resident():,.0f} MiB, of that before the watcher {before:,.0f}")
        if label != "in order":
            kinds = Counter[str]()
            for key, n in said.items():
                kinds[key.split()[0]] += n
            print("  " + ", ".join(f"{n:,} {kind}" for kind, n in sorted(kinds.items())))
            checked(watcher, log, said, events)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB, events included")


if __name__ == "__main__":
    main()
