"""Real files load with a short command; their figures are those of the data's own documentation."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from occasion.events.load import plan_load
from occasion.store.files import open_source
from occasion.store.history import History, LoadReport


def load(
    folder: Path, path: Path, mapping: str | None = None, *, both: bool = False
) -> tuple[LoadReport, set[str], int]:
    """The report, the parties and the number of events of a file loaded into a history of its own."""
    with History(folder) as history:
        report = history.load(plan_load([path], mapping, both=both))
        events = list(history.events())
    return report, {event.party for event in events}, len(events)


def test_the_college_s_messages(tmp_path: Path, data: Path) -> None:
    # 59 835 messages among 1 899 students: Panzarasa, Opsahl & Carley 2009, SNAP CollegeMsg
    report, students, events = load(tmp_path, data / "collegemsg.txt", both=True)
    assert (report.read, report.taken, report.refused) == (59_835, 59_835, 0)
    assert (len(students), events) == (1_899, 2 * 59_835)
    assert report.mapping == "party=source,name='message',at:s=weight,counterpart=target"
    again, *_ = load(tmp_path, data / "collegemsg.txt", both=True)
    assert (again.taken, again.known, again.events) == (0, 59_835, 0)


def test_the_bundled_messages_are_the_same(tmp_path: Path, data: Path) -> None:
    bundled = Path(__file__).parent.parent / "src" / "occasion" / "examples" / "collegemsg.txt.gz"
    load(tmp_path, data / "collegemsg.txt", both=True)
    report, *_ = load(tmp_path, bundled, both=True)
    assert (report.read, report.known) == (59_835, 59_835)


def test_the_online_shop(tmp_path: Path, data: Path) -> None:
    report, users, events = load(tmp_path, data / "onlineshop.csv.gz")
    assert (report.read, events) == (32_283, 32_283)
    assert report.mapping == "party=user_id,name=event,at=timestamp"
    assert len(users) == 3_751


def test_the_cdnow_sample_without_a_header(tmp_path: Path, data: Path) -> None:
    # 6 919 purchases of 2 357 customers: Fader & Hardie
    mapping = "party=1,name='order',at=3,prop:cds=4,prop:dollars=5"
    report, customers, _ = load(tmp_path, data / "CDNOW_sample.txt", mapping)
    assert (report.read, report.taken, len(customers)) == (6_919, 6_919, 2_357)
    guessed, *_ = load(tmp_path / "guessed", data / "CDNOW_sample.txt")
    assert guessed.mapping.startswith("party=column_1,name='event',at:ymd=column_3,")
    with History(tmp_path) as history:
        first = min(history.events(), key=lambda event: (event.party, event.at, event.id))
    assert (first.party, first.at) == ("00004", 852_076_800_000_000)
    assert first.properties == {"cds": Decimal(2), "dollars": Decimal("29.33")}


def test_all_of_cdnow(tmp_path: Path, data: Path) -> None:
    # 69 659 purchases of 23 570 customers, 1997-01-01 to 1998-06-30: Fader & Hardie
    report, customers, events = load(tmp_path, data / "CDNOW_master.txt", "name='order'")
    assert (report.read, report.taken, len(customers), events) == (69_659, 69_659, 23_570, 69_659)
    with History(tmp_path) as history:
        segments = history.state().segments
    assert min(s.first_us for s in segments) == 852_076_800_000_000
    assert max(s.last_us for s in segments) == 899_164_800_000_000


def test_any_command_opens_them_at_once(tmp_path: Path, data: Path) -> None:
    with open_source([data / "collegemsg.txt"], scratch=tmp_path, both=True) as opened:
        assert opened.report
        assert opened.report.events == 119_670
        assert opened.source.sealed
