"""What each family of clients wants to hear."""

from __future__ import annotations

from typing import Any

from occasion.service.ingest.reading import Reading
from occasion.store.arrived import Receipt


def segment_answer(receipt: Receipt, reading: Reading) -> dict[str, Any]:
    """Taken, known already, refused; and why the first was."""
    answer: dict[str, Any] = {
        "success": True,
        "taken": receipt.taken,
        "known": receipt.known,
        "refused": len(reading.batch.refused),
    }
    if reading.batch.refused:
        answer["reasons"] = [row.reason for row in reading.batch.refused[:10]]
    return answer


def posthog_answer(receipt: Receipt, reading: Reading) -> dict[str, Any]:
    """The same, under the word its clients look for."""
    return {"status": 1, **segment_answer(receipt, reading)}


def results_answer(receipt: Receipt, reading: Reading) -> dict[str, Any]:
    """What became of each event, by its uuid; a refused one is to be dropped: sending it again changes nothing."""
    results: dict[str, dict[str, str]] = {}
    for name, why in reading.named:
        if name and name not in results:
            results[name] = {"result": "ok"} if why is None else {"result": "drop", "details": why}
    return {"results": results, **segment_answer(receipt, reading)}
