"""The index of what was sent: it follows the log, survives what may happen to it, and forgets who was erased."""

from __future__ import annotations

import json
import os
import pty
import random
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import requests

from occasion.cli import run
from occasion.coach import postings
from occasion.coach.index import Message, Sent
from occasion.coach.keeping import FILE, READ, keep_up, open_sent
from occasion.coach.matching import RUN, compare, grams
from occasion.coach.skeleton import skeleton
from occasion.store.history import History
from occasion.store.sealer import Sealer
from serving import serving_here
from storing import Store, arrived, merged, store

NOTE = "the plums from your garden were gone before noon, and whoever came late got a stone and my best regards to you"
OTHER = "the crown came back a shade too light, so we shall hold it against the window on the next bright day"
CANARY = "kanarek7c1f"


def out(party: str, at: int = 0, text: str = NOTE, name: str = "there", **more: str) -> object:
    return arrived(party, "message", at, direction="out", body=f"Dear {name},\n{text}\nYours, Jo", **more)


def got(sent: Sent, text: str = NOTE) -> list[str]:
    """Who got this text."""
    return sorted(sending.party for sending in sent.like(skeleton(text).codes).sendings)


def keep(sent: Sent, at: Store) -> int:
    return keep_up(sent, at.engine, at.history.folder)


def seal(at: Store) -> None:
    assert Sealer(at.writer, at.history, apart=False).seal()


def test_it_follows_the_log_through_tail_and_segments(tmp_path: Path, records_url: str) -> None:
    with store(tmp_path, records_url) as at, open_sent(tmp_path) as sent:
        assert not sent.ready
        at.put(out("jan"), out("ola", 1, OTHER), arrived("x", "message", 2, direction="in", body=NOTE))
        assert (keep(sent, at), keep(sent, at), sent.messages) == (2, 0, 2)
        assert sent.ready
        assert got(sent) == ["jan"]
        seal(at)
        assert (keep(sent, at), sent.messages) == (0, 2)  # what is sealed was known
        at.put(out("eva", 3))
        seal(at)
        at.put(out("kim", 4), out("ben", 5, OTHER))  # and what was sealed while nobody looked is read there
        assert (keep(sent, at), sent.messages) == (3, 5)
        assert (got(sent), got(sent, OTHER)) == (["eva", "jan", "kim"], ["ben", "ola"])
        assert sent.skeletons == 2


def test_segments_that_are_merged_are_not_taken_twice(tmp_path: Path, records_url: str) -> None:
    with store(tmp_path, records_url) as at, open_sent(tmp_path) as sent:
        for number in range(7):
            at.put(out("jan", number), out(f"p{number}", number))
            seal(at)
            if number % 3 == 0:
                keep(sent, at)
        keep(sent, at)
        assert sent.messages == 14
        assert len(set(got(sent))) == 8


def test_the_recipients_own_values_are_those_of_the_records(tmp_path: Path, records_url: str) -> None:
    from occasion.people import details, parties
    from occasion.store.records import writing

    lower = "we thought of {pet} in {street} when the van stood there all morning and nobody dared to knock"
    with store(tmp_path, records_url) as at, open_sent(tmp_path) as sent:
        with writing(at.engine) as connection:
            parties.change(connection, "jan", now=1, by="t", name="Jan Lund")
            details.note(connection, "jan", "quay 10", now=1, by="t", source="import")
            details.note(connection, "jan", "walks the dog Bruno at six in the morning", now=1, by="t", source="call")
        at.put(out("jan", text=lower.format(pet="bruno", street="quay 10"), name="jan"))
        keep(sent, at)
        assert sent.like(skeleton(lower.format(pet="1", street="1")).codes).whole


def test_identities_that_were_joined_are_one_and_parted_again_two(tmp_path: Path, records_url: str) -> None:
    with store(tmp_path, records_url) as at, open_sent(tmp_path) as sent:
        at.put(out("jan"), out("jan-phone", 1))
        keep(sent, at)
        assert len({at.log.canonical(party) for party in got(sent)}) == 2
        at.put(merged("jan-phone", "jan"))
        keep(sent, at)
        assert {at.log.canonical(party) for party in got(sent)} == {"jan"}


