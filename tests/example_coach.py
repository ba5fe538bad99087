"""A message that the coach reads, and practice on it."""

from __future__ import annotations

from example_people import (
    DAUGHTER,
    DAY,
    IGOR,
    MINT,
    NOW,
    ZONE,
)
from occasion.coach.practice import Moved, Week
from occasion.coach.reading import Part, Reading, Span
from occasion.desk.pages_coach import CoachPage, ExerciseView, PracticePage, Tones
from occasion.desk.reading_view import reading_view
from occasion.estimate import Refusal

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
