"""How long a draft takes with a million messages behind it: all five parts, *unique* alone, and what the index weighs.

    python bench/coach.py [--messages 1000000] [--drafts 300] [--folder DIR] [--slowest 5]

Messages of 30 to 120 words: 30 % are renderings of 500 templates with merge fields, 10 % are such with one word in
eight exchanged, 30 % are personal: words drawn by a Zipf law with two or three of 200 set phrases in each, so that some
runs are in tens of thousands of texts. The last 30 % are letters in English (coach_letters.py). Drafts are of all four
kinds and none was sent; those in English are the labelled ones with their fields swapped. An index that lies in DIR
already is taken as it is. Besides, the same 20 000 texts are asked of a MinHash index (rensa, 128 numbers, 32 bands, as
design.md has it), to compare what each finds. Times are by the clock on the wall, and of the processor
(on a busy machine look at the latter).
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from coach_letters import Letters

from occasion.cli_serve import COLLECTING
from occasion.coach.coach import read as read_all
from occasion.coach.index import Message, Sent
from occasion.coach.reading import Draft, Known
from occasion.coach.skeleton import Own, skeleton
from occasion.coach.unique import read_unique
from occasion.events.event import Event
from occasion.people.details import Detail
from occasion.people.parties import Party

TEMPLATES, PHRASES, WORDS = 500, 200, 30_000
COMMON = 300  # of the words, as it were "the" and "with": what is noted of somebody is told by others
NOW = 1_772_438_400_000_000
KINDS = ("rendering", "edited", "personal")
ENGLISH = "in English"
SHARES = (0.3, 0.1, 0.3, 0.3)  # the last: in English
NAMES = ("Lena Sato", "Carol Ives", "Larkfield Dental")
FIRST = ("Ana", "Bruno", "Cora", "Dev", "Elif", "Femi", "Gwen", "Hugo", "Ines", "Jonas", "Kira", "Luca")
STREETS = ("Quay", "Alder Row", "Mill Lane", "Station Terrace", "Canal Side", "Orchard Close")


class Made:
    """Messages by number, the same for a seed."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        syllables = [a + b for a in "bcdfghklmnprstvw" for b in ("a", "e", "i", "o", "u", "an", "er", "in", "ou")]
        drawn = random.Random(7)
        found: dict[str, None] = {}
        while len(found) < WORDS:
            found["".join(drawn.choices(syllables, k=1 if len(found) < 100 else 2 if len(found) < 5_000 else 3))] = None
        self.words = np.array(list(found))
        weight = 1 / (np.arange(WORDS) + 5)
        self.chances = np.cumsum(weight / weight.sum())
        fixed = np.random.default_rng(11)  # templates and phrases are those of every seed
        self.phrases = [self._drawn(fixed, int(n)) for n in fixed.integers(4, 8, PHRASES)]
        self.templates = [self._template(fixed) for _ in range(TEMPLATES)]

    def _drawn(self, rng: Any, many: int) -> list[str]:
        drawn: list[str] = self.words[np.searchsorted(self.chances, rng.random(many))].tolist()
        return drawn

    def _template(self, rng: Any) -> list[str]:
        words = self._drawn(rng, int(rng.integers(30, 121)))
        places = sorted(rng.choice(len(words), 5, replace=False))
        for at, name in zip(places, ("{f}", "{s}", "{n}", "{d}", "{f}"), strict=True):
            words[at] = name
        return words

    def fields(self, number: int) -> dict[str, str]:
        return {
            "f": FIRST[number % len(FIRST)], "s": f"{STREETS[number % len(STREETS)]} {number % 97}",
            "n": str(number % 1000), "d": f"{number % 28 + 1} May",
        }  # fmt: skip

    def text(self, number: int, kind: str) -> str:
        values = self.fields(number)
        if kind == "personal":
            words = self._drawn(self.rng, int(self.rng.integers(24, 110)))
            for at in self.rng.integers(0, len(words), int(self.rng.integers(2, 4))):
                words[at:at] = self.phrases[int(self.rng.integers(PHRASES))]
        else:
            words = [word.format(**values) for word in self.templates[int(self.rng.integers(TEMPLATES))]]
            if kind == "edited":
                for at in self.rng.choice(len(words), len(words) // 8, replace=False):
                    words[at] = self._drawn(self.rng, 1)[0]
        return f"Dear {values['f']}, {' '.join(words)}. Kind regards, Lena Sato"

    def messages(self, many: int) -> Iterator[Message]:
        kinds, letters = self.rng.choice((*KINDS, ENGLISH), many, p=SHARES), Letters(1)
        for number, kind in enumerate(kinds):
            values = self.fields(number)
            fields = (values["s"],)
            party = f"party-{number % 400_000}"
            yield Message(
                party,
                NOW - (number % 1000) * 86_400_000_000,
                letters.before(number) if kind == ENGLISH else self.text(number, kind),
                fields,
                (values["f"],),
                f"m{number}",
            )


def resident() -> int:
    """Bytes of this process that are no file's."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    return 0


def build(path: Path, many: int) -> dict[str, float]:
    """The index as a rebuild makes it; without the time that making the messages takes."""
    made, making, making_cpu = Made(1), 0.0, 0.0
    begin, begin_cpu = time.perf_counter(), time.process_time()
    with Sent(path) as sent:
        source = made.messages(many)
        while True:
            at, cpu = time.perf_counter(), time.process_time()
            some = [one for _, one in zip(range(20_000), source, strict=False)]
            making += time.perf_counter() - at
            making_cpu += time.process_time() - cpu
            if not some:
                break
            with sent.writing():
                sent.add(some, NAMES)
        with sent.writing():
            sent.settle()
            sent.note({"seq": 1})
    seconds = time.perf_counter() - begin - making
    processor = time.process_time() - begin_cpu - making_cpu
    return {
        "build_s": round(seconds, 1), "build_processor_s": round(processor, 1),
        "messages_a_second": round(many / seconds),
    }  # fmt: skip


class Times:
    """How long each draft of a kind took, by the clock and by the processor, in milliseconds."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, float, str]] = []

    def of(self, draft: Draft, reading: Callable[[], Any]) -> Any:
        """What a reading gives, and how long it took."""
        at, cpu = time.perf_counter(), time.process_time()
        found = reading()
        busy = (time.process_time() - cpu) * 1000
        self.rows.append((busy, (time.perf_counter() - at) * 1000, draft.text))
        return found

    def told(self) -> dict[str, Any]:
        """Both as percentiles."""
        return {
            "processor_ms": _spread([row[0] for row in self.rows]),
            "clock_ms": _spread([row[1] for row in self.rows]),
        }

    def slowest(self, many: int) -> list[dict[str, Any]]:
        """The drafts that took the processor longest."""
        rows = sorted(self.rows, reverse=True)[:many]
        return [{"processor_ms": round(row[0], 1), "words": len(row[2].split()), "begins": row[2][:60]} for row in rows]


def drafts_in(kind: str, seed: int, many: int) -> Iterator[tuple[Draft, Known]]:
    """Drafts that were not sent, and whom they are to."""
    made, letters = Made(seed), Letters(seed)
    for number in range(many):
        if kind == ENGLISH:
            yield letters.draft(number)
        else:
            yield _draft(made.text(number, kind), number), _rich(made, number)


def others_of(kind: str) -> list[Known]:
    """A hundred others, each with details and events."""
    made = Made(4)
    return Letters(4).others() if kind == ENGLISH else [_rich(made, -number) for number in range(1, 101)]


def read(path: Path, drafts: int, slowest: int, *, collected: bool, thorough: bool) -> dict[str, Any]:
    """How long it takes by kind of draft: who else got the words, and all five parts; and what is in memory."""
    told: dict[str, Any] = {}
    with Sent() as nothing:  # what the libraries and the models take is no part of the index
        for draft, known in drafts_in(ENGLISH, 3, 20):
            read_all(draft, known, (), nothing, thorough=thorough)
    if not collected:
        gc.collect()  # as a server does when it has started
        gc.freeze()
        gc.set_threshold(*COLLECTING)
    before = resident()
    with Sent(path) as sent:
        for kind in (*KINDS, ENGLISH):
            times, poor = Times(), 0
            for draft, known in drafts_in(kind, 2, drafts):
                poor += times.of(draft, partial(read_unique, draft, known, sent)).level == "poor"
            told[kind] = {"unique": times.told(), "poor": poor / drafts}
        told["memory_mb"] = round((resident() - before) / 1e6, 1)  # with SQLite's cache of 16 MB
        told["memory_bytes_a_skeleton"] = round((resident() - before) / sent.skeletons, 1)
        for kind in (*KINDS, ENGLISH):
            times, others = Times(), others_of(kind)
            for number, (draft, known) in enumerate(drafts_in(kind, 5, drafts + 1)):
                if number:
                    times.of(draft, partial(read_all, draft, known, others, sent, thorough=thorough))
                else:  # the first reads the files of the hundred, which are kept
                    read_all(draft, known, others, sent, thorough=thorough)
            told[kind]["all five parts"] = times.told()
            told[kind] |= {"slowest": times.slowest(slowest)} if slowest else {}
        told |= {"messages": sent.messages, "skeletons": sent.skeletons}
    told["file_bytes_a_message"] = round(path.stat().st_size / told["messages"])
    return told


def _rich(made: Made, number: int) -> Known:
    """Somebody with eight details and forty events of random words."""
    values, party = made.fields(number), f"new-{number}"
    text = lambda: " ".join(made.words[made.rng.integers(COMMON, WORDS, 12)])  # noqa: E731
    details = tuple(
        Detail(i, party, text(), "other", None, "call", "ewa", NOW - i * 10**12, "anything", False, False, None)
        for i in range(8)
    )
    events = tuple(
        Event(party=party, name="message" if i % 2 else "visit", at=NOW - i * 10**11, seen=NOW - i * 10**11, id=f"{i}",
              direction="in" if i % 4 == 1 else "out", body=text() if i % 2 else None, channel="email")
        for i in range(1, 41)
    )  # fmt: skip
    who = Party(party, (party,), True, name=f"{values['f']} {made.words[number + 200].title()}")
    return Known(who, details, events, traits={"street": values["s"]}, names=NAMES)


def _spread(values: Sequence[float]) -> dict[str, float]:
    cut = statistics.quantiles(values, n=100, method="inclusive")
    return {"p50": round(cut[49], 2), "p99": round(cut[98], 2), "max": round(max(values), 2)}


def _draft(text: str, number: int) -> Draft:
    return Draft(text, f"new-{number}", NOW + 1)


def minhash(many: int, drafts: int) -> dict[str, Any]:
    """What a MinHash index and this one find of the same texts: edited renderings, and one sentence taken over."""
    from rensa import RMinHash, RMinHashLSH  # type: ignore[attr-defined]

    made, own = Made(3), Own((), NAMES)
    texts = [made.text(number, "personal") for number in range(many)]
    rows = [list(skeleton(text, own).words) for text in texts]
    lsh = RMinHashLSH(threshold=0.5, num_perm=128, num_bands=32)

    def sketch(words: list[str]) -> Any:
        one = RMinHash(num_perm=128, seed=42)
        one.update([" ".join(words[at : at + 3]) for at in range(max(1, len(words) - 2))])
        return one

    for number, words in enumerate(rows):
        lsh.insert(number, sketch(words))
    sent = Sent.of((Message(f"p{n}", n + 1, text, (), (), str(n)) for n, text in enumerate(texts)), NAMES)
    drawn = random.Random(5)
    told: dict[str, Any] = {"texts": many}
    for kind in ("edited", "a third taken over"):
        hits = {"minhash": 0, "grams": 0}
        for number in range(drafts):
            words = list(rows[number])
            if kind == "edited":
                for at in drawn.sample(range(len(words)), len(words) // 8):
                    words[at] = made._drawn(made.rng, 1)[0]
            else:
                words = words[: len(words) // 3] + made._drawn(made.rng, len(words) - len(words) // 3)
            hits["minhash"] += number in set(lsh.query(sketch(words)))
            likeness = sent.like(skeleton(" ".join(words)).codes)
            hits["grams"] += any(one.party == f"p{number}" for one in likeness.sendings)
        told[kind] = {name: count / drafts for name, count in hits.items()}
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--drafts", type=int, default=300)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--slowest", type=int, default=0, help="of each kind so many drafts are told that took longest")
    parser.add_argument("--collected", action="store_true", help="garbage is collected as Python does by itself")
    parser.add_argument("--thorough", action="store_true", help="the sentence model reads too (extra multilingual)")
    parser.add_argument("--compare", type=int, default=20_000, help="texts for the comparison with MinHash; 0: none")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        path = (options.folder or Path(scratch)) / "sent.db"
        told: dict[str, Any] = {"cores": os.cpu_count(), "load": os.getloadavg()[0]}
        if not path.exists():
            told |= build(path, options.messages)
        told |= read(path, options.drafts, options.slowest, collected=options.collected, thorough=options.thorough)
        if options.compare:
            told["found"] = minhash(options.compare, options.drafts)
        print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
