"""An example of every page of the desk, as it could be on 2026-03-02 in a dental practice in Warsaw."""

from __future__ import annotations

from occasion.coach.practice import Moved, Week
from occasion.coach.reading import Part, Reading, Span
from occasion.desk.pages import (
    Consent,
    Identity,
    MomentForm,
    MomentLine,
    MomentPage,
    MomentsPage,
    OwnerDay,
    PartyPage,
    Preview,
    Slipped,
    SlippedBy,
    StepLine,
    TodayPage,
    Trait,
)
from occasion.desk.pages_coach import CoachPage, ExerciseView, PracticePage, Tones
from occasion.desk.pages_house import (
    AuditLine,
    AuditPage,
    ChannelLine,
    ColleagueLine,
    FeedLine,
    FindPage,
    FindRun,
    Found,
    HookLine,
    KeyLine,
    LeavingPlan,
    Notified,
    RefusedLine,
    RefusedPage,
    SearchPage,
    SettingsPage,
)
from occasion.desk.parts import (
    Card,
    CardLine,
    DetailLine,
    Entry,
    EventLine,
    FindingLine,
    ForOne,
    GestureLine,
    PartyRef,
    ProgressLine,
    PromiseLine,
    ProposalLine,
    Said,
    Send,
    Suggestion,
)
from occasion.desk.reading_view import reading_view
from occasion.desk.viewer import Viewer
from occasion.estimate import Estimate, Refusal

HOUR = 3_600_000_000
DAY = 24 * HOUR
NOW = 1_772_438_400_000_000  # 2026-03-02 08:00 UTC, 09:00 in Warsaw
ZONE = "Europe/Warsaw"
EWA = Viewer("ewa", "Ewa Nowak", "colleague", ("front desk",), "en-GB", ZONE)
MAREK = Viewer("marek", "Marek Zając", "manager", ("front desk",), "en-GB", ZONE)

IGOR = PartyRef("p-1042", "Igor Wolski", "Igor Wolski", "customer", ZONE, "ewa", "Ewa Nowak")
DANA = PartyRef("p-2210", "Dana Lis", "Dana Lis", "customer", "America/New_York", "ewa", "Ewa Nowak")
BROKER = PartyRef(
    "b-7",
    "Broker Kowalczyk & Sons with a name as long as it is old",
    "Broker Kowalczyk & Sons with a name as long as it is old",
    "partner",
    ZONE,
    "marek",
    "Marek Zając",
)
FILIP = PartyRef("p-9", "Filip Mazur", "Filip Mazur", "customer", ZONE, "ewa", "Ewa Nowak")
NAMELESS = PartyRef("", "", "party 1", "customer", ZONE)

EXTRACTION = EventLine(
    "clinic:e-1",
    NOW - 3 * DAY,
    NOW - 3 * DAY + HOUR,
    "extraction",
    None,
    None,
    "Ola Dentist",
    facts=(("tooth", "38"), ("minutes", "40")),
)
ASKED = EventLine(
    "mail:m-2",
    NOW - 2 * DAY,
    NOW - 2 * DAY,
    "message",
    "mail",
    "in",
    None,
    body="Is it normal that it still aches when I drink something cold?",
)
LETTER = EventLine("mail:m-3", NOW - 40 * DAY, NOW - 40 * DAY, "letter_sent", "mail", "out", "Ewa Nowak", mass=True)
MINT = DetailLine(
    1,
    "prefers mint rinse",
    "preference",
    "said in the chair",
    "ewa",
    "Ewa Nowak",
    NOW - 200 * DAY,
    "anything",
    False,
    False,
)
DAUGHTER = DetailLine(
    2,
    "daughter starts school in September",
    "family",
    "said on the phone",
    "marek",
    "Marek Zając",
    NOW - 30 * DAY,
    "anything",
    False,
    False,
    "2026-09",
)
HEALTH = DetailLine(
    3, "takes blood thinners", "health", "anamnesis", "ewa", "Ewa Nowak", NOW - 300 * DAY, "care", True, True
)
CALLED = GestureLine(
    11,
    NOW - 90 * DAY,
    "call",
    "Called after the root canal; he laughed about the parking.",
    "ewa",
    "Ewa Nowak",
    88,
    "follow-up",
)
PROMISE = PromiseLine(
    5, "send the estimate for the crown", "ewa", "Ewa Nowak", NOW - 5 * DAY, "2026-03-01", overdue=True
)
TEN = ProgressLine(
    "ten visits",
    "count(visit) >= 10 within 1 year of start",
    "open",
    "7",
    "10",
    NOW + 5 * DAY,
    False,
    False,
    Said("progress.left", {"have": "7", "need": "10", "left_for_us": 5 * DAY}),
    chance=Estimate(0.3, 0.21, 0.41, 96, "share of parties that had 7 at this point"),
)
QUESTION = Said("question.loyalty")

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

