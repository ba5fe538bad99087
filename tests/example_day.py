"""A day of theirs on the desk: occasions, today's page, and one party's."""

from __future__ import annotations

from example_people import (
    ASKED,
    BROKER,
    CALLED,
    DANA,
    DAUGHTER,
    DAY,
    EXTRACTION,
    FILIP,
    HEALTH,
    HOUR,
    IGOR,
    MINT,
    NOW,
    PROMISE,
    QUESTION,
    TEN,
    ZONE,
)
from occasion.desk.pages import (
    Consent,
    Identity,
    OwnerDay,
    PartyPage,
    Slipped,
    SlippedBy,
    TodayPage,
    Trait,
)
from occasion.desk.parts import (
    Card,
    CardLine,
    Entry,
    EventLine,
    ForOne,
    PartyRef,
    ProposalLine,
    Said,
    Send,
    Suggestion,
)

FOLLOW_UP = Card(
    number=101,
    party=IGOR,
    moment="follow-up after an extraction",
    moment_line='no contact where direction = "out" for 3 days after extraction',
    purpose="they know we think of them",
    kind="reached",
    state="open",
    owner="front desk",
    owner_name="front desk",
    owner_is_team=True,
    about_us=NOW,
    shown_us=NOW,
    until_us=NOW + 15 * HOUR,
    why=Said("why.reached.customer", {"moment": "follow-up after an extraction", "at_us": NOW}),
    question=QUESTION,
    events=(EXTRACTION, ASKED),
    details=(MINT, DAUGHTER),
    suggestions=(
        Suggestion("call", Said("make.call.asked", {"at_us": ASKED.at_us})),
        Suggestion("note", Said("make.note.detail", {"text": "daughter starts school in September"}), (2,), CALLED),
        Suggestion(
            "call",
            Said("make.catalogue", {"text": "ask how the first night was"}),
            by_catalogue="ask how the first night was",
        ),
    ),
    before=(CALLED,),
    promises=(PROMISE,),
    stake=8.5,
    may=("take", "hold", "skip", "hand_over", "done", "answer", "detail", "promise"),
    proposals=(ProposalLine(1, "a call about the first day at school", "she starts school", "assistant", NOW),),
)
SLIPPING = Card(
    number=102,
    party=DANA,
    moment="ten visits",
    moment_line=TEN.line,
    purpose="they feel at home",
    kind="slipping",
    state="taken",
    owner="ewa",
    owner_name="Ewa Nowak",
    owner_is_team=False,
    about_us=NOW - DAY,
    shown_us=NOW - DAY,
    until_us=NOW + 5 * DAY,
    question=QUESTION,
    progress=TEN,
    chance=TEN.chance,
    taken_by="marek",
    why=Said("why.unlikely.customer", {"moment": "ten visits", "have": "7", "need": "10", "until_us": NOW + 5 * DAY}),
    taken_by_name="Marek Zając",
    told=Said("told.taken", {"taken_by_name": "Marek Zając"}),
    stake=6.1,
    helped=(Said("helped.form", {"of_n": 40, "form": "call", "n": 22, "without_n": 56, "without": 7}),),
    may=("answer", "detail", "promise"),
)
FIRST_CLIENT = Card(
    number=103,
    party=BROKER,
    moment="first client sent",
    moment_line="first client_referred",
    purpose="a partner trusts us",
    kind="reached",
    state="open",
    owner="marek",
    owner_name="Marek Zając",
    owner_is_team=False,
    about_us=NOW - HOUR,
    shown_us=NOW - HOUR,
    until_us=NOW + DAY,
    why=Said("why.reached.partner", {"moment": "first client sent", "at_us": NOW - HOUR}),
    question=QUESTION,
    events=(EventLine("crm:1", NOW - HOUR, NOW - HOUR, "client_referred", facts=(("client", "p-3000"),)),),
    suggestions=(Suggestion("call", Said("make.note.reached", {"text": "first client sent"})),),
    stake=5.0,
    answer="He rang himself to say so; I thanked him for the trust.",
    may=("take", "hold", "skip", "hand_over", "done", "answer", "detail", "promise"),
)


