"""What time alone does to the desk: what was held comes back, what nobody took slips by, promises come due."""

from __future__ import annotations

from sqlalchemy import Connection, func, select, update

from occasion.desk.actions import open_promise
from occasion.desk.dates import DAY_US
from occasion.people import promises
from occasion.people.parties import parties_of
from occasion.people.permission import ContactRules, rest_days
from occasion.store.schema.desk import GESTURES, OCCASIONS

O = OCCASIONS.c  # noqa: E741 - the columns, said often
AT_ONCE = 500
LASTING = ("promise", "handover")  # kinds that stay until somebody sees to them
PIT = 1000.0


def turn(connection: Connection, now: int, zone: str, rules: ContactRules | None = None) -> int:
    """Bring the desk to an instant; how many occasions changed. To be called every few minutes, or less often: the
    pages are right in between. At most some hundreds a call; call it again while it gives that many.
    """
    changed = _back(connection, now) + _over(connection, now, rules or ContactRules(zone=zone))
    for promise in _unopened(connection, [due.promise for due in promises.due(connection, now=now, zone=zone)]):
        changed += open_promise(connection, promise, now=now, zone=zone) is not None
    return changed


def _unopened(connection: Connection, due: list[promises.Promise]) -> list[promises.Promise]:
    """Those that have no occasion yet: asked at once, since what is overdue stays due until it is kept."""
    there: set[str] = set()
    for i in range(0, len(due), AT_ONCE):
        parties = {promise.party for promise in due[i : i + AT_ONCE]}
        query = select(O.identity).where(O.party.in_(parties), O.moment == "promise")
        there.update(connection.execute(query).scalars())
    return [promise for promise in due if f"promise:{promise.number}" not in there]


def _back(connection: Connection, now: int) -> int:
    """What was held until now is open again."""
    back = update(OCCASIONS).where(O.state == "held", O.held_until_us <= now)
    return connection.execute(back.values(state="open", held_until_us=None)).rowcount


def _over(connection: Connection, now: int, rules: ContactRules) -> int:
    """Open occasions whose time is over: what was coming came or did not, and the watcher says which; what could have
    been done and was not has slipped by, unless the party was being left in peace.
    """
    query = (
        select(O.number, O.party, O.kind, O.shown_us)
        .where(O.state == "open", O.until_us <= now, O.kind.not_in(LASTING), O.stake < PIT)
        .order_by(O.until_us)
        .limit(AT_ONCE)
    )
    rows = connection.execute(query).all()
    last = _last_gestures(connection, [row.party for row in rows])
    people = parties_of(connection, list({row.party for row in rows}))
    for row in rows:
        rest = int(rest_days(people[row.party], rules) * DAY_US)
        if row.kind == "coming":
            state, reason = "retracted", "reason.over"
        elif last.get(row.party, -rest) > row.shown_us - rest:
            state, reason = "retracted", "reason.peace"
        else:
            state, reason = "slipped", ""
        values = {"state": state, "reason": reason, "changed_us": now}
        connection.execute(update(OCCASIONS).where(O.number == row.number).values(**values))
    return len(rows)


def _last_gestures(connection: Connection, parties: list[str]) -> dict[str, int]:
    query = select(GESTURES.c.party, func.max(GESTURES.c.at_us)).where(
        GESTURES.c.party.in_(parties), GESTURES.c.form != "nothing"
    )
    return {row[0]: row[1] for row in connection.execute(query.group_by(GESTURES.c.party))}