FINDING = FindingLine(
    "warning",
    "event",
    'moment "first visit"',
    "no event fisrt_visit ever came: did you mean first_visit?",
    14,
    17,
    "when",
)
NO_OWNER = FindingLine(
    "error",
    "owner",
    'moment "birthday"',
    "has no owner and is refused: say with `owner:` who sees to it",
    22,
    3,
    "owner",
)
KEEPS = FindingLine("note", "state", 'moment "ten visits"', "keeps ten instants a party", 9, 11, "when")
MOMENT_LINES = (
    MomentLine(
        "ten visits",
        TEN.line,
        "customer",
        "ewa",
        "Ewa Nowak",
        True,
        "they feel at home",
        "new",
        "1 year after start",
        ("invite them to choose the music",),
        312,
        312,
        40,
        6,
        21,
        180,
        12,
        True,
        (KEEPS,),
    ),
    MomentLine(
        "first client sent",
        "first client_referred",
        "partner",
        "marek",
        "Marek Zając",
        True,
        "a partner trusts us",
        "",
        "",
        (),
        9,
        9,
        0,
        0,
        0,
        7,
        1,
        True,
    ),
    MomentLine(
        "first visit",
        "first fisrt_visit",
        "customer",
        "reception",
        "reception",
        False,
        "",
        "new",
        "",
        (),
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        False,
        (FINDING,),
    ),
    MomentLine(
        "birthday",
        "every 1 year since first birthday_known",
        "customer",
        "",
        "",
        False,
        "",
        "",
        "",
        (),
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        False,
        (NO_OWNER,),
        True,
    ),
)
MOMENTS = MomentsPage(
    NOW,
    ZONE,
    "moments.yaml",
    "9f2c",
    (("new", "start"), ("settled", "count(visit) >= 5 within 1 year of start")),
    MOMENT_LINES,
    (StepLine("welcome letter", 'letter_sent where kind = "welcome"', "2 days after start", "they know whom to call"),),
    (FindingLine("warning", "stage", 'stage "leaving"', "has no moment", 30, 5),),
    SLIPPED,
    True,
    (ProposalLine(2, "3rd visit", "three came back after a call", "assistant", NOW - DAY),),
)
FORM = MomentForm(
    "ten visits",
    "count(visit) >= 10 within 1 year of start",
    "customer",
    "ewa",
    "they feel at home",
    "new",
    "1 year after start",
    ("invite them to choose the music",),
)
OWNERS = (("ewa", "Ewa Nowak"), ("marek", "Marek Zając"), ("front desk", "front desk"))
MOMENT = MomentPage(
    NOW,
    ZONE,
    "ten visits",
    FORM,
    "9f2c",
    (KEEPS,),
    True,
    "keeps ten instants a party",
    OWNERS,
    ("new", "settled"),
    ("visit", "message", "first_visit", "extraction"),
    Preview(NOW, 312, 312, NOW - 800 * DAY, NOW - DAY, ((IGOR, "", NOW - DAY), (DANA, "", NOW - 2 * DAY)), 0.4, 12),
    MOMENT_LINES[0],
    (DONE, MISSED),
    may_edit=True,
)
MOMENT_WRONG = MomentPage(
    NOW,
    ZONE,
    "ten visits",
    MomentForm("ten visits", "count(visit >= 10", "customer", "", "", "", "", ()),
    "9f2c",
    (FindingLine("error", "text", 'moment "ten visits"', "expected ) after count(visit", 1, 13, "when"), NO_OWNER),
    False,
    "",
    OWNERS,
    ("new", "settled"),
    ("visit",),
    Refusal("the text cannot be read yet"),
    may_edit=True,
)

