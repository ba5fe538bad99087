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
    results = {row.message_id: {"result": "drop", "details": row.reason} for row in reading.batch.refused}
    results |= {item.message_id: {"result": "ok"} for item in reading.batch.arrived}
    results.pop(None, None)  # a refused one without a uuid
    return {"results": results, **segment_answer(receipt, reading)}
