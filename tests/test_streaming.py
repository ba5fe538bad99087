"""A stream of files is read once whatever happens, and what it says in the end is what the law says of all files."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from occasion.errors import InputError
from occasion.events.event import Event
from occasion.events.instants import rfc3339
from occasion.moments.catalogue import parse_catalogue
from occasion.moments.meaning import meaning
from occasion.store import streaming
from occasion.store.streaming import LocalStream, Watching, bucket_of, read_file
from watched_streams import EVERY_NODE, items

Said = set[tuple[str, str, str | None, str]]
MOMENTS = parse_catalogue(EVERY_NODE).moments


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    streaming.close_all()


def watching(folder: Path, buckets: int = 3) -> Watching:
    definitions = tuple(moment.definition for moment in MOMENTS)
    return Watching(str(folder), definitions, {m.definition.identity: m.name for m in MOMENTS}, buckets=buckets)


def write_files(folder: Path, seed: int, many: int, files: int) -> list[Path]:
    """Events as rows of CSV files, in the order they were sent: some late, some twice."""
    folder.mkdir(exist_ok=True)
    draw, sent = random.Random(seed), items(seed, many)
    names = ("party", "name", "at", "id", "direction", "counterpart", "amount", "country", "listing", "friend")
    rows = []
    for item in sent:
        given = item["properties"] | {"party": item["userId"], "name": item["event"], "id": item["messageId"]}
        rows.append(",".join(str((given | {"at": item["timestamp"]}).get(name, "")) for name in names))
        if draw.random() < 0.05:
            rows.append(draw.choice(rows))
    made = []
    for n in range(files):
        path = folder / f"part-{n:03d}.csv"
        path.write_text(
            "\n".join([",".join(names), *rows[n * len(rows) // files : (n + 1) * len(rows) // files]]) + "\n"
        )
        made.append(path)
    return made


def law(paths: list[Path]) -> Said:
    logs: dict[str, dict[str, Event]] = {}
    for path in paths:
        for event in read_file(str(path), "", "UTC")[0]:
            logs.setdefault(event.party, {}).setdefault(event.id, event)
    end = max(event.seen for log in logs.values() for event in log.values())
    found: Said = set()
    for moment in MOMENTS:
        for party, log in logs.items():
            for o in meaning(moment.definition, log.values(), end):
                found.add((moment.name, party, None if o.per is None else str(o.per), rfc3339(o.at)))
    return found


def true_now(lines: list[str]) -> Said:
    """What holds after all changes; nothing is said twice, nothing taken back that was not said."""
    true: Said = set()
    for text in lines:
        said = json.loads(text)
        key = said["moment"], said["party"], said["per"], said["at"]
        if said["change"] == "reached":
            assert key not in true
            true.add(key)
        elif said["change"] == "retracted":
            true.remove(key)
        else:
            assert key in true
    return true


def test_a_stream_says_what_the_law_says_of_all_its_files(tmp_path: Path) -> None:
    paths = write_files(tmp_path / "in", 1, 300, 12)
    stream = LocalStream(tmp_path / "in", watching(tmp_path / "state"))
    lines = [text for batch in stream.batches() for text in batch]
    assert true_now(lines) == law(paths)
    assert len(lines) > 300
    assert any(json.loads(text)["change"] == "retracted" for text in lines)


def test_broken_off_anywhere_it_goes_on_and_says_everything_once(tmp_path: Path) -> None:
    paths = write_files(tmp_path / "in", 2, 200, 8)
    heard: dict[tuple[int, int], list[str]] = {}
    broken = random.Random(3)
    real = streaming.Bucket.step

    def step(self: streaming.Bucket, batch: int, clock: int, events: list[Event]) -> list[str]:
        if broken.random() < 0.1:
            raise KeyboardInterrupt
        lines = real(self, batch, clock, events)
        number = int(self.path.stem.removeprefix("bucket-"))
        assert heard.setdefault((batch, number), lines) == lines, "a batch given again is answered as the first time"
        if broken.random() < 0.1:
            raise KeyboardInterrupt
        return lines

    times = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streaming.Bucket, "step", step)
        while True:
            times += 1
            try:
                for _ in LocalStream(tmp_path / "in", watching(tmp_path / "state")).batches():
                    pass
                break
            except KeyboardInterrupt:
                streaming.close_all()
    assert times > 5
    assert true_now([text for _, lines in sorted(heard.items()) for text in lines]) == law(paths)


def test_files_that_come_later_are_read_by_the_next_look(tmp_path: Path) -> None:
    paths = write_files(tmp_path / "all", 4, 120, 4)
    source = tmp_path / "in"
    source.mkdir()
    lines: list[str] = []
    seen: list[tuple[str, ...]] = []
    for path in paths:
        (source / path.name).write_bytes(path.read_bytes())
        stream = LocalStream(source, watching(tmp_path / "state", buckets=1))
        batches = list(stream.batches())
        seen.append(tuple(batches[-1]))
        lines += batches[-1]
    assert true_now(lines) == law(paths)


def test_a_folder_begun_in_another_way_is_refused(tmp_path: Path) -> None:
    watching(tmp_path / "state", buckets=3)
    with pytest.raises(InputError, match=r"was begun with .*name another --state folder"):
        watching(tmp_path / "state", buckets=4)


def test_parties_stay_in_their_bucket() -> None:
    assert [bucket_of(f"p{i}", 16) for i in range(6)] == [bucket_of(f"p{i}", 16) for i in range(6)]
    assert len({bucket_of(f"p{i}", 16) for i in range(200)}) == 16


@pytest.mark.spark
def test_spark_restarted_in_the_middle_says_what_the_local_watcher_says(tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    from occasion.store.engine_spark import SparkEngine
    from occasion.store.streaming_spark import spark_stream

    paths = write_files(tmp_path / "all", 5, 240, 6)
    source = tmp_path / "in"
    source.mkdir()
    heard: dict[int, list[str]] = {}

    def said(batch: int, frame: object) -> None:
        lines = [row["line"] for row in sorted(frame.collect(), key=lambda row: row["bucket"])]  # type: ignore[attr-defined]
        assert sorted(heard.setdefault(batch, lines)) == sorted(lines)
        if batch == 1 and lines and "broken" not in marks:
            marks.add("broken")
            raise RuntimeError("the driver dies after the step and before the batch is known to be done")

    marks: set[str] = set()
    with SparkEngine("local[2]") as engine:
        for end in (3, 3, 6):
            for path in paths[:end]:
                (source / path.name).write_bytes(path.read_bytes())
            stream = spark_stream(engine.session, source, watching(tmp_path / "state"), said, files_a_batch=2)
            query = stream.trigger(availableNow=True).start()
            try:
                query.awaitTermination(240)
            except Exception:
                assert "broken" in marks
            query.stop()
    assert marks == {"broken"}
    lines = [text for _, lines in sorted(heard.items()) for text in lines]
    assert true_now(lines) == law(paths)