FIND = FindPage(
    NOW,
    ZONE,
    (
        FindRun(
            "f2",
            "count(visit) >= 1 between 180 days and 365 days after start",
            "start",
            "running",
            NOW - 60_000_000,
            None,
            "marek",
            "Marek Zając",
            "confirming",
            7,
            20,
            False,
        ),
        FindRun(
            "f1",
            "count(visit) >= 1 between 90 days and 180 days after start",
            "start",
            "done",
            NOW - 2 * DAY,
            NOW - 2 * DAY + HOUR,
            "marek",
            "Marek Zając",
            "done",
            1,
            1,
            True,
            "",
            4120,
            (("count(visit) >= 2 within 30 days of start", "candidate", "kept 61 % with, 48 % without, adjusted"),),
        ),
        FindRun(
            "f0",
            "count(vist) >= 1 within 1 day of start",
            "start",
            "failed",
            NOW - 3 * DAY,
            NOW - 3 * DAY,
            "marek",
            "Marek Zając",
            "reading",
            0,
            1,
            False,
            "no event vist ever came: did you mean visit?",
        ),
    ),
    ("visit", "message"),
    may_start=True,
)
REFUSED = RefusedPage(
    NOW,
    ZONE,
    2,
    (("clinic", "timestamp", 1), ("web", "event", 1)),
    (
        RefusedLine(
            2,
            NOW - HOUR,
            "clinic",
            "track",
            "timestamp",
            "2099-01-01",
            "timestamp 2099-01-01 lies more than 24 hours ahead; send the time it happened",
            '{"type": "track", "event": "visit"}',
        ),
        RefusedLine(1, NOW - DAY, "web", "track", "event", "", "event is missing; name what happened", "{}"),
    ),
    older=None,
)
LEAVING = LeavingPlan(
    "jan",
    "Jan Kot",
    ("ten visits",),
    (IGOR, DANA),
    2,
    5,
    OWNERS,
    (Said("leaving.moment", {"moment": "ten visits"}), Said("leaving.party", {"party": "Igor Wolski"})),
)
SETTINGS = SettingsPage(
    NOW,
    ZONE,
    ZONE,
    (
        ColleagueLine(
            "ewa",
            "Ewa Nowak",
            "ewa@example.org",
            "colleague",
            ("front desk",),
            8,
            ("ten visits",),
            120,
            14,
            NOW - 900 * DAY,
            None,
            ("mail",),
        ),
        ColleagueLine(
            "jan", "Jan Kot", "jan@example.org", "colleague", (), 8, (), 0, 0, NOW - 900 * DAY, NOW - 3 * DAY
        ),
    ),
    (("front desk", ("ewa", "marek")),),
    (
        KeyLine("clinic system", "clinic", "wk_3f", "write", NOW - 90 * DAY, "Marek Zając", None, NOW - HOUR, "in use"),
        KeyLine("old web", "web", "wk_aa", "write", NOW - 900 * DAY, "Marek Zając", NOW + DAY, NOW - HOUR, "ending"),
    ),
    (FeedLine("ewa", "Ewa Nowak", False, NOW - 10 * DAY, None, "ab12"),),
    (HookLine(1, "hooks.example.org", ("occasion.opened",), NOW - 10 * DAY, None, ""),),
    LEAVING,
    ("colleagues", "keys", "hooks", "own"),
    Notified((ChannelLine("slack", "00aa11bb22cc33dd"),), True, "07:30"),
)
AUDIT = AuditPage(
    NOW,
    ZONE,
    (
        AuditLine(
            2,
            NOW - HOUR,
            "ewa",
            "Ewa Nowak",
            "occasion.taken",
            "occasion:101",
            "follow-up after an extraction",
            (("moment", "follow-up after an extraction"),),
            "9b1c2f3a4d5e",
        ),
        AuditLine(
            1,
            NOW - DAY,
            "system",
            "system",
            "occasion.opened",
            "occasion:101",
            "follow-up after an extraction",
            (),
            "0a1b2c3d4e5f",
        ),
    ),
    2,
    True,
)
SEARCH = SearchPage(
    NOW,
    ZONE,
    "wol",
    (Found(IGOR, "name", "Igor Wolski"), Found(DANA, "detail", "knows the Wolskis")),
    (("ten visits", TEN.line),),
    (HELD,),
)
PAGES = (TODAY, TODAY_EMPTY, PARTY, MOMENTS, MOMENT, MOMENT_WRONG, FIND, REFUSED, SETTINGS, AUDIT, SEARCH)

