"""When the watcher has stopped, every page says so: an empty desk must not look like a quiet day."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from doors import desk_app, signed_in
from occasion.store.arrived import Effects, Group

SAID = "Watching has stopped over an error"


class Failing:
    """A follower whose next reading fails."""

    def read(self, group: Group) -> Effects:
        raise RuntimeError("a fault")

    def tick(self, now: int) -> Any:
        raise RuntimeError("a fault")


@pytest.mark.parametrize("path", ["/", "/moments", "/settings", "/help"])
def test_every_page_says_that_nothing_is_watched(tmp_path: Path, path: str) -> None:
    with desk_app(tmp_path, following=True) as app:
        client, writer = signed_in(app, "colleague"), app.state.service.writer
        assert SAID not in client.get(path).text
        writer.do(lambda _: setattr(writer, "_follower", Failing())).result(10)
        for _ in range(200):
            if writer.trouble is not None:
                break
            writer.do(lambda _: writer._tick()).result(10)
        assert SAID in client.get(path).text
        assert client.get("/health/ready").json()["watching"] == "still"
