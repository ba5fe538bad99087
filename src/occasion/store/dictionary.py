"""Texts as integers: the codes of parties and names."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


class Dictionary:
    """Codes from 0 in the order in which texts came first; they never change. With `buckets`, texts have a bucket."""

    def __init__(self, path: Path | None = None, buckets: int = 1) -> None:
        self._buckets = buckets
        texts: list[str] = pq.read_table(path).column("text").to_pylist() if path else []
        self._code = {text: code for code, text in enumerate(texts)}
        self.known = len(texts)
        self.renamed = False
        self._bucket = array("H", [bucket_of(text, buckets) for text in texts] if buckets > 1 else [])

    def __len__(self) -> int:
        return len(self._code)

    def __contains__(self, text: str) -> bool:
        return text in self._code

    def codes(self, column: Any) -> Any:
        """The int32 codes of a text column (Arrow array without nulls); new texts get new codes."""
        encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        of_text = np.fromiter(map(self._add, _texts(encoded.dictionary)), np.int32, len(encoded.dictionary))
        codes: Any = of_text[encoded.indices.to_numpy(zero_copy_only=False)]
        return codes

    def _add(self, text: str) -> int:
        code = self._code.get(text)
        if code is None:
            code = self._code[text] = len(self._code)
            if self._buckets > 1:
                self._bucket.append(bucket_of(text, self._buckets))
        return code

    def rename(self, names: Mapping[str, str]) -> None:
        """Give the codes of some texts to others that have none, which keep the bucket."""
        self.renamed = not names.keys().isdisjoint(self._code)
        if self.renamed:
            self._code = {names.get(text, text): code for text, code in self._code.items()}

    def buckets(self, codes: Any) -> Any:
        """The bucket of each code."""
        if self._buckets == 1:
            return np.zeros(len(codes), np.uint16)
        bucket: Any = np.frombuffer(self._bucket, np.uint16)[codes]
        return bucket

    def texts(self) -> Any:
        """All texts as an Arrow array, by code."""
        return pa.array(self._code, pa.string())

    def write(self, path: Path) -> None:
        """A Parquet file with `code` (int32) and `text`."""
        table = pa.table({"code": pa.array(np.arange(len(self), dtype=np.int32)), "text": self.texts()})
        pq.write_table(table, path, compression="zstd")


def _texts(values: Any) -> list[str]:
    texts: list[str] = values.cast(pa.string()).to_pylist()
    return texts


def bucket_of(text: str, buckets: int) -> int:
    """Which bucket holds a party: the CRC-32 of its UTF-8 bytes, modulo the number of buckets."""
    return zlib.crc32(text.encode()) % buckets
