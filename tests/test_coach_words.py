"""What the coach says is in the catalogue: sentences have keys and values; pages say them in the reader's tongue."""

from __future__ import annotations

import ast
import pickle
import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from babel import Locale

import occasion.coach as coach_rooms
from desk_examples import NOW
from labelled import labelled, others_of, readings
from occasion.coach.coach import read
from occasion.coach.contradicted import Said
from occasion.coach.cues import Cue, Found
from occasion.coach.facts import Fact
from occasion.coach.index import Message, Sent
from occasion.coach.languages import Check
from occasion.coach.lines import families
from occasion.coach.pressure_model import KINDS
from occasion.coach.reading import Draft, Known, Part, Reading, Span
from occasion.coach.remarks import Remark
from occasion.coach.said import (
    CUES,
    Dated,
    Day,
    Row,
    Sentence,
    Tongue,
    all_of,
    as_text,
    begun,
    english,
    plain,
    say,
    slug,
)
from occasion.coach.sent import Turned
from occasion.coach.sentences import ENGLISH
from occasion.coach.timely import Matter
from occasion.coach.unique import read_unique
from occasion.coach.wrong import Wrong
from occasion.desk.pages_coach import Note, PartLine, ReadingView
from occasion.desk.reading_view import reading_view
from occasion.people.parties import Party
from occasion.service.pages.reader import Reader, reader_for
from occasion.service.pages.rendering import templates
from occasion.service.pages.words import SAYS, Words, words_in
from text_keys import dotted

DAY = 86_400_000_000
VERDICT = '{% import "reading.html" as v with context %}{{ v.verdict_why(page) }}'
FORMS = (".one", ".other")


def shown(markup: object) -> str:
    return unescape(re.sub(r"<[^>]+>", "", str(markup)))


def verdict(view: ReadingView, reader: Reader) -> str:
    given = {"page": view, "r": reader, "t": reader.t}
    return shown(templates().from_string(VERDICT).render(given)).strip()


def views() -> Iterator[tuple[Reading, ReadingView, str, int]]:
    for message, reading in zip(labelled("open"), readings("open"), strict=True):
        yield reading, reading_view(message.draft.text, reading), message.known.zone, message.draft.now_us


def sentences(reading: Reading) -> Iterator[Sentence]:
    """Everything the coach says in a reading."""
    for part in reading.parts:
        yield from (part.why, *(span.why for span in part.spans), *part.changes, *part.unjudged)
    yield from (*reading.changes, *reading.unjudged, reading.question)


def astray() -> Iterator[tuple[Reading, str, int]]:
    """Each labelled text as if it were to somebody else of the same business: much in it is wrong."""
    messages = labelled("open")
    for at, one in enumerate(messages):
        to = messages[(at * 7 + 3) % len(messages)]
        draft = Draft(one.draft.text, to.known.party.party, to.draft.now_us, to.draft.channel, one.draft.by)
        yield read(draft, to.known, others_of(to, "open"), None), to.known.zone, draft.now_us


def test_the_verdict_is_said_from_the_levels_as_the_coach_says_it() -> None:
    said = {verdict(view, reader_for("en-GB", "UTC", NOW)): reading.why for reading, view, *_ in views()}
    assert len(said) > 20
    assert all(page == coach for page, coach in said.items())


def test_pages_in_english_say_what_the_coach_says() -> None:
    found: set[str] = set()
    for reading, zone, now in (*((one, zone, now) for one, _, zone, now in views()), *astray()):
        reader = reader_for("en-GB", zone, now)
        for sentence in sentences(reading):
            assert isinstance(sentence, Sentence), sentence
            if not any(isinstance(value, Dated) for one in all_of(sentence) for value in one.values.values()):
                assert shown(reader.coach(sentence)) == sentence
            found |= {one.key for one in all_of(sentence)}
    assert len(found) > 100


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
    reader = reader_for("en-GB", "Europe/Warsaw", NOW)
    assert part.why.key == ("unique.not_known" if not names else "unique.more" if "rain" in text else "unique.got")
    for sentence in (part.why, *(span.why for span in part.spans), *part.changes):
        assert shown(reader.coach(sentence)) == sentence


# in other languages


