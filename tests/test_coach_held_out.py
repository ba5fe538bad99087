"""The verdict on the half kept apart: agreement with the labels, Cohen's kappa.

The messages are opened here only, and nothing of them is shown but the figure. How often it was run while the coach was
made, and what it gave each time, is in docs/coach.md.
"""

from __future__ import annotations

import sys

from labelled import kappa, kappa_interval, verdicts


def test_the_verdict_agrees_with_messages_kept_apart() -> None:
    said, found = verdicts("held_out")
    value, (low, high) = kappa(said, found), kappa_interval(said, found)
    sys.stdout.write(f"held-out half, verdict: kappa {value:.2f} ({low:.2f} to {high:.2f}), n = {len(said)}\n")
    assert round(value, 2) >= 0.7
