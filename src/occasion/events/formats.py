"""What kind of file this is: its format, its columns and a sample of its cells, all told from the first bytes."""

from __future__ import annotations

import csv
import difflib
import glob
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from occasion.errors import InputError
from occasion.events.chunks import TextFile
from occasion.events.jsonlines import json_columns, json_rows
from occasion.events.mail_kind import mail_kind
from occasion.events.mapping import known_name

SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson", ".json", ".parquet", ".pq", ".mbox", ".mbx", ".eml")
MAILDIR = ("cur", "new")  # the folders in which a Maildir has its messages, one a file, of any name
PACKED = (".gz", ".zst", ".zstd")
DELIMITERS = (",", "\t", ";", "|")
SAMPLE_BYTES = 1 << 18
MAIL_START = 1 << 14
SAMPLE_ROWS = 500
PLAIN_NUMBER = re.compile(r"[-+]?[\d.,:/T -]*\d[\d.,:/TZ -]*")


@dataclass(frozen=True)
class Format:
    """`sample`: for each column some of its values as they stand in the file (texts, or typed values).

    `edges`: of fixed columns, where each begins and ends in the line, in characters from 0; between them is blank.
    """

    kind: Literal["delimited", "spaces", "fixed", "json", "parquet", "mbox", "letter"]
    columns: tuple[str, ...]
    sample: dict[str, list[Any]]
    delimiter: str = ","
    header: bool = True
    encoding: str = "utf-8"
    edges: tuple[tuple[int, int], ...] = ()

    @property
    def mail(self) -> bool:
        """Whether it is mail: an mbox, or a letter (one message)."""
        return self.kind in ("mbox", "letter")


def data_files(names: Sequence[str | Path]) -> list[Path]:
    """The files behind names of files, folders (searched through) and patterns; each once, in order.

    Raises InputError for a name behind which there is nothing, with the nearest one there is.
    """
    found: dict[Path, None] = {}
    for name in names:
        path = Path(name)
        if path.is_dir():
            inside = [file for file in sorted(path.rglob("*")) if is_data_file(file, path)]
            if not inside:
                raise InputError(f"{path}: the folder holds no data files ({', '.join(SUFFIXES)}, also .gz and .zst)")
        elif path.exists():
            inside = [path]
        else:
            inside = [Path(file) for file in sorted(glob.glob(str(name), recursive=True)) if Path(file).is_file()]
            if not inside:
                raise InputError(f"{name}: no such file{_nearest(path)}")
        found.update(dict.fromkeys(inside))
    if not found:
        raise InputError("no files were given: name at least one file, folder or pattern")
    return list(found)


def _nearest(path: Path) -> str:
    if not path.parent.is_dir():
        return f" (the folder {path.parent} does not exist)"
    near = difflib.get_close_matches(path.name, [file.name for file in path.parent.iterdir()], n=1)
    return f"; did you mean {path.parent / near[0]}?" if near else ""


def is_data_file(path: Path, folder: Path) -> bool:
    """Whether a file in a folder is meant: a known ending, and no part of the path hidden."""
    inner = path.relative_to(folder)
    if not path.is_file() or any(part.startswith((".", "_")) for part in inner.parts):
        return False
    if path.parent.name in MAILDIR and (path.parent.parent / "cur").is_dir():
        return True
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in PACKED:
        suffixes.pop()
    return bool(suffixes) and suffixes[-1] in SUFFIXES


def sniff(path: Path, header: bool | None = None, encoding: str | None = None) -> Format:
    """The format of a file. `header`: whether the first row names the columns, None to find out.

    Raises InputError when the file is empty, cannot be opened, or is nothing that can be read.
    """
    if path.stat().st_size == 0:
        raise InputError(f"{path}: is empty")
    with path.open("rb") as file:
        if file.read(4) == b"PAR1":
            return _parquet(path)
    if kind := _mail(path):
        return Format(kind, (), {})
    text = TextFile(path, encoding)
    try:
        start = b""
        while len(start) < SAMPLE_BYTES and (more := text.read(SAMPLE_BYTES)):
            start += more
    finally:
        text.close()
    lines = _lines(start, path, whole=len(start) < SAMPLE_BYTES)
    first = lines[0].lstrip()
    if first.startswith("{"):
        return _json(path, lines, text.encoding)
    if first.startswith("["):
        raise InputError(f"{path}: is one JSON array; write one object a line (jq -c '.[]' does that)")
    if path.name.lower().removesuffix(".gz").endswith((".parquet", ".pq")):
        raise InputError(f"{path}: is called Parquet but is not (its first bytes are {start[:4]!r})")
    return _delimited(path, lines, header, text.encoding)


def _mail(path: Path) -> Literal["mbox", "letter"] | None:
    """Mail, by its first bytes as they are: a message may hold any bytes at all."""
    text = TextFile(path, "utf-8")
    try:
        return mail_kind(path, text.read(MAIL_START))
    finally:
        text.close()


def _lines(start: bytes, path: Path, *, whole: bool) -> list[str]:
    if b"\x00" in start:
        raise InputError(f"{path}: is neither text nor Parquet (it holds zero bytes); if it is text, say --encoding")
    lines = [line for line in re.split(r"\r\n|\n|\r", start.decode("utf-8", "replace")) if line.strip()]
    if not whole and len(lines) > 1:
        lines.pop()
    if not lines:
        raise InputError(f"{path}: is empty (nothing but line ends)")
    return lines[:SAMPLE_ROWS]