def polish() -> tuple[Words, set[str]]:
    """The catalogue in a language of dots, and the words that the locale itself has in Polish."""
    locale = Locale("pl")
    months = {word for forms in locale.months.values() for form in forms.values() for word in form.values()}
    tongues = {word for name in locale.languages.values() for word in re.findall(r"[^\W\d_]+", name)}
    return Words("pl", dotted().texts), months | tongues


def untranslated(sentence: Sentence, reader: Reader, known: set[str]) -> list[str]:
    """Words of a sentence on a page that are neither the catalogue's, nor the locale's, nor data (these are in bdi)."""
    ours = re.sub(r"<bdi>.*?</bdi>", " ", str(reader.coach(sentence)), flags=re.DOTALL)
    return [word for word in re.findall(r"[^\W\d_]{2,}", shown(ours)) if word not in known]


def test_nothing_the_coach_says_stays_english() -> None:
    words, known = polish()
    some = [(one, zone, now) for one, _, zone, now in views()]
    for reading, zone, now in (*some, *astray()):
        reader = reader_for("pl", zone, now, words)
        for sentence in sentences(reading):
            assert untranslated(sentence, reader, known) == [], sentence


def test_a_text_that_is_no_sentence_would_be_found() -> None:
    words, known = polish()
    reader = reader_for("pl", "UTC", NOW, words)
    assert untranslated(say("relevant.takes_up", what=say("quoted", words="cat")), reader, known) == []
    assert "It" in re.findall(r"\w+", shown(reader.coach("It takes up nothing")))


def test_days_numbers_and_languages_are_the_readers() -> None:
    day = Day(date(2026, 3, 2), date(2026, 4, 1))
    answers, late = say("relevant.answers", day=day), say("tone.politeness", score=0.25)
    many = say("unique.others", n=12_500)
    other = say("not_judged", language=Tongue("fr"), languages=Row((Tongue("en"), Tongue("pl"))))
    died = say("dead.died_on", name="Ola", date=Dated("2026-03-02"))
    polish = reader_for("pl", "UTC", NOW, words_in())
    assert shown(polish.coach(answers)) == "It answers what they wrote on 2 marca"
    assert shown(polish.coach(late)) == "politeness 0,25 of 1"
    assert shown(polish.coach(many)) == "12\xa0500 others"
    assert shown(polish.coach(other)) == "not judged in francuski; it is judged in angielski, polski"
    assert shown(polish.coach(died)) == "Ola has died (2 marca 2026)"
    american = reader_for("en-US", "UTC", NOW)
    assert shown(american.coach(answers)) == "It answers what they wrote on March 2"
    before = say("relevant.answers", day=Day(date(2025, 12, 30), date(2026, 1, 2)))
    assert before == "It answers what they wrote on 30 December 2025"
    assert shown(american.coach(before)) == "It answers what they wrote on December 30, 2025"


def test_what_stands_in_a_text_is_escaped() -> None:
    sentence = say("presses", words="<b>now</b> {words}")
    assert "<bdi>&lt;b&gt;now&lt;/b&gt; {words}</bdi>" in str(reader_for("en-GB", "UTC", NOW).coach(sentence))


# by structure


def keys() -> set[str]:
    """The keys of all sentences of the coach's own, without the forms for numbers."""
    return {key.removesuffix(FORMS[0]).removesuffix(FORMS[1]) for key in ENGLISH}


def written() -> Iterator[tuple[str, ast.AST]]:
    """Every piece of code of the coach, and the file it is in."""
    for path in Path(coach_rooms.__file__).parent.glob("*.py"):
        if path.name not in ("sentences.py", "said.py"):
            yield from ((path.name, one) for one in ast.walk(ast.parse(path.read_text("utf-8"))))


def test_the_catalogue_has_all_the_coach_can_say() -> None:
    texts = words_in().texts
    assert {name for name in texts if name.startswith(SAYS)} == {f"{SAYS}{key}" for key in english()}
    for key, text in english().items():
        assert texts[f"{SAYS}{key}"] == text