def test_reading_broken_off_goes_on_where_it_was(
    tmp_path: Path, records_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(Exception):
        pass

    def step(taken: int) -> None:
        if taken >= 40:
            raise Broken

    monkeypatch.setattr("occasion.coach.keeping.MESSAGES_AT_ONCE", 10)
    with store(tmp_path, records_url) as at:
        at.put(*(out(f"p{number}", number, f"{OTHER} {number % 7} times") for number in range(100)))
        seal(at)
        with open_sent(tmp_path) as sent:
            with pytest.raises(Broken):
                keep_up(sent, at.engine, at.history.folder, step)
            assert (sent.messages, sent.ready) == (40, False)
        with open_sent(tmp_path) as sent:
            assert (keep(sent, at), sent.messages, sent.ready) == (60, 100, True)


@pytest.mark.parametrize("how", ["gone", "garbage", "other version", "cut"])
def test_a_file_that_cannot_be_used_is_made_anew(tmp_path: Path, how: str) -> None:
    with store(tmp_path, f"sqlite:///{tmp_path / 'records.db'}") as at:
        at.put(out("jan"))
        seal(at)
        with open_sent(tmp_path) as sent:
            keep(sent, at)
            if how == "other version":
                sent.note({"format": -1})
        path = tmp_path / FILE
        if how == "gone":
            path.unlink()
        elif how == "garbage":
            path.write_bytes(b"this is no database at all" * 1000)
        elif how == "cut":
            path.write_bytes(path.read_bytes()[:5000])
        with open_sent(tmp_path) as sent:
            assert (keep(sent, at), got(sent)) == (1, ["jan"])


def test_a_log_that_was_put_back_is_read_anew(tmp_path: Path) -> None:
    with store(tmp_path / "a", f"sqlite:///{tmp_path / 'a.db'}") as at, Sent(tmp_path / FILE) as sent:
        at.put(out("jan"))
        at.put(out("ola", 1))
        keep(sent, at)
        with store(tmp_path / "b", f"sqlite:///{tmp_path / 'b.db'}") as earlier:
            earlier.put(out("jan"))
            keep(sent, earlier)
        assert got(sent) == ["jan"]


def test_several_at_once_take_each_message_once(tmp_path: Path, records_url: str) -> None:
    with store(tmp_path, records_url) as at:
        at.put(*(out(f"p{number}", number) for number in range(300)))
        seal(at)
        at.put(*(out(f"q{number}", number) for number in range(300)))
        several = [open_sent(tmp_path) for _ in range(3)]
        threads = [Thread(target=keep, args=(one, at)) for one in several]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert [one.messages for one in several] == [600] * 3
        for one in several:
            assert len(got(one)) == 600
            one.close()


# the pairs on disk


@pytest.mark.parametrize("seed", range(4))
def test_pairs_are_found_as_in_a_plain_list(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PIECE": 8, "FRESH": 60, "DIRECT": 25, "MOST_SEGMENTS": 3, "AT_ONCE": 50}.items():
        monkeypatch.setattr(postings, name, value)
    rng = random.Random(seed)
    words = [f"w{n}" for n in range(12)]
    model: dict[str, list[tuple[int, str]]] = defaultdict(list)
    with Sent(tmp_path / FILE) as sent:
        for number in range(60):
            some = []
            for _ in range(rng.choice((1, 1, 3, 12))):
                party, text = f"p{rng.randrange(9)}", " ".join(rng.choices(words, k=rng.randrange(1, 14)))
                some.append(Message(party, number, text, event=f"{number} {len(some)}"))
                model[text].append((number, party))
            with sent.writing():
                sent.add(some)
            if number % 17 == 16:
                gone = f"p{rng.randrange(9)}"
                sent.forget([gone])
                model = {text: [one for one in got_ if one[1] != gone] for text, got_ in model.items()}
                model = defaultdict(list, {text: got_ for text, got_ in model.items() if got_})
            asked = " ".join(rng.choices(words, k=rng.randrange(5, 14)))
            mine, texts = skeleton(asked).codes, [skeleton(text).codes for text in model]
            exact = compare(mine, texts).counts
            candidates = {text for text in model if set(grams(skeleton(text).codes)) & set(grams(mine))}
            assert {text for text, n in zip(model, exact, strict=True) if n >= RUN + 1} <= candidates
            found = sent.like(mine)
            enough = [text for text, n in zip(model, exact, strict=True) if n and n >= max(exact.max() * 0.9, RUN)]
            expected = {one for text in enough for one in model[text]}
            if exact.size and exact.max() >= RUN + 1:
                assert {(one.at_us, one.party) for one in found.sendings} == expected


def test_a_run_of_five_is_always_found_and_order_does_not_matter() -> None:
    rng = random.Random(1)
    for _ in range(300):
        run_ = [rng.randrange(1, 1 << 32) for _ in range(5)]
        one, two = ([rng.randrange(1, 1 << 32) for _ in range(20)] for _ in range(2))
        one[rng.randrange(20) : 0], two[rng.randrange(20) : 0] = run_, run_
        a, b = np.array(one, np.uint32), np.array(two, np.uint32)
        assert set(grams(a)) & set(grams(b))
        assert compare(a, [b]).counts[0] == 5


# forgetting


def test_who_is_forgotten_is_gone_from_the_file_and_words_others_got_stay(tmp_path: Path) -> None:
    with Sent(tmp_path / FILE) as sent:
        with sent.writing():
            sent.add([Message(f"{CANARY}-{n}", n, f"{OTHER} says {CANARY} {n}") for n in range(2000)])
            sent.add([Message(CANARY, 1, NOTE), Message("ola", 2, NOTE), Message(CANARY, 3, OTHER)])
        before = sent.messages
        assert CANARY.encode() in (tmp_path / FILE).read_bytes() + (tmp_path / f"{FILE}-wal").read_bytes()
        sent.forget([CANARY, *(f"{CANARY}-{n}" for n in range(2000))])
        sent.scrub()
        assert (before, sent.messages) == (2003, 1)
        assert got(sent) == ["ola"]
        assert not got(sent, OTHER)
        assert not any(CANARY.encode() in path.read_bytes() for path in tmp_path.iterdir())
        for table in ("fresh", "pieces"):
            rows = sent._db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
            assert rows == (len(grams(skeleton(NOTE).codes)) if table == "fresh" else 0)


def eventually(what: Callable[[], bool]) -> bool:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.05)
    return False


def in_files(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]


@pytest.mark.parametrize("running", [True, False])
def test_a_server_follows_and_an_erasure_reaches_it(
    tmp_path: Path, running: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "shop"
    with serving_here(folder) as server:
        batch = [
            {"type": "track", "userId": party, "event": "message", "messageId": f"m{number}",
             "properties": {"direction": "out", "body": f"Dear {party}, {NOTE}"}}
            for number, party in enumerate((CANARY, "ola"))
        ]  # fmt: skip
        answer = requests.post(f"{server.url}/v1/batch", auth=(server.key, ""), json={"batch": batch}, timeout=20)
        assert answer.status_code == 200
        index = server.service.sent.index
        assert eventually(lambda: got(index) == [CANARY, "ola"])
        assert FILE in " ".join(in_files(folder))
        if running:
            assert run(["erase", CANARY, "--yes", "--workspace", str(folder)]) == 0, capsys.readouterr().err
            assert got(index) == ["ola"]
            assert in_files(folder) == []
            requests.post(f"{server.url}/v1/batch", auth=(server.key, ""), json={"batch": batch}, timeout=20)
            time.sleep(1)
            assert got(index) == ["ola"]
    if not running:
        assert run(["erase", CANARY, "--yes", "--workspace", str(folder)]) == 0, capsys.readouterr().err
    assert in_files(folder) == []
    assert got_by_command(folder) == ["ola"]


def got_by_command(folder: Path) -> list[str]:
    """As a command has it, which brings the index up to date before it reads."""
    with History(folder / "data") as history, open_sent(folder / "data") as sent:
        keep_up(sent, history.engine, history.folder)
        return got(sent)


def test_what_is_put_back_from_a_backup_forgets_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, again = tmp_path / "shop", tmp_path / "again"
    rows = [{"id": f"m{n}", "party": party, "name": "message", "at": "2026-12-04T10:03:00Z", "direction": "out",
             "body": f"Dear {party}, {NOTE}"} for n, party in enumerate((CANARY, "ola"))]  # fmt: skip
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    here = ["--workspace", str(folder)]
    assert run(["init", str(folder)]) == 0
    assert run(["load", str(tmp_path / "rows.jsonl"), *here]) == 0
    assert run(["backup", str(tmp_path / "copy"), *here]) == 0, capsys.readouterr().err
    assert run(["erase", CANARY, "--yes", *here]) == 0
    restored = ["restore", str(tmp_path / "copy"), "--to", str(again), "--erased", str(folder)]
    assert run(restored) == 0, capsys.readouterr().err
    assert got_by_command(again) == ["ola"]
    assert in_files(again) == []


def test_who_reads_sees_one_state_while_another_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two steps of a reading the pieces it is about to read are laid together elsewhere."""
    monkeypatch.setattr(postings, "DIRECT", 1)
    rng = random.Random(1)

    def write(number: int) -> None:
        text = " ".join(f"w{rng.randrange(5000)}" for _ in range(30))
        with writer.writing():
            writer.add([Message("ola", number, text), Message(f"p{number}", number, NOTE)])
            writer.settle()

    with Sent(tmp_path / FILE) as writer, Sent(tmp_path / FILE) as reader:
        write(1)
        assert got(reader) == ["p1"]
        reads = reader._postings._in_segment
        numbers = iter(range(2, 100))

        def read_late(*given: Any) -> None:
            write(next(numbers))
            reads(*given)

        monkeypatch.setattr(reader._postings, "_in_segment", read_late)
        assert got(reader) == ["p1"]
        assert got(reader) == ["p1", "p2"]


def test_it_says_how_far_it_is(tmp_path: Path, records_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("occasion.coach.keeping.ROWS_AT_ONCE", 10)
    said: list[tuple[str, int, int]] = []
    with store(tmp_path, records_url) as at, open_sent(tmp_path) as sent:
        at.put(*(out(f"p{number}", number, f"{OTHER} {number % 7} times") for number in range(100)))
        seal(at)
        keep_up(sent, at.engine, at.history.folder, told=lambda *told: said.append(told))
        assert said[-1] == (READ, 100, 100)
        assert [done for _, done, _ in said] == sorted({done for _, done, _ in said})
        assert len(said) >= 10
        said.clear()
        assert keep_up(sent, at.engine, at.history.folder, told=lambda *told: said.append(told)) == 0
        assert said == []  # there is nothing to read


def test_a_command_shows_it_on_a_terminal_and_nowhere_else(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "place"
    assert run(["init", str(folder)]) == 0
    file = tmp_path / "sent.csv"
    rows = (f'p{n},message,2026-03-02T09:00:{n % 60:02d}Z,out,"{OTHER}"' for n in range(300))
    file.write_text("\n".join(["party,name,at,direction,body", *rows]) + "\n", encoding="utf-8")
    assert run(["load", str(file), "--workspace", str(folder)]) == 0
    (folder / "draft.txt").write_text("How is the gutter?", encoding="utf-8")
    command = [sys.executable, "-m", "occasion.cli", "coach", "--to", "p1", str(folder / "draft.txt")]
    here, there = pty.openpty()
    with open(os.devnull, "wb") as nowhere:
        shown = subprocess.run(
            [*command, "--workspace", str(folder)], stdout=nowhere, stderr=there, timeout=120,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100"}, check=False,
        )  # fmt: skip
    os.close(there)
    drawn = b""
    with suppress(OSError):  # the end of a terminal
        while piece := os.read(here, 1 << 16):
            drawn += piece
    os.close(here)
    assert shown.returncode == 0
    assert READ.encode() in drawn
    quiet = subprocess.run([*command, "--workspace", str(folder)], capture_output=True, timeout=120, check=False)
    assert quiet.stderr == b""