TOUCH = (
    "Dear Mr Wolski,\n\nwe hope you were happy with your visit. As you failed to confirm your next appointment, please "
    "use the link below.\n\nYour dental team"
)


def meant(text: str, words: str, why: str) -> Span:
    start = text.index(words)
    return Span(start, start + len(words), why)


READING = Reading(
    "touch",
    "unique, relatable and respectful are poor",
    (
        Part(
            "unique", 0.0, "poor", "212 others were sent 19 of these 23 words",
            (meant(TOUCH, "we hope you were happy with your visit", "Dana Lis got these words on 4 February"),),
            facts={"others": 212, "recipients": [{"party": "p-2210", "name": "Dana Lis", "at_us": NOW - 26 * DAY}]},
        ),
        Part(
            "relatable", 0.1, "poor", "nothing in it is true of him and of few others",
            (meant(TOUCH, "happy with your visit. As you failed", "said of any visit"),),
        ),
        Part("relevant", 0.0, "poor", "he asked two days ago whether the ache is normal, and nobody answered"),
        Part(
            "respectful", 0.2, "poor", "it blames",
            (meant(TOUCH, "As you failed to", "blames: say what you need instead"),),
        ),
        Part("two-way", None, "unknown", "not judged", unjudged=("two-way: too short to tell",)),
    ),
    ("he asked on 28 February whether the ache is normal", "his daughter starts school in September"),
    ("two-way: too short to tell",),
    "en",
    "On file: he wrote “Is it normal that it still aches?” and has no answer. If you were Igor, would you be glad?",
)  # fmt: skip
BETTER = (
    "Dear Mr Wolski,\n\nan ache with cold drinks is normal for a week. Did the mint rinse help? I ring on Friday. Ewa"
)
READ_BETTER = Reading(
    "moment",
    "all five are good",
    (
        Part("unique", 1.0, "good", "nobody else got these words"),
        Part("relatable", 0.9, "good", "the mint rinse is his", (meant(BETTER, "mint rinse", "noted by Ewa Nowak"),)),
        Part("relevant", 0.9, "good", "it answers what he asked"),
        Part("respectful", 0.8, "good", "plain and friendly"),
        Part("two-way", 0.6, "mixed", "a question, and no number"),
    ),
    (),
    (),
    "en",
    "If you were Igor, would you be glad to get this?",
)
COACH = CoachPage(
    NOW, ZONE, IGOR, 101, "follow-up after an extraction", ("email", "sms", "phone"), "email", TOUCH,
    reading_view(TOUCH, READING), True, "small-model", "small-model", "the ache", "",
)  # fmt: skip
COACH_EMPTY = CoachPage(
    NOW, ZONE, IGOR, None, "", ("email", "sms"), "email", "", None, False, "small-model", "", "", "x"
)
MOVED = (
    Moved("unique", "poor", "good", 1, 1.0),
    Moved("relatable", "poor", "good", 1, 0.8),
    Moved("relevant", "poor", "good", 1, 0.9),
    Moved("respectful", "good", "mixed", -1, -0.2),
    Moved("two-way", "unknown", "mixed", 0, None),
)
TONES = (
    Tones(
        "own-3", "", TOUCH, BETTER, True, ("unique", "relatable"),
    ),
    Tones(
        "deposit", "A deposit comes later than promised", "Your deposit will be refunded within 14 days.",
        "Your deposit is on its way, Mr Oduya, and I am sorry that it took so long.", False, ("respectful",),
        "Who regrets it is a person.",
    ),
)  # fmt: skip
PRACTICE = PracticePage(
    NOW, ZONE,
    ExerciseView(
        3, "Robin Keller", NOW - 40 * DAY, TOUCH, (MINT, DAUGHTER), "Is it normal that it aches?", ("relatable",), 2
    ),
    BETTER, reading_view(TOUCH, READING), reading_view(BETTER, READ_BETTER), MOVED, ("9:00",), True, 1, 2,
    NOW + 4 * DAY, TONES,
    (Week("2026-02-23", 4, 9, 6, {"unique": 5, "relatable": 6, "relevant": 2, "respectful": 4, "two-way": 1}),),
)  # fmt: skip
PRACTICE_EMPTY = PracticePage(
    NOW, ZONE, next_us=NOW + 4 * DAY, tones=TONES[1:], refused="x",
    team=Refusal("fewer than 3 people practised in the same week", 1),
)  # fmt: skip
