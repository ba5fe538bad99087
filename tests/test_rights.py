"""On the desk: everything held about somebody is given out, and they are erased once somebody is sure."""

from __future__ import annotations

from pathlib import Path

from doors import desk_app, do, signed_in
from occasion.people import parties
from occasion.people.details import note
from occasion.store import audit

NOW = 1_772_442_000_000_000


def test_a_file_for_them_and_then_nothing(tmp_path: Path) -> None:
    with desk_app(tmp_path, lambda: NOW) as app:
        for party, owner in (("a/b c", "col"), ("theirs", "zoe")):
            do(app, lambda c, p=party, o=owner: parties.change(c, p, now=NOW, by="t", name=f"Anna {p}", owner=o))
            do(app, lambda c, p=party: note(c, p, "likes <tea>", now=NOW, by="t", source="call"))
        col, man = signed_in(app, "colleague"), signed_in(app, "manager")
        assert 'href="/export/a%2Fb%20c"' in col.get("/party/a%2Fb%20c").text
        assert "/erase/" not in col.get("/party/a%2Fb%20c").text  # a colleague gives out, and erases nobody
        assert 'action="/erase/a%2Fb%20c"' in man.get("/party/a%2Fb%20c").text

        page = col.get("/export/a%2Fb%20c")
        assert page.status_code == 200
        assert page.headers["content-disposition"] == 'attachment; filename="held.html"'
        assert page.headers["cache-control"] == "no-store"
        assert "likes &lt;tea&gt;" in page.text
        held = col.get("/export/a%2Fb%20c?form=json").json()
        assert [row["text"] for row in held["held"]["details"]] == ["likes <tea>"]
        assert col.get("/export/theirs").status_code == 404  # somebody else's
        assert col.get("/export/nobody").status_code == 404
        assert col.get("/export/a%2Fb%20c?form=pdf").status_code == 422

        assert col.post("/erase/a%2Fb%20c", data={"sure": "yes"}).status_code == 403
        assert man.post("/erase/a%2Fb%20c", data={}).status_code == 422
        assert man.get("/party/a%2Fb%20c").status_code == 200
        assert man.post("/erase/a%2Fb%20c", data={"sure": "yes"}).status_code == 303
        assert man.get("/party/a%2Fb%20c").status_code == 404
        assert man.get("/party/theirs").status_code == 200
        assert man.post("/erase/a%2Fb%20c", data={"sure": "yes"}).status_code == 409  # nothing is held any more
        with app.state.service.engine.connect() as connection:
            assert isinstance(audit.verify(connection), audit.Head)
            actions = connection.execute(audit.AUDIT.select().order_by(audit.AUDIT.c.number)).all()
        assert [row.action for row in actions][-3:] == ["party exported", "party exported", "party erased"]
        assert actions[-1].actor == "man"