def line(number: int, party: PartyRef, moment: str, kind: str, state: str, **more: object) -> CardLine:
    given: dict[str, object] = {
        "owner": "ewa",
        "owner_name": "Ewa Nowak",
        "about_us": NOW - DAY,
        "until_us": NOW + DAY,
        "why": Said(
            f"why.{kind}.{party.kind}",
            {
                "moment": moment,
                "at_us": NOW - DAY,
                "on_date": "2026-03-03",
                "text": "send the estimate",
                "left_name": "Jan Kot",
                "have": "2",
                "need": "3",
                "until_us": NOW + DAY,
            },
        ),
    }
    return CardLine(number=number, party=party, moment=moment, kind=kind, state=state, **(given | more))  # type: ignore[arg-type]


HELD = line(
    104,
    FILIP,
    "100th order",
    "reached",
    "held",
    held_until_us=NOW + 7 * DAY,
    reason=Said("reason.complaint", {"moment": "complaint"}),
)
WAITING = tuple(line(200 + i, IGOR, "a year with us", "coming", "open") for i in range(6))
DONE = line(90, DANA, "first visit", "reached", "done", form="call", changed_us=NOW - DAY)
SKIPPED = line(
    91,
    IGOR,
    "birthday",
    "coming",
    "skipped",
    changed_us=NOW - DAY,
    reason=Said("reason.person", {"text": "away until Friday"}),
)
MISSED = line(92, DANA, "ten friends", "missed", "slipped", changed_us=NOW - DAY)
TOMORROW = line(0, IGOR, "third anniversary", "coming", "open", about_us=NOW + DAY)
SLIPPED = Slipped(
    "2026-02",
    3,
    (
        SlippedBy("ewa", "Ewa Nowak", "ten friends", 2, (MISSED,)),
        SlippedBy("front desk", "front desk", "follow-up", 1, (MISSED,)),
    ),
)

TODAY = TodayPage(
    NOW,
    ZONE,
    "2026-03-02",
    "team",
    (FOLLOW_UP, SLIPPING, FIRST_CLIENT),
    WAITING,
    6,
    (HELD,),
    (DONE, SKIPPED),
    (TOMORROW,),
    (MISSED,),
    (OwnerDay("ewa", "Ewa Nowak", False, 8, 2, 2, 6), OwnerDay("front desk", "front desk", True, 16, 2, 3, 0)),
    2,
    False,
    SLIPPED,
    (
        Send(
            "9f", "Our garden opens", NOW - DAY, 412, "Our garden café opens on Saturday.",
            (ForOne(DANA, MINT, "text"), ForOne(BROKER, DAUGHTER, "date")), 7,
        ),
    ),
    3,
)  # fmt: skip
TODAY_EMPTY = TodayPage(NOW, ZONE, "2026-03-02", "own", (), (), 0, (), (DONE,), (TOMORROW,), (), (), 5, True)

PARTY = PartyPage(
    NOW,
    ZONE,
    IGOR,
    NOW,
    False,
    ("21:00", "08:00"),
    "phone",
    (
        Consent("mail", True, NOW - 300 * DAY, "form"),
        Consent("sms", False, NOW - 20 * DAY, "said on the phone"),
        Consent("phone", None, None, ""),
    ),
    None,
    None,
    "settled",
    NOW - 900 * DAY,
    NOW - 2 * DAY,
    57,
    (Trait("plan", "family", "crm", NOW - 100 * DAY),),
    (MINT, DAUGHTER, HEALTH),
    (PROMISE,),
    (FOLLOW_UP,),
    (TEN,),
    (
        Entry(NOW - 2 * DAY, "event", Said("line.event", {"name": "message"}), event=ASKED),
        Entry(NOW - 3 * DAY, "event", Said("line.event", {"name": "extraction"}), event=EXTRACTION),
        Entry(NOW - 30 * DAY, "detail", Said("line.detail"), "Marek Zając", DAUGHTER.text, number=2),
        Entry(
            NOW - 90 * DAY,
            "gesture",
            Said("line.gesture", {"form": "call", "moment": "follow-up"}),
            "Ewa Nowak",
            CALLED.text,
            number=11,
        ),
        Entry(NOW - 90 * DAY, "answer", Said("line.answer"), "Ewa Nowak", "I called before he had to.", number=88),
    ),
    "0:12",
    (Identity(3, "anon-77", NOW - 200 * DAY, "clinic", "identify"),),
    (CALLED,),
    ("detail", "promise", "merge", "export", "owner"),
)
