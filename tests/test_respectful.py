"""Respectful: every row of the rubric, its places and reasons; agreement on the open half."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from labelled import kappa, labelled
from occasion.coach.languages import language_of
from occasion.coach.reading import Draft, Known, Part
from occasion.coach.respectful import read_respectful
from occasion.events.event import Event
from occasion.people.details import Detail
from occasion.people.parties import Consent, Party

DAY = 86_400_000_000
NOW = int(datetime(2026, 3, 12, 10, 0, tzinfo=UTC).timestamp()) * 10**6
FINE = "Dear Ms Arden, I asked for a room on the ground floor. Does the courtyard suit you? Ring me on 12. Ivo"


def known(**given: Any) -> Known:
    party = Party(
        "arden", ("arden",), True, name="Vera Arden", channel=given.pop("channel", "email"),
        quiet_from=given.pop("quiet_from", None), quiet_to=given.pop("quiet_to", None),
        zone=given.pop("own_zone", None), consent=given.pop("consent", {}), deceased=given.pop("deceased", None),
    )  # fmt: skip
    return Known(party, **{"names": ("Ivo Lund",), **given})


def detail(text: str, **given: Any) -> Detail:
    made = Detail(
        1, "arden", text, "other", None, "said on the phone", "ivo", NOW - 5 * DAY, "anything", False, False, None
    )
    return replace(made, **given)


def event(
    days_ago: float, direction: str | None, body: str | None = None, name: str = "message", channel: str = "email"
) -> Event:
    at = NOW - int(days_ago * DAY)
    return Event(party="arden", name=name, at=at, seen=at, id=f"{days_ago}-{direction}-{name}", channel=channel,
                 direction=direction, body=body)  # fmt: skip


def read(text: str = FINE, of: Known | None = None, **given: Any) -> Part:
    draft = Draft(text, "arden", given.pop("now_us", NOW), given.pop("channel", "email"), "Ivo Lund")
    return read_respectful(draft, of or known(), given.pop("language", "en"))


def codes(part: Part) -> list[str]:
    said = part.facts["remarks"]
    assert isinstance(said, list)
    return said


def test_plain_and_friendly_is_good_and_says_how_polite() -> None:
    part = read()
    assert (part.level, codes(part), part.unjudged) == ("good", [], ())
    assert part.score is not None
    assert part.score >= 0.75
    assert part.facts["politeness by"] == "base"


@pytest.mark.parametrize(("hour", "level"), [(7, "poor"), (8, "good"), (21, "good"), (22, "poor")])
def test_quiet_hours_are_by_their_own_clock(hour: int, level: str) -> None:
    of = known(quiet_from="22:00", quiet_to="08:00", own_zone="America/New_York")
    there = (hour + 4) % 24  # summer time there since the 8th
    at = int(datetime(2026, 3, 12, there, 0, tzinfo=UTC).timestamp()) * 10**6
    part = read(of=of, now_us=at)
    assert part.level == level
    assert "quiet hours" not in codes(read(of=of, now_us=at, channel="letter"))
    if level == "poor":
        assert "America/New_York" in part.why


def test_a_refused_channel_is_poor_and_another_than_the_preferred_is_mixed() -> None:
    refused = known(consent={"sms": Consent(False, 0, "form")}, channel="email")
    assert codes(read(of=refused, channel="sms")) == ["refused channel"]
    assert read(of=refused, channel="sms").level == "poor"
    assert read(of=known(channel="sms")).level == "mixed"
    assert read(of=known(channel="sms"), channel="SMS").level == "good"
    urgent = "Vera, the pipe leaks and we must turn the water off in an hour. Shall I ring you? Ivo"
    assert read(urgent, known(channel="letter"), channel="sms").level == "good"
    assert read(of=known(consent={}), channel="email").level == "good"  # never spoken of is no refusal


def test_what_is_not_to_be_named() -> None:
    told = "Dear Vera, I was sorry to hear about the divorce. How are you? Ivo"
    kept: list[tuple[dict[str, Any], str]] = [
        ({"unmentioned": True}, "not to be mentioned"),
        ({"use": "inside"}, "inside"),
        ({"sensitive": True}, "sensitive"),
    ]
    for given, reason in kept:
        part = read(told, known(details=(detail("is getting divorced", **given),)))
        assert part.level == "poor"
        assert reason in part.why
        assert [told[span.start : span.end] for span in part.spans] == ["divorce"]
        assert "is getting divorced" in part.changes[0]
    assert read(told, known(details=(detail("is getting divorced"),))).level == "good"
    ended = detail("is getting divorced", unmentioned=True, ended_us=NOW - DAY)
    assert read(told, known(details=(ended,))).level == "good"


def test_what_is_sensitive_may_be_named_when_they_brought_it_up_lately() -> None:
    told = "Dear Vera, I hope the divorce leaves you some sleep. How are you? Ivo"
    sensitive, inside = detail("is getting divorced", sensitive=True), detail("is getting divorced", use="inside")
    wrote = event(3, "in", "The divorce takes all my time, sorry for the late answer.")
    assert read(told, known(details=(sensitive,), events=(wrote,))).level == "good"
    assert read(told, known(details=(inside,), events=(wrote,))).level == "poor"
    long_ago = event(200, "in", "The divorce takes all my time.")
    assert read(told, known(details=(sensitive,), events=(long_ago,))).level == "poor"


def test_the_fourth_message_in_a_week_without_a_word_from_them() -> None:
    ours = tuple(event(days, "out", "Hello") for days in (1, 2, 6.9))
    assert read(of=known(events=ours)).level == "poor"
    assert read(of=known(events=(*ours[:2], event(7.1, "out", "Hello")))).level == "good"
    assert read(of=known(events=(ours[0], event(1.5, "in", "Thanks"), *ours[1:]))).level == "good"
    newsletter = event(3, "out", None, "newsletter")
    assert read(of=known(events=(*ours[:2], newsletter))).facts["messages in 7 days"] == 3
    login = event(0.5, "in", None, "login", "web")  # no word
    assert read(of=known(events=(login, *ours))).level == "poor"


def test_pressure_blame_and_shouting_are_poor_with_their_places() -> None:
    for text, code in (
        ("Dear Vera, this is your last chance to keep the room. Shall I? Ivo", "pressure"),
        ("Dear Vera, as you failed to call, the room is gone. Shall I look again? Ivo", "blame"),
        ("Dear Vera, answer NOW please. Does it suit you? Ivo", "shouting"),
    ):
        part = read(text)
        assert (part.level, codes(part)[0]) == ("poor", code)
        assert part.spans
        assert part.score is not None
        assert part.score <= 0.2


def test_cold_jargon_length_and_closeness_are_mixed_and_three_of_them_poor() -> None:
    cold = "Your request of Monday has been noted. The contractor will attend on Friday. Does that suit you? I. Lund"
    jargon = "Hi Vera, the diverter valve and the expansion vessel were swapped. Is the water steady now? Ivo"
    close = "Hiya Vera, sweetheart, is the room warm now? Tell me everything. Ivo"
    for text, code in ((cold, "cold"), (jargon, "jargon"), (close, "too close")):
        part = read(text)
        assert (part.level, codes(part)) == ("mixed", [code])
    used = event(2, "in", "Is it the diverter valve or the expansion vessel?")
    assert read(jargon, known(events=(used,))).level == "good"
    three = f"{close} {jargon} {cold}"
    assert read(three).level == "poor"


@pytest.mark.parametrize(
    ("text", "close"),
    [
        ("Your garden is beautiful! Did the roses last?", False),
        ("Congratulations on the baby! Is she asleep yet?", False),
        ("You got the job you love, I hear. Is it far?", False),
        ("Thanks, love! Is the room warm?", True),
        ("The room is warm now, hun. Is it?", True),
        ("Gorgeous, is the room warm now?", True),
    ],
)
def test_pet_names_are_told_from_words_about_something(text: str, close: bool) -> None:
    assert ("too close" in codes(read(f"Hi Vera, {text} Ivo"))) is close


def test_a_pregnancy_is_named_by_its_baby_too() -> None:
    kept = known(details=(detail("expecting a baby in March", sensitive=True),))
    assert "detail" in codes(read("Dear Vera, congratulations on the baby! How are you? Ivo", kept))


def test_much_longer_than_what_they_write() -> None:
    long = (
        "Dear Vera, "
        + "the room on the ground floor has a door to the yard and a chair in the sun. " * 8
        + "Does it suit you? Ivo"
    )
    short = tuple(event(days, "in", "Any room on the ground floor?") for days in (1, 30))
    assert codes(read(long, known(events=short))) == ["length"]
    assert read(long).level == "good"  # they never wrote: there is no habit
    brief = detail("wants two lines and no more")
    assert codes(read(long, known(details=(brief,)))) == ["length"]


WIDOW = "Dear Ms Arden, we have not received the amount of 184.00. Please settle the sum. Ivo Lund"


def test_a_dunning_note_to_a_widow_is_not_scored() -> None:
    """Story 29, as far as this part goes: the fact on file, poor by the rubric, and no score."""
    fact = detail("her husband Adam died on 20 February 2026")
    part = read(WIDOW, known(details=(fact,)))
    assert (part.level, part.score) == ("poor", None)
    assert "her husband Adam died on 20 February 2026" in part.why
    assert "said on the phone" in part.why
    gentle = "Dear Ms Arden, we are sorry for your loss. The balance of £40 must be settled first. Ivo"
    assert read(gentle, known(details=(fact,))).score is None
    assert read(WIDOW).level == "good"
    years = detail("her husband died ten years ago", noted_us=NOW - 3 * DAY)
    assert read(WIDOW, known(details=(years,))).score is not None
    earlier = detail("her husband Adam died on 20 June 2025", noted_us=NOW - 200 * DAY)
    assert read(WIDOW, known(details=(earlier,))).score is not None
    wrote = event(9, "in", "My husband passed away on Sunday.")
    assert read(WIDOW, known(events=(wrote,))).score is None
    assert read(WIDOW, known(stage="bereaved")).score is None


def test_the_dead_are_not_written_to_and_their_family_is() -> None:
    died = known(deceased="2026-02", details=(detail("died in February; his daughter Ann looks after the sale"),))
    assert codes(read("Dear Vera, is it time for a new chapter? Ivo", died))[0] == "speaks to the dead"
    family = read("Dear Ms Blythe, I was sorry to hear of your mother's death. May I ring you? Ivo", died)
    assert "speaks to the dead" not in codes(family)


def test_good_cheer_after_something_went_wrong() -> None:
    fell = event(2, None, None, "sale_fell_through")
    part = read("Dear Vera, congratulations on your new home! Is it warm? Ivo", known(events=(fell,)))
    assert (part.level, codes(part)) == ("mixed", ["cheer"])


def test_a_complaint_without_a_word_of_regret_is_told_as_a_fact() -> None:
    complained = event(1, "in", "I waited for fifty minutes.", "complaint")
    cold = "Your request of Monday has been noted. The contractor will attend on Friday. Does that suit you? I. Lund"
    assert any("fifty minutes" in fact for fact in read(cold, known(events=(complained,))).changes)


def test_other_languages_say_what_was_not_judged() -> None:
    finnish = "Hei Vera, huone on nyt pohjakerroksessa. Sopiiko se sinulle? Terveisin Ivo"
    part = read(finnish, language="fi")
    assert (part.level, part.score) == ("unknown", None)
    assert any("pressure: not judged in Finnish" in said for said in part.unjudged)
    night = known(quiet_from="09:00", quiet_to="11:00")
    assert read(finnish, night, language="fi").level == "poor"
    assert read("Vera ❤", language=None).level == "unknown"
    polish = "Dzień dobry, ostatnie wezwanie do zapłaty. W przeciwnym razie sprawa trafi do komornika. Ivo"
    assert codes(read(polish, language="pl"))[0] == "pressure"


@pytest.mark.parametrize("place", range(4))
def test_spans_are_inside_the_text(place: int) -> None:
    for message in labelled("open")[place::4]:
        part = read_respectful(message.draft, message.known, "en")
        assert all(0 <= span.start < span.end <= len(message.draft.text) and span.why for span in part.spans)


def test_agreement_on_the_open_half() -> None:
    """The half on which turns and thresholds were chosen: it shows that nothing broke, not how well it reads."""
    said, found = [], []
    for message in labelled("open"):
        said.append(message.labels["respectful"])
        found.append(read_respectful(message.draft, message.known, language_of(message.draft.text)).level)
    assert kappa(said, found) >= 0.9
