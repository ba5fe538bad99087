"""One load from its rows to the committed state: staged, compared with what is there, sealed, listed."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from occasion.events.load import LoadPlan
from occasion.events.raw import Reject
from occasion.store.dictionary import Dictionary
from occasion.store.digests import Run, halves, identity_digests, write_run
from occasion.store.duplicates import CONTRADICTION, NONE, Repeated, find_repeated
from occasion.store.durable import publish, sync_file
from occasion.store.manifest import Changes, Manifest, Segment, State
from occasion.store.party_file import SUFFIX, make_party_file, merge_party_files
from occasion.store.positions import Position
from occasion.store.segment import SEGMENT, in_segment_order, read_segment, write_segment
from occasion.store.staging import Staging, settled_ids
from occasion.store.tail import split

if TYPE_CHECKING:
    from occasion.store.history import LoadReport, Step

TWICE = (
    "this file was loaded before with its columns read in another way (load {before}), so what has no id of its own "
    "counts twice now; if that is not meant, load the files you want into a new workspace (occasion init DIR)"
)
REJECTS = "rejects"  # the folder beside the history, with a folder for each load that refused something
ERASED = "this party was erased, and nothing of it is taken any more; leave the row out"
MOST_SEGMENTS = 4  # of a bucket; with one more those that are not much larger are merged
ROWS_AT_ONCE = 1 << 16  # that are unpacked to be packed by party
LARGER = 4  # times what they would be merged with: so that every event is written again only a few times


def merging(there: list[Segment], rows: int) -> list[Segment]:
    """Which segments of a bucket are written again together with so many new rows, the smallest first."""
    merged: list[Segment] = []
    if len(there) >= MOST_SEGMENTS:
        for segment in sorted(there, key=lambda segment: segment.rows):
            if segment.rows > LARGER * rows:
                break
            merged.append(segment)
            rows += segment.rows
    return merged


class Sealing:
    """A change of the history under way; leaving it without a commit leaves the history as it was.

    `by_party`: segments get their file by party at once. `kept`: dictionaries by file, from one change to the next.
    """

    def __init__(
        self, folder: Path, manifest: Manifest, *, by_party: bool = False, kept: dict[str, Dictionary] | None = None
    ) -> None:
        self.by_party, self._kept = by_party, kept
        self._folder, self._manifest = folder, manifest
        self.state: State = manifest.state()
        self.number = self.state.loads + 1
        self.parties = self._dictionary("parties", self.state.buckets)
        self.names = self._dictionary("names", 1)
        self._new: list[Segment] = []
        self._replaced: list[str] = []
        self._runs: dict[str, int] = {}
        self._replaced_runs: list[str] = []
        self._refused = 0  # rows of parties that were erased
        self._erased = manifest.erased()
        self.scratch = Path(tempfile.mkdtemp(prefix="load-", dir=folder))

    def __enter__(self) -> Sealing:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _dictionary(self, kind: str, buckets: int) -> Dictionary:
        file = self.state.dictionaries.get(kind)
        kept = self._kept.pop(file, None) if self._kept is not None and file is not None else None
        if kept is not None:
            kept.known = len(kept)
            return kept
        return Dictionary(self._folder / file if file is not None else None, buckets)

    def seal(self, bucket: int, rows: Any) -> None:
        """Write rows of SEGMENT as a segment of their bucket; merge with it what is not much larger (see `merging`)."""
        rows = rows.select(SEGMENT.names)
        there = merging([segment for segment in self.state.segments if segment.bucket == bucket], rows.num_rows)
        name = f"bucket-{bucket:03d}-load-{self.number:06d}.parquet"
        if self.by_party:
            self._seal_by_party(name, there, rows)
        if there:
            rows = pa.concat_tables([*(read_segment(self._folder / old.file) for old in there), rows])
            self._replaced += [old.file for old in there]
        rows = in_segment_order(rows)
        self._publish(name, lambda path: write_segment(rows, path))
        span = pc.min_max(rows.column("at_us")).as_py()
        self._new.append(Segment(name, bucket, rows.num_rows, span["min"], span["max"], self.number))

    def replace(self, segment: Segment, rows: Any) -> None:
        """Write other rows, in the same order, in place of a segment's; none: it is gone."""
        self._replaced.append(segment.file)
        if rows.num_rows:
            name = f"bucket-{segment.bucket:03d}-load-{self.number:06d}-{len(self._new):03d}.parquet"
            self._publish(name, lambda path: write_segment(rows, path))
            span = pc.min_max(rows.column("at_us")).as_py()
            self._new.append(Segment(name, segment.bucket, rows.num_rows, span["min"], span["max"], self.number))

    @property
    def changed(self) -> bool:
        """Whether there is anything to commit."""
        return bool(self._new or self._replaced or self._runs or self.parties.renamed)

    def _seal_by_party(self, name: str, there: list[Segment], rows: Any) -> None:
        """The file by party of a segment to come, if what it is merged with has them; else it is made later."""
        old = [self._folder / f"{segment.file}{SUFFIX}" for segment in there]
        if not all(file.is_file() for file in old):
            return
        new = self.scratch / f"{name}{SUFFIX}"
        rows = in_segment_order(rows)
        make_party_file(new, (rows.slice(at, ROWS_AT_ONCE) for at in range(0, rows.num_rows, ROWS_AT_ONCE)))
        self._publish(f"{name}{SUFFIX}", lambda path: merge_party_files(path, [*old, new]))

    def _publish(self, name: str, write: Callable[[Path], None]) -> None:
        temporary = self._folder / f"{name}.temporary"
        write(temporary)
        publish(temporary, self._folder / name)

    def know(self, digests: bytes) -> None:
        """Digests of what is sealed here: a run of their own, with which those not much larger are merged."""
        parts = [halves(split(digests))]
        sizes = sorted(self.state.runs.items(), key=lambda run: run[1])
        rows = len(parts[0][0])
        for file, size in sizes:
            if size > LARGER * rows:
                break
            run = Run(self._folder / file)
            parts.append((run.first, run.second))
            self._replaced_runs.append(file)
            rows += size
        name = f"ids-load-{self.number:06d}.digests"
        first, second = (np.concatenate([part[half] for part in parts]) for half in (0, 1))
        self._publish(name, lambda path: self._runs.__setitem__(name, write_run(path, first, second)))

    def know_again(self, bucket: int, digests: bytes) -> None:
        """Digests of a bucket, as a run in place of all that are listed."""
        self._replaced_runs = list(self.state.runs)
        name = f"ids-load-{self.number:06d}-{bucket:03d}.digests"
        self._publish(name, lambda path: self._runs.__setitem__(name, write_run(path, *halves(split(digests)))))

    def changes(self, record: dict[str, Any], sealed: Position | None = None) -> Changes:
        """What the new state will be; every file of it is on disk, and nothing is listed yet."""
        dictionaries = {}
        for kind, dictionary in (("parties", self.parties), ("names", self.names)):
            if len(dictionary) > dictionary.known or dictionary.renamed:
                name = f"{kind}-load-{self.number:06d}.parquet"
                self._publish(name, dictionary.write)
                dictionaries[kind] = (name, len(dictionary))
        sync_file(self._folder)
        self._keep(dictionaries)
        return Changes(
            tuple(self._new), tuple(self._replaced), dictionaries, {"number": self.number, **record},
            self._runs, tuple(self._replaced_runs), sealed,
        )  # fmt: skip

    def _keep(self, written: Mapping[str, tuple[str, int]]) -> None:
        """Keep the dictionaries for the next change, under the files that hold what they do."""
        if self._kept is None:
            return
        self._kept.clear()
        for kind, dictionary in (("parties", self.parties), ("names", self.names)):
            file = written[kind][0] if kind in written else self.state.dictionaries.get(kind)
            if file is not None and not dictionary.renamed:
                self._kept[file] = dictionary

    def commit(self, record: dict[str, Any]) -> None:
        """Make the new state the state."""
        self._manifest.commit(self.changes(record))

    def load(self, plan: LoadPlan, step: Step, stored_contents: Callable[[Path, Any], Any]) -> LoadReport:
        """All of a plan, or nothing."""
        from occasion.store.history import LoadReport

        with Rejects(self._folder.parent / REJECTS, self.number) as rejects:
            staging = self._stage(plan, step, rejects)
            repeated = NONE
            if staging.any_given:
                step("comparing ids", 0, 1)
                files = [self._folder / segment.file for segment in self.state.segments]
                repeated = find_repeated(staging.given_path, files, self.scratch, stored_contents)
            for _, file, line, id_ in repeated.other:
                rejects.add(Reject(str(plan.files[file].path), line, "id", id_, CONTRADICTION))
            events, known = self._seal_staged(staging, repeated, step)
            counts = plan.counts
            refused = counts.refused + len(repeated.other) + self._refused
            known += len(repeated.same)
            taken = counts.read - refused - known
            report = LoadReport(
                read=counts.read,
                taken=taken,
                refused=refused,
                known=known,
                events=events,
                mapping=plan.mapping_text(),
                notes=tuple(plan.mapping_notes()),
                remarks=tuple(plan.remarks()),
                rejects=rejects.finish(),
            )
            record = _record(plan, report)
            before = self._manifest.loaded_otherwise(record) if report.events else None
            self.commit(record)
        if before is not None:
            report = replace(report, remarks=(*report.remarks, TWICE.format(before=before)))
        return report

    def _stage(self, plan: LoadPlan, step: Step, rejects: Rejects) -> Staging:
        staging = Staging(self.scratch, self.parties, self.names, self.state.buckets)
        try:
            for loaded in plan.batches(lambda done, total: step("reading", done, total)):
                for reject in loaded.rejects:
                    rejects.add(reject)
                if loaded.table is not None:
                    staging.add(self._without_erased(loaded.table, plan, rejects))
            staging.flush()
        finally:
            staging.finish()
        return staging

    def _without_erased(self, table: Any, plan: LoadPlan, rejects: Rejects) -> Any:
        """The rows of nobody who was erased; the others are refused, without saying whose they were."""
        if not self._erased:
            return table
        party = pc.dictionary_encode(table.column("party").combine_chunks())
        gone = [text in self._erased for text in party.dictionary.to_pylist()]
        if not any(gone):
            return table
        numbers = pc.unique(table.column("row").filter(pa.array(gone).take(party.indices)))
        out = pc.is_in(table.column("row"), numbers)
        for file, line in zip(*(table.filter(out).column(name).to_pylist() for name in ("file", "line")), strict=True):
            rejects.add(Reject(str(plan.files[file].path), line, "party", "", ERASED))
        self._refused += len(numbers)
        return table.filter(pc.invert(out))

    def _seal_staged(self, staging: Staging, repeated: Repeated, step: Step) -> tuple[int, int]:
        """Seal every bucket; how many events are new, and how many rows with derived ids were there already."""
        events = known = 0
        ids: list[bytes] = []
        dropped = repeated.rows()
        buckets = staging.buckets()
        for done, bucket in enumerate(buckets):
            step("sealing", done, len(buckets))
            rows = staging.bucket(bucket)
            given = pc.is_valid(rows.column("id")).to_numpy()
            rows = rows.set_column(rows.schema.get_field_index("id"), "id", settled_ids(rows))
            there = self._ids(bucket)
            again = ~given & pc.is_in(rows.column("id"), there).to_numpy() if len(there) else np.zeros(len(given), bool)
            known += int(np.count_nonzero(again & (pc.fill_null(rows.column("side"), "").to_numpy() != "in")))
            keep = ~again
            if len(dropped):
                keep &= ~np.isin(rows.column("row").to_numpy(), dropped)
            if keep.any():
                new = rows if keep.all() else rows.filter(pa.array(keep))
                self.seal(bucket, new)
                ids.append(identity_digests(new.column("id").filter(pa.array(given[keep]))))
                events += int(np.count_nonzero(keep))
            staging.drop(bucket)
        if any(ids):
            self.know(b"".join(ids))
        return events, known

    def _ids(self, bucket: int) -> Any:
        there = [segment for segment in self.state.segments if segment.bucket == bucket]
        columns = [read_segment(self._folder / segment.file, ["id"]).column("id") for segment in there]
        chunks = [chunk for column in columns for chunk in column.chunks]
        return pa.chunked_array(chunks, pa.string())


class Rejects:
    """The refused rows of one load, a JSON line each, in a file that appears only when there are any."""

    def __init__(self, folder: Path, number: int) -> None:
        self.path = folder / f"load-{number:06d}" / "rejects.jsonl"
        self._temporary = self.path.with_suffix(".temporary")
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Rejects:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def add(self, reject: Reject) -> None:
        """Keep one."""
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._temporary.open("wb")
        self._file.write(msgspec.json.encode(reject) + b"\n")

    def finish(self) -> Path | None:
        """Give the file its name; None when nothing was refused."""
        if self._file is None:
            return None
        self._file.close()
        publish(self._temporary, self.path)
        sync_file(self.path.parent)
        return self.path


def _record(plan: LoadPlan, report: LoadReport) -> dict[str, Any]:
    return {
        "files": json.dumps([str(file.path) for file in plan.files]),
        "mapping": report.mapping,
        "both": plan.both,
        "read": report.read,
        "taken": report.taken,
        "refused": report.refused,
        "known": report.known,
        "events": report.events,
        "rejects": str(report.rejects) if report.rejects else None,
    }
