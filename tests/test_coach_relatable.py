"""The swap test: who is told from a text among a hundred others, whom a template tells, and what never counts."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from labelled import labelled, others_of
from occasion.coach.reading import Draft, Known, Part
from occasion.coach.relatable import read_relatable
from occasion.events.event import Event
from occasion.people.details import Detail
from occasion.people.parties import Party
from relatable_parties import NOW, TEMPLATES, Person, filled, note_about, people

SEEDS = (1, 2, 3)


def read(draft: Draft, person: Person, everybody: list[Person]) -> Part:
    return read_relatable(draft, person.known, [one.known for one in everybody if one is not person], "en")


def share(held: list[bool]) -> str:
    """A share with its 95 % interval (Wilson)."""
    n, k, z = len(held), sum(held), 1.96
    middle = (k + z * z / 2) / (n + z * z)
    half = z * np.sqrt(k * (n - k) / n + z * z / 4) / (n + z * z)
    return f"{k / n:.3f} ({middle - half:.3f} to {middle + half:.3f}), n = {n}"


def notes(seeds: tuple[int, ...], hinted: bool) -> list[Part]:
    found = []
    for seed in seeds:
        everybody, chance = people(seed), np.random.default_rng(seed + 100)
        for person in everybody:
            first, second = chance.choice(len(person.details), 2, replace=False)
            draft = note_about(person, (person.details[first], person.details[second]), chance, hinted=hinted)
            found.append(read(draft, person, everybody))
    return found


def test_from_two_true_details_the_recipient_is_found_first_among_a_hundred() -> None:
    parts = notes(SEEDS, hinted=False)
    first = [part.facts["rank"] == 1 for part in parts]
    good = [part.level == "good" for part in parts]
    sys.stdout.write(f"two details named: first {share(first)}; good {share(good)}\n")
    assert np.mean(first) >= 0.9
    assert np.mean(good) >= 0.9
    assert all(part.facts["candidates"] == 101 for part in parts)


def test_where_one_of_the_two_is_only_hinted_at_they_are_found_better_than_by_chance() -> None:
    parts = notes(SEEDS[:1], hinted=True)
    first = [part.facts["rank"] == 1 for part in parts]
    sys.stdout.write(f"one named, one hinted at: first {share(first)}\n")
    assert np.mean(first) >= 0.25  # by chance .01


def test_a_template_with_merge_fields_tells_nobody() -> None:
    everybody = people(4)
    parts = [read(filled(person, template), person, everybody) for person in everybody[:60] for template in TEMPLATES]
    first = [part.facts["rank"] == 1 for part in parts]
    probability, rank = (np.mean([part.facts[name] for part in parts]) for name in ("probability", "rank"))
    sys.stdout.write(f"templates: probability {probability:.4f}, rank {rank:.1f}, first {share(first)}\n")
    assert probability <= 2 / 101
    assert 46 <= rank <= 56  # 51 is the middle of 101
    assert np.mean(first) <= 0.03
    assert np.mean([part.level == "good" for part in parts]) <= 0.03


def test_a_note_that_means_somebody_elses_details_never_counts_for() -> None:
    levels = []
    for seed in SEEDS[:2]:
        everybody, chance = people(seed), np.random.default_rng(seed + 200)
        for person in everybody:
            other = everybody[int(chance.integers(len(everybody)))]
            mine = {theme for theme, _ in person.details}
            theirs = [meant for meant in other.details if meant[0] not in mine]
            if len(theirs) < 2:
                continue
            draft = note_about(person, (theirs[0], theirs[1]), chance, work="weather")
            levels.append(read(draft, person, everybody).level)
    assert len(levels) > 150
    good = [level == "good" for level in levels]
    sys.stdout.write(f"somebody else's details: good {share(good)}\n")
    assert not any(good)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Dear Marta, how was your son's chess camp?", "son's"),
        ("Dear Marta, does your husband like the new lift?", None),
        ("Dear Marta, I kept the cake with nuts for you, it is gorgeous.", "nuts"),
        ("Dear Marta, there are no nuts in it, I asked.", None),
        ("Dear Marta, is the tap at Quay 12 still dripping?", "Quay 12"),
        ("Dear Marta, is the tap at Quay 11 still dripping?", None),
        ("Dear Ms Ferreira, is the tap still dripping?", "Ferreira"),
        ("Hello Marta, how is your dog?", "dog"),
        ("Hello Marta, how is Bilbo, your old cat?", None),
    ],
)
def test_what_the_file_contradicts_is_marked(text: str, wrong: str | None) -> None:
    person = people(1)[0]
    details = tuple(
        replace(person.known.details[0], number=number, text=said)
        for number, said in enumerate(
            ("daughter Iga plays chess", "no nuts, allergic to them", "old cat called Bilbo", "married in June")
        )
    )
    known = replace(
        person.known,
        party=replace(person.known.party, name="Marta Evans"),
        details=details,
        traits={"name": "Marta Evans", "unit": "Quay 11"},
    )
    part = read_relatable(Draft(text, known.party.party, NOW), known, [], "en")
    marked = [text[span.start : span.end] for span in part.spans if not span.why.startswith("speaks of “")]
    if wrong is None:
        assert not part.facts["wrong"], part.why
    else:
        assert any(wrong in one for one in marked), part.why
        assert part.level in ("mixed", "poor")


def test_a_detail_that_must_not_be_mentioned_still_tells_them() -> None:
    message = next(one for one in labelled("open") if any(detail.unmentioned for detail in one.known.details))
    hidden = next(detail for detail in message.known.details if detail.unmentioned)
    draft = replace(message.draft, text=f"I heard: {hidden.text}.")
    part = read_relatable(draft, message.known, others_of(message, "open"), "en")
    assert part.level == "good"
    assert any(hidden.text in said for said in part.facts["speaks"])  # type: ignore[attr-defined]


def test_the_same_reading_twice_and_with_others_in_another_order() -> None:
    everybody, chance = people(5), np.random.default_rng(5)
    person = everybody[0]
    draft = note_about(person, (person.details[0], person.details[1]), chance)
    others = [one.known for one in everybody[1:]]
    first = read_relatable(draft, person.known, others, "en")
    again = read_relatable(draft, person.known, others[::-1], "en")
    assert (first.level, first.spans, first.facts["rank"]) == (again.level, again.spans, again.facts["rank"])


def test_other_languages_say_what_does_not_hold() -> None:
    person = people(1)[0]
    known = replace(person.known, details=(replace(person.known.details[0], text="hoduje pszczoły za domem"),))
    draft = Draft("Dzień dobry, czy pszczoły przetrwały zimę?", known.party.party, NOW)
    part = read_relatable(draft, known, [one.known for one in people(1)[1:]], "pl")
    assert part.facts["rank"] == 1
    assert any(said.startswith("wrong details: not judged in Polish") for said in part.unjudged)


def test_a_text_in_another_language_is_good_or_not_judged_and_never_poor() -> None:
    person = people(1)[0]
    others = [one.known for one in people(1)[1:]]
    part = read_relatable(
        Draft("Dzień dobry, przypominamy o wizycie kontrolnej.", "p", NOW), person.known, others, "pl"
    )
    assert (part.level, part.score) == ("unknown", None)
    assert any(said.startswith("relatable: in Polish") for said in part.unjudged)


@pytest.mark.parametrize(
    "text",
    [
        "Dear Marta, our team will answer within two business days.",
        "Dear Marta, rate us: https://example.com/brewing/oboe?ref=coming, or write to oboe@example.com.",
    ],
)
def test_what_firms_write_of_themselves_and_addresses_speak_of_nobody(text: str) -> None:
    person = people(1)[0]
    details = tuple(
        replace(person.known.details[0], number=number, text=said)
        for number, said in enumerate(
            ("runs a team of three in a business of her own", "plays the oboe, is brewing beer")
        )
    )
    known = replace(person.known, party=replace(person.known.party, name="Marta Evans"), details=details)
    part = read_relatable(Draft(text, known.party.party, NOW), known, [one.known for one in people(1)[1:]], "en")
    assert (part.level, part.spans, part.facts["speaks"]) == ("poor", (), [])


def test_what_is_on_file_of_others_too_is_not_said_to_be_on_nobodys_file() -> None:
    shop = [Detail(n, f"p{n}", "has a shop for second-hand books on Mill Lane", "work", None, "card", "ewa", NOW - 1,
                   "anything", False, False, None) for n in range(20)]  # fmt: skip
    known = [Known(Party(f"p{n}", (f"p{n}",), True, "customer", f"Person {n}"), (shop[n],)) for n in range(20)]
    text = (
        "The shelf in our waiting room is half empty and I thought of you: which three second-hand novels from your "
        "shop would you put there, beside the atlas and the lighthouse almanac?"
    )
    part = read_relatable(Draft(text, "p0", NOW), known[0], known[1:], "en")
    assert part.level == "mixed"
    assert "It speaks of “has a shop for second-hand books on Mill Lane” (card), as it could to others" in part.why
    assert not any("not on file" in one for one in part.unjudged)
    assert any("has a shop" in span.why for span in part.spans)


def test_a_turn_of_theirs_in_which_nothing_is_on_file_is_named_by_what_they_wrote() -> None:
    """Names and what the firm is called are no facts, and still a turn that it takes up."""
    at = NOW - 86_400_000_000
    wrote = Event(
        party="c", name="message", at=at, seen=at, id="1", direction="in", body="Please ring.\n\nAna Maria Lopes"
    )
    known = Known(Party("c", ("c",), True, "customer", "Ana Maria Lopes"), events=(wrote,))
    draft = Draft("Dear Ms Lopes, this is for Ana Maria Lopes. Ewa", "c", NOW, "email", "Ewa")
    part = read_relatable(draft, known, (), "en")
    assert (part.level, part.facts["speaks"]) == ("good", [])
    assert part.why.startswith("It speaks of what they wrote: “Please ring. Ana Maria Lopes”; of 1 party ")
