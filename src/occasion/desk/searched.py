"""What a few words find: people, moments, and what is on the desk about those people."""

from __future__ import annotations

from sqlalchemy import select

from occasion.desk.cards import ON_DESK, Ground
from occasion.desk.known import party_ref
from occasion.desk.pages_house import Found, SearchPage
from occasion.desk.seen import parties_seen
from occasion.desk.viewer import owners_seen, sees_names
from occasion.people.parties import parties_of
from occasion.people.search import Hit, fold, search
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.people import DETAILS

MOST = 30
LOOKED_AT = 200


def searched(ground: Ground, zone: str, query: str) -> SearchPage:
    """The page for a query. Only parties the viewer may see: an analyst sees none, a colleague their own."""
    query = query.strip()[:200]
    hits = (
        _seen(ground, search(ground.connection, query, limit=LOOKED_AT)) if query and sees_names(ground.viewer) else []
    )
    parties = parties_of(ground.connection, [hit.party for hit in hits[:MOST]])
    found = tuple(
        Found(party_ref(parties[hit.party], ground.house, ground.zone, True), hit.place, _shown(ground, hit))
        for hit in hits[:MOST]
    )
    words = fold(query)
    moments = tuple(
        (one.name, one.written.text) for one in ground.catalogue.moments if words and words in fold(one.name)
    )
    rows = []
    if hits:
        names = [hit.party for hit in hits[:MOST]]
        state, owner = OCCASIONS.c.state + "", OCCASIONS.c.owner + ""  # no index for these: they are found by party
        about = select(OCCASIONS).where(OCCASIONS.c.party.in_(names), state.in_(ON_DESK))
        whose = owners_seen(ground.connection, ground.viewer)
        if whose is not None:
            about = about.where(owner.in_(whose))
        rows = list(ground.connection.execute(about.order_by(OCCASIONS.c.until_us).limit(MOST)).all())
    cards = ground.cards(rows)
    more = len(hits) > MOST
    return SearchPage(ground.now, zone, query, found, moments, tuple(cards.line(row) for row in rows), more)


def _seen(ground: Ground, hits: list[Hit]) -> list[Hit]:
    """Those whose bond or whose occasions are the viewer's to see."""
    mine = parties_seen(ground.connection, ground.viewer, [hit.party for hit in hits])
    return [hit for hit in hits if hit.party in mine]


def _shown(ground: Ground, hit: Hit) -> str:
    if hit.place == "name":
        return hit.name or hit.party
    if hit.detail is not None:
        query = select(DETAILS.c.text).where(DETAILS.c.number == hit.detail)
        return str(ground.connection.execute(query).scalar() or "")
    return hit.identity
