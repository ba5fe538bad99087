"""Train the model of pressure that ships, from sentences written for it; the same each time.

    python scripts/train_pressure.py [--to FOLDER] [--check]

It reads pressure_sentences.jsonl beside this file: sentences that press or blame (`kind`) and sentences that do not
(kind null). Sentences of one `group` are variants of one another and are never parted by the cross-validation that the
thresholds are chosen by. Needs the extra `multilingual`.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from occasion.coach.pressure_model import KINDS, STEP, PressureModel, vectors_of

ROOT = Path(__file__).resolve().parent.parent
SENTENCES = Path(__file__).with_name("pressure_sentences.jsonl")
SHIPPED = ROOT / "src" / "occasion" / "coach" / "data" / "pressure_sentence.npz"
STRENGTH = 5.0
FOLDS = 10
ALARMS, SURE_ALARMS = 0.01, 0.002  # of sentences that do not press, by cross-validation
MISSED = 0.1  # of those that press, where a turn of phrase is no longer believed


def sentences() -> list[dict[str, Any]]:
    """The rows of the file."""
    return [json.loads(line) for line in SENTENCES.read_text(encoding="utf-8").splitlines()]


def fit(seen: NDArray[np.float64], kinds: Sequence[str | None]) -> PressureModel:
    """A support vector machine with a Gaussian kernel on standardised vectors, its vectors in steps of `STEP`."""
    from sklearn.svm import SVC

    mean, spread = seen.mean(0), seen.std(0)
    plain = _stepped((seen - mean) / spread)
    presses = np.array([kind is not None for kind in kinds])
    gamma = 1 / seen.shape[1]
    machine = SVC(C=STRENGTH, gamma=gamma).fit(plain.astype(float) * STEP, presses)
    of = np.array([KINDS.index(kinds[at]) if presses[at] else -1 for at in machine.support_], np.int8)
    return PressureModel(
        mean.astype(np.float32), spread.astype(np.float32), plain[machine.support_],
        machine.dual_coef_[0].astype(np.float32), of, float(machine.intercept_[0]), gamma, 0.0, 0.0, 0.0,
    )  # fmt: skip


def cross_validated(seen: NDArray[np.float64], rows: Sequence[dict[str, Any]]) -> NDArray[np.float64]:
    """How surely each sentence presses, by a model that has not seen its group."""
    from sklearn.model_selection import GroupKFold

    kinds = [row["kind"] for row in rows]
    told = np.zeros(len(rows))
    for learn, test in GroupKFold(FOLDS).split(seen, kinds, [row["group"] for row in rows]):
        model = fit(seen[learn], [kinds[at] for at in learn])
        told[test] = model.judge(seen[test])[0]
    return told


def made() -> bytes:
    """The file, as it is written."""
    rows = sentences()
    seen = vectors_of([row["text"] for row in rows])
    told = cross_validated(seen, rows)
    plain = told[[row["kind"] is None and not row["contrast"] for row in rows]]
    model = fit(seen, [row["kind"] for row in rows])
    held = io.BytesIO()
    np.savez(
        held, mean=model.mean, spread=model.spread, vectors=model.vectors, weights=model.weights, kinds=model.kinds,
        numbers=np.round([
            model.intercept, model.gamma, np.quantile(plain, 1 - ALARMS), np.quantile(plain, 1 - SURE_ALARMS),
            np.quantile(told[[row["kind"] is not None for row in rows]], MISSED),
        ], 6),
    )  # fmt: skip
    return held.getvalue()


def _stepped(values: NDArray[np.float64]) -> NDArray[np.int8]:
    return np.clip(np.round(values / STEP), -127, 127).astype(np.int8)


def main() -> int:
    """Write the file, or say whether it is the same."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--to", type=Path, default=SHIPPED)
    asked.add_argument("--check", action="store_true")
    given = asked.parse_args()
    held = made()
    if given.check:
        same = given.to.is_file() and given.to.read_bytes() == held
        sys.stdout.write(f"{given.to.name}: {'the same' if same else 'differs'}\n")
        return int(not same)
    given.to.write_bytes(held)
    sys.stdout.write(f"{given.to.name}: {len(held):,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
