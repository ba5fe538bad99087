"""What the coach says is in the catalogue: the verdict, who got the words, and what is the same in every reading."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html import unescape
from importlib.resources import files
from pathlib import Path

import pytest
from markupsafe import Markup

import occasion.coach as coach_rooms
from desk_examples import NOW
from labelled import labelled, readings
from occasion.coach.index import Message, Sent
from occasion.coach.reading import Draft, Known, Reading
from occasion.coach.unique import read_unique
from occasion.desk.coach_said import said_of
from occasion.desk.pages_coach import ReadingView
from occasion.desk.reading_view import reading_view
from occasion.people.parties import Party
from occasion.service.pages.reader import Reader, reader_for
from occasion.service.pages.rendering import templates
from occasion.service.pages.words import GAP, SAYS, Words, words_in
from test_pages_look import dotted

DAY = 86_400_000_000
VERDICT = '{% import "reading.html" as v with context %}{{ v.verdict_why(page) }}'


def shown(markup: object) -> str:
    return unescape(re.sub(r"<[^>]+>", "", str(markup)))


def verdict(view: ReadingView, reader: Reader) -> str:
    given = {"page": view, "r": reader, "t": reader.t}
    return shown(templates().from_string(VERDICT).render(given)).strip()


def views() -> Iterator[tuple[Reading, ReadingView, str, int]]:
    for message, reading in zip(labelled("open"), readings("open"), strict=True):
        zone = message.known.zone
        yield reading, reading_view(message.draft.text, reading, zone), zone, message.draft.now_us


def test_the_verdict_is_said_from_the_levels_as_the_coach_says_it() -> None:
    said = {verdict(view, reader_for("en-GB", "UTC", NOW)): reading.why for reading, view, *_ in views()}
    assert len(said) > 20
    assert all(page == coach for page, coach in said.items())


def test_who_got_the_words_is_said_as_the_coach_says_it() -> None:
    found = 0
    for reading, view, zone, now in views():
        reader = reader_for("en-GB", zone, now)
        for sentence in (
            *view.said,
            *(part.why for part in view.parts),
            *(note.why for note in view.notes),
            *view.changes,
        ):
            assert shown(reader.coach(sentence, view.said)) == sentence
            found += sentence in view.said
        if reading.part("unique").facts.get("shared"):
            assert reading.part("unique").why in view.said
    assert found > 60


TEXT = "when I opened your tin of gingerbread the whole corridor stood in my door within a minute"
MORE = "and the last star went to the night nurse for her tea and to nobody else"


@pytest.mark.parametrize(
    ("names", "seen", "text"),
    [
        ([], [], TEXT),
        (["ana"], ["ana"], TEXT),
        (["ana", "ben"], ["ana"], TEXT),
        (["ana", "ben", "cem"], ["ana", "ben", "cem"], TEXT),
        (["ana", "ben", "cem"], ["ben"], TEXT),
        (["ana", "ben", "cem", "dan"], ["ana", "ben"], TEXT),
        (["kasia"], [], TEXT),
        (["ana", "ben"], [], f"{TEXT}. Somebody said it would rain again. {MORE}"),
    ],
)
def test_every_way_to_say_who_and_when(names: list[str], seen: list[str], text: str) -> None:
    texts = [f"{TEXT} {MORE}" if "rain" not in text else (TEXT, MORE)[n % 2] for n in range(len(names))]
    before = Sent.of(Message(name, NOW - (n * 90 + 2) * DAY, texts[n]) for n, name in enumerate(names))
    known = Known(Party("kasia", ("kasia",), True, "customer", "Kasia"), zone="Europe/Warsaw")
    part = read_unique(
        Draft(text, "kasia", NOW), known, before, seen_by=lambda some: {n: n.title() for n in some if n in seen}
    )
    rest = tuple(one for one in readings("open")[0].parts if one.name != "unique")
    reading = Reading("touch", "", (part, *rest), (), (), "en", "")
    reader, said = reader_for("en-GB", "Europe/Warsaw", NOW), said_of(reading, "Europe/Warsaw")
    assert (part.why in said) == bool(names)
    for sentence in (part.why, *(span.why for span in part.spans), *part.changes):
        assert shown(reader.coach(sentence, said)) == sentence


def test_what_is_in_the_catalogue_the_coach_does_say() -> None:
    folder = Path(coach_rooms.__file__).parent
    written = "\n".join(one.read_text("utf-8") for one in [*folder.glob("*.py"), *folder.glob("data/*.en.txt")])
    joined = re.sub(r'"\s*\n\s*f?"', "", written).casefold()
    filled = joined.replace("{answer_days}", "14") + re.sub(r"\{+[^{}]*\}+", GAP, joined)
    missing = [
        text for name, text in words_in().texts.items() if name.startswith(SAYS) and text.casefold() not in filled
    ]
    assert set(missing) - set(COMPOSED) == set()


COMPOSED = (  # of two parts, where the coach puts them together
    "words of its own, and they answered",
    "words of its own, and it answered them in time",
    "it answered what they had asked, late",
    "it answered what they had asked, far too late",
    "names what is not to be mentioned",
    "it names what is not to be mentioned: {words}",
    "“{words}” is not to be mentioned",
    "names what is for inside only",
    "it names what is for inside only: {words}",
    "“{words}” is for inside only",
    "names what is sensitive and they have not brought up lately",
    "it names what is sensitive and they have not brought up lately: {words}",
    "“{words}” is sensitive and they have not brought up lately",
)


def test_each_reason_of_a_cue_is_in_the_catalogue() -> None:
    said = words_in().sentences
    for name in ("aims", "jargon", "matters", "pressure", "tone", "two_way"):
        text = (files("occasion.coach") / "data" / f"{name}.en.txt").read_text("utf-8")
        assert [why for why in re.findall(r"^\[[^:\]]+: ([^\]]+)\]", text, re.MULTILINE) if why not in said] == []


def test_in_another_language_most_of_it_is_in_that_language() -> None:
    words = Words("en", dotted().texts)
    left: dict[str, list[int]] = {}
    for _, view, zone, now in views():
        reader = reader_for("en-GB", zone, now, words)
        lines = {"why": [part.why for part in view.parts], "notes": [one.why for one in view.notes],
                 "changes": view.changes, "not judged": view.unjudged}  # fmt: skip
        for kind, some in lines.items():
            for one in some:
                counted = left.setdefault(kind, [0, 0])
                counted[0] += reader.coach(one, view.said) != Markup("<bdi>{}</bdi>").format(one)
                counted[1] += 1
    told = {kind: f"{done / of:.2f} of {of}" for kind, (done, of) in left.items()}
    sys.stdout.write(f"sentences of the coach that are in the catalogue: {told}\n")
    floors = {"why": 0.75, "notes": 0.95, "changes": 0.8, "not judged": 0.9}
    assert all(left[kind][0] >= floor * left[kind][1] for kind, floor in floors.items()), told