def _delimited(path: Path, lines: list[str], header: bool | None, encoding: str) -> Format:
    delimiter = _delimiter(path, lines)
    edges = () if delimiter else fixed_edges(lines)
    rows = [fixed_cells(line, edges) for line in lines] if edges else split_rows(lines, delimiter)
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    if width < 2:
        raise InputError(f"{path}: only one column was found; CSV, TSV, spaces, ; and | are understood between columns")
    body = [row for row in rows[1:] if len(row) == width]
    named = _is_header(rows[0], body) if header is None else header
    columns = _unique([cell.strip() for cell in rows[0]]) if named else [f"column_{i}" for i in range(1, width + 1)]
    body = body if named else [row for row in rows if len(row) == width]
    if named and len(rows) == 1:
        raise InputError(f"{path}: has a header and no rows")
    sample = {column: [row[i] for row in body if i < len(row)] for i, column in enumerate(columns)}
    kind: Literal["fixed", "spaces", "delimited"] = "fixed" if edges else "spaces" if delimiter == " " else "delimited"
    return Format(kind, tuple(columns), sample, delimiter or " ", named, encoding, edges)


def fixed_edges(lines: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Where columns begin and end: between them is a place that is blank in every line.

    >>> fixed_edges(["ann  New York  1", "bo   Oslo     12"])
    ((0, 3), (5, 13), (14, 16))
    """
    width = max(len(line) for line in lines)
    full = "".join("x" if any(line[i : i + 1].strip() for line in lines) else " " for i in range(width))
    return tuple(match.span() for match in re.finditer("x+", full))


def fixed_cells(line: str, edges: Sequence[tuple[int, int]]) -> list[str]:
    """The cells of a line; the whole line as one cell when something stands between the columns."""
    ends = [start for start, _ in edges[1:]] + [len(line)]
    between = zip([0, *(end for _, end in edges)], [start for start, _ in edges], strict=False)
    if any(line[end:start].strip() for end, start in between):
        return [line]
    return [line[start:end].strip() for (start, _), end in zip(edges, ends, strict=True)]


def split_rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Lines as rows of cells; with spaces between columns any run of them separates."""
    if delimiter == " ":
        return [line.split() for line in lines]
    return [row for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter) if row]


def _delimiter(path: Path, lines: list[str]) -> str:
    """The first separator with which nearly all lines have the same number of cells, at least two.

    Where there is none: the best, or none ("") if the columns are fixed.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if ".tsv" in suffixes or ".tab" in suffixes:
        return "\t"
    best, best_share = ",", 0.0
    for delimiter in (*DELIMITERS, " "):
        widths = Counter(len(row) for row in split_rows(lines, delimiter))
        width, share = max(
            ((width, count / widths.total()) for width, count in widths.items() if width > 1),
            key=lambda w: w[1],
            default=(1, 0.0),
        )
        if width > 1 and share > 0.9:
            return delimiter
        if share > best_share:
            best, best_share = delimiter, share
    return "" if best in (",", " ") and len(fixed_edges(lines)) > 1 else best


def _is_header(first: list[str], body: list[list[str]]) -> bool:
    """Cells that are all different words, with a number or a usual name to tell them from the rows below."""
    cells = [cell.strip() for cell in first]
    if len(set(cells)) < len(cells) or any(not cell or PLAIN_NUMBER.fullmatch(cell) for cell in cells):
        return False
    below = any(PLAIN_NUMBER.fullmatch(cell.strip()) for row in body[:20] for cell in row)
    return below or any(known_name(cell) for cell in cells) or not body


def _unique(names: list[str]) -> list[str]:
    seen: Counter[str] = Counter()
    unique = []
    for place, name in enumerate(names, 1):
        known = name or f"column_{place}"
        seen[known] += 1
        unique.append(known if seen[known] == 1 else f"{known}_{seen[known]}")
    return unique


def _json(path: Path, lines: list[str], encoding: str) -> Format:
    rows = [row for row in json_rows([line.encode() for line in lines]) if isinstance(row, dict)]
    if not rows:
        raise InputError(f"{path}: looks like JSON lines but no line of the first {len(lines)} is an object")
    sample = json_columns(rows)
    return Format("json", tuple(sample), sample, encoding=encoding)


def _parquet(path: Path) -> Format:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        if file.metadata.num_rows == 0:
            raise InputError(f"{path}: is empty (a Parquet file without rows)")
        columns = flat(next(file.iter_batches(SAMPLE_ROWS)))
        sample = {name: column.to_pylist() for name, column in columns.items()}
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is a Parquet file that cannot be read ({str(error).splitlines()[0]})") from None
    return Format("parquet", tuple(columns), sample)


def flat(batch: Any) -> dict[str, Any]:
    """The columns of a record batch; a struct called `properties` comes up as properties.NAME, as with JSON lines."""
    import pyarrow as pa

    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    inner = columns.get("properties")
    if inner is not None and pa.types.is_struct(inner.type):
        del columns["properties"]
        fields = zip(inner.type, inner.flatten(), strict=True)
        columns |= {f"properties.{field.name}": column for field, column in fields}
    return columns
