"""The server lets time work on the desk: certain dates are put there, what was held comes back."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import insert, select

from desk_world import DAY, HOUR, MORNING, event
from occasion.desk import actions
from occasion.service.farewell import say_goodbye
from occasion.service.running import Service, Settings
from occasion.store.arrived import Arrived, Batch
from occasion.store.schema.desk import OCCASIONS
from occasion.store.schema.doors import COLLEAGUES
from occasion.store.workspace import make_workspace

CATALOGUE = """\
moments:
  a year more: {when: every 1 year since first lease_signed, owner: ewa, purpose: at home}
  first call: {when: 'first call where direction = "in"', owner: ewa, purpose: dared}
"""


def test_a_running_server_looks_ahead_and_turns(tmp_path: Path) -> None:
    (tmp_path / "moments.yaml").write_text(CATALOGUE, encoding="utf-8")
    workspace = make_workspace(tmp_path, "Europe/Warsaw")
    now = [MORNING]
    service = Service(Settings(workspace, clock=lambda: now[0], buffer_us=0))
    service.start()
    try:
        people = [{"id": one, "name": one.title(), "role": "admin", "capacity": 8, "notify": {}, "joined_us": 0}
                  for one in ("ewa", "jan")]  # fmt: skip
        service.writer.do(lambda connection: connection.execute(insert(COLLEAGUES), people)).result(20)
        signed = event("dana", "lease_signed", MORNING - 355 * DAY, id="t:1")
        call = event("cem", "call", MORNING, id="t:2", direction="in")
        service.writer.submit(Batch([Arrived("t", "1", event=signed), Arrived("t", "2", event=call)])).result(20)
        service.writer.do(lambda connection: None).result(20)  # what follows is written before it
        now[0] += HOUR
        assert service.looking.look() == 1
        assert service.looking.look() == 0
        with service.engine.connect() as connection:
            rows = {row.moment: row for row in connection.execute(select(OCCASIONS))}
        assert (rows["a year more"].kind, rows["a year more"].facts["on_date"]) == ("coming", "2026-03-12")
        number = rows["first call"].number
        service.writer.do(
            lambda connection: actions.hold(connection, number, now[0] + DAY, "later", now=now[0], by="ewa")
        ).result(20)
        assert service.looking.turn() == 0
        now[0] += DAY
        assert service.looking.turn() == 1
        lost: list[Arrived] = []
        service.writer.do(
            lambda connection: actions.done(
                connection, number, "call", "Spoke.", now=now[0], by="ewa", append=lost.append
            )
        ).result(20)
        assert [one.name for one in service.log.of("cem")] == ["call"]  # as if the server had ended here
        assert (service.looking.make_up(), service.looking.make_up()) == (1, 0)
        assert [one.id for one in service.log.of("cem")] == ["t:2", f"desk:{lost[0].message_id}"]
        handed = service.writer.do(
            lambda connection: say_goodbye(connection, now[0], "jan", "ewa", to="jan", place=workspace)
        ).result(20)
        assert handed == 0
        with service.engine.connect() as connection:
            whose = {row.state: row.owner for row in connection.execute(select(OCCASIONS))}
            left = connection.execute(select(COLLEAGUES.c.left_us).where(COLLEAGUES.c.id == "ewa")).scalar_one()
        assert whose == {"open": "jan", "done": "ewa"}  # what she did stays hers
        assert left == now[0]
        assert "owner: jan" in workspace.catalogue.read_text(encoding="utf-8")
    finally:
        service.stop()
