"""Ours beside the peers' ranking: which place a line has on either side."""

from __future__ import annotations

from typing import NamedTuple

from occasion.finding.findings import Findings, PeerLine, Verdict

ROWS = 10


class Places(NamedTuple):
    """A line's place by phi and here, each None beyond the first ten or where it has none; and our verdict."""

    peers: int | None
    ours: int | None
    verdict: Verdict | None


def standing(found: Findings, peer: PeerLine) -> tuple[int | None, Verdict | None]:
    """The place and the verdict that one of the peers' lines has here; None where it was not looked at closely."""
    if peer.ours is not None and peer.verdict is not None:
        return peer.ours, peer.verdict
    for place, finding in enumerate(found.candidates, 1):
        if finding.when == peer.when:
            return place, finding.verdict
    return None, None


def places(found: Findings) -> list[Places]:
    """The places of the first ten lines on either side, no line twice."""
    peers = found.peers[:ROWS]
    pairs = [Places(peer.rank, *standing(found, peer)) for peer in peers]
    seen = {peer.when for peer in peers}
    for place, finding in enumerate(found.candidates[:ROWS], 1):
        if finding.when not in seen:
            pairs.append(Places(finding.peer_rank, place, finding.verdict))
    return [Places(_first(peer), _first(ours), verdict) for peer, ours, verdict in pairs]


def _first(place: int | None) -> int | None:
    return place if place is not None and place <= ROWS else None