def test_each_key_that_is_said_exists_and_each_that_exists_is_said() -> None:
    known, named, begins = keys(), set(), set()
    for name, one in written():
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == "say":
            key = one.args[0]
            assert isinstance(key, ast.Constant | ast.JoinedStr | ast.IfExp | ast.Name | ast.Subscript), (name, key)
            if isinstance(key, ast.Constant):
                assert key.value in known, (name, key.value)
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            named.add(one.value)
        if isinstance(one, ast.JoinedStr) and isinstance(one.values[0], ast.Constant):
            begins.add(str(one.values[0].value))
    made = tuple(one for one in begins if one.endswith(".") and any(key.startswith(one) for key in known))
    assert {key for key in known if key not in named and not key.startswith(made)} == set()


def test_the_keys_that_are_put_together_exist() -> None:
    checks = {f"check.{slug(check)}" for check in get_args(Check)}
    kept = {f"{what}.{why}" for what in ("names", "naming", "kept") for why in ("unmentioned", "inside", "sensitive")}
    assert checks | kept | {f"reads.{slug(kind)}" for kind in KINDS} <= keys()


@pytest.mark.parametrize("name", CUES)
def test_cues_are_said_alike_in_every_language(name: str) -> None:
    english_ones = families(name)
    assert english_ones
    for language in ("es", "pl", "ru"):
        assert set(families(name, language).items()) <= set(english_ones.items())


@pytest.mark.parametrize(
    ("kind", "names"),
    [(Part, ("why",)), (Span, ("why",)), (Remark, ("why", "change")), (Said, ("why",)), (Wrong, ("why", "on_file")),
     (Matter, ("said",)), (Cue, ("why",)), (Found, ("why",)), (Turned, ("why",)),
     (Reading, ("question",)), (Note, ("why",)), (PartLine, ("why",))],
)  # fmt: skip
def test_reasons_are_sentences_and_no_texts(kind: Any, names: tuple[str, ...]) -> None:
    hints = get_type_hints(kind)  # which mypy holds the code to
    assert all(hints[name] is Sentence for name in names)
    several = [one.name for one in fields(kind) if one.name in ("changes", "unjudged")]
    assert all(hints[name] == tuple[Sentence, ...] for name in several)


def test_what_is_on_file_is_named_by_a_sentence() -> None:
    assert get_type_hints(Fact.said.fget)["return"] is Sentence


# the sentence itself


def test_a_sentence_is_its_english_wherever_it_goes() -> None:
    first = say("tone.never_wrote", words=Row(("SLA", "RMA")))
    again = pickle.loads(pickle.dumps(begun(first)))
    assert (again, again.key, again.values, again.capital) == (
        "They never wrote: SLA, RMA",
        first.key,
        first.values,
        True,
    )
    assert msgspec.json.encode([first], enc_hook=as_text) == b'["they never wrote: SLA, RMA"]'
    assert say("relatable.of", facts=("a", "b", "c")) == "It speaks of a, b and c"
    assert [say("days", n=n) for n in (1, 3)] == ["1 day", "3 days"]
    with pytest.raises(KeyError):
        say("nothing.of_the_kind")


def test_texts_within_are_changed_and_the_rest_is_not() -> None:
    why = say("relatable.of", facts=(say("fact.detail", text="It speaks", source="Ola"), say("quoted", words="Ola")))
    assert why.with_texts(lambda text: text.replace("Ola", "Ida").replace("It", "He")) == (
        "It speaks of “He speaks” (Ida) and “Ida”"
    )


def test_the_object_for_programs_has_keys_and_values_beside_the_english() -> None:
    for reading in readings("open"):
        told = msgspec.json.decode(msgspec.json.encode(reading, enc_hook=as_text))
        assert set(told["said"]) == set(sentences(reading))
        for part, same in zip(told["parts"], reading.parts, strict=True):
            assert part["why"] == same.why
            assert told["said"][part["why"]] == msgspec.to_builtins(plain(same.why))


def test_of_one_it_speaks_in_the_singular() -> None:
    alike = {key[:-4] for key in english() if key.endswith(".one") and english()[key] == english()[f"{key[:-4]}.other"]}
    assert alike == {"respectful.more"}  # "(and 1 more)"
    message = labelled("open")[0]
    found = read(message.draft, message.known, others_of(message, "open")[:1], None).part("relatable")
    assert "relatable: only 1 other is known, too few for a swap test that says much" in found.unjudged
