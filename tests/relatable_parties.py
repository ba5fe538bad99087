# ruff: noqa: E501 - a theme in one line is easier to read
"""Parties of one business with details as people note them, and sentences that mean a detail in other words.

A detail has a theme that several parties may share (an instrument, a child, a dog) and a value of its own. Each theme
has sentences of two kinds: `named` say what is meant, the value or its kind in another form or with a word near it;
`hinted` leave it to be understood, so that hardly any word has to do with the detail.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from occasion.coach.reading import Draft, Known
from occasion.events.event import Event
from occasion.people.details import Detail
from occasion.people.parties import Party

DAY_US = 86_400_000_000
NOW = 1_781_000_000_000_000  # 2026-06-09


@dataclass(frozen=True)
class Theme:
    """`noted`: the detail with {0} for the value; `values`: each with the word that sentences use for it ({1})."""

    noted: str
    values: tuple[tuple[str, str], ...]
    named: tuple[str, ...]
    hinted: tuple[str, ...]


THEMES = (
    Theme("plays the {0} in an amateur orchestra",
          (("cello", "cellos"), ("oboe", "oboe"), ("trombone", "trombones"), ("harp", "harp"), ("bassoon", "bassoon")),
          ("How did the {1} sound in the old church?", "I hope the {1} survived the rehearsal with that orchestra of yours."),
          ("Did the conductor smile for once?",)),
    Theme("keeps {0} behind the house",
          (("bees", "hives"), ("goats", "goats"), ("hens", "chickens"), ("rabbits", "rabbits"), ("ducks", "ducklings")),
          ("Did the {1} come through the cold week?", "I told my nephew about the {1} behind your house."),
          ("Is there enough fodder for everybody out there?",)),
    Theme("daughter {0} is in the school {1} team",
          (("Hania", "football"), ("Mila", "swimming"), ("Rosa", "volleyball"), ("Iga", "rowing"), ("Lotte", "tennis")),
          ("Did {0} win again?", "How was {0}'s big day with the {1}?"), ("Did the girls bring the cup home?",)),
    Theme("restores old {0} in the garage",
          (("motorbikes", "motorcycle"), ("tractors", "tractor"), ("radios", "radio"), ("clocks", "clock"),
           ("typewriters", "typewriter")),
          ("Does the {1} run at last?", "Is the {1} in pieces again?"),
          ("Have you still got oil under your nails?",)),
    Theme("walks two {0} before work",
          (("greyhounds", "greyhounds"), ("spaniels", "spaniels"), ("dachshunds", "dachshunds"), ("huskies", "huskies"),
           ("terriers", "terriers")),
          ("Did the {1} let you sleep in?", "Give both {1} a pat from me after the walk."), ("Was it wet at six on the meadow?",)),
    Theme("is learning {0} for a year in {1}",
          (("Portuguese", "Porto"), ("Italian", "Bologna"), ("Greek", "Athens"), ("Danish", "Aarhus"), ("Czech", "Brno")),
          ("How far have you got with the {0} verbs?", "{1} cannot be far off now."), ("Are the suitcases out already?",)),
    Theme("husband is a {0}, away for weeks",
          (("fisherman", "trawler"), ("pilot", "flights"), ("soldier", "army"), ("sailor", "ship"), ("geologist", "rocks")),
          ("Is he home from the {1}?", "I hope your husband and the {1} are back before the storm."),
          ("Is the house very quiet these weeks?",)),
    Theme("training for the {0} marathon",
          (("Berlin", "Berlin"), ("London", "London"), ("Boston", "Boston"), ("Vienna", "Vienna"), ("Oslo", "Oslo")),
          ("How do the long runs feel now that {1} is close?", "{1} is a flat course for runners, isn't it?"),
          ("Are the shoes worn in?",)),
    Theme("grows {0} for the village show",
          (("dahlias", "flowers"), ("pumpkins", "pumpkins"), ("roses", "roses"), ("leeks", "leeks"), ("orchids", "orchids")),
          ("Are the {1} ready for the jury of the show?", "I hope the slugs leave your {1} alone."),
          ("Did the frost spare the beds?",)),
    Theme("son {0} studies {1}",
          (("Oskar", "astronomy"), ("Felix", "medicine"), ("Jan", "architecture"), ("Leon", "law"), ("Emil", "chemistry")),
          ("Has {0} passed the exam?", "I saw a book on {1} and thought of {0}."), ("Does he come home for the holidays?",)),
    Theme("is afraid of {0} since childhood",
          (("needles", "needle"), ("lifts", "lift"), ("dogs", "dog"), ("thunder", "thunderstorm"), ("heights", "height")),
          ("There will be no {1} this time, I have seen to it.", "I know how you feel about any {1}, so take your time."),
          ("You may hold on to my hand.",)),
    Theme("drives the {0}",
          (("night bus", "bus"), ("number 6 tram", "tram"), ("school taxi", "taxi"), ("ambulance", "ambulance"),
           ("milk lorry", "lorry")),
          ("Was the last {1} of the shift a quiet one?", "Leave the {1} to a colleague if it hurts at the wheel."),
          ("Was it a long way home at four?",)),
    Theme("paints {0} in the evening",
          (("watercolours of the harbour", "harbour"), ("icons", "icons"), ("cats", "cats"), ("portraits", "portrait"),
           ("landscapes", "landscape")),
          ("Is the paint dry on that {1}?", "I would love to see the {1} you painted."), ("Is there still a lamp at the easel?",)),
    Theme("{0} in March",
          (("twin boys born", "twins"), ("first grandchild born", "grandchild"), ("sister married", "wedding"),
           ("moved to a farm", "farm"), ("bought a narrowboat", "boat")),
          ("How is life since the {1}?", "I still smile about the photograph of the {1}."), ("Do you sleep better by now?",)),
    Theme("works as a {0}",
          (("roofer", "roofs"), ("baker", "bakery"), ("crane operator", "crane"), ("midwife", "births"), ("gravedigger", "graves")),
          ("Was the {1} a hard place to be this week?", "I thought of you and the {1} when the storm came."),
          ("Were you up before the birds again?",)),
    Theme("volunteers at the {0}",
          (("animal shelter", "shelter"), ("fire brigade", "fire engine"), ("hospice", "hospice"), ("food bank", "food"),
           ("mountain rescue", "rescue")),
          ("Was the {1} busy at the weekend?", "Tell the people at the {1} that I admire them."),
          ("Did they call you out in the night?",)),
    Theme("reads {0} only",
          (("crime novels", "murderer"), ("poetry", "poems"), ("science fiction", "spaceship"), ("biographies", "biography"),
           ("fairy tales", "fairy tale")),
          ("I have a {1} for you on the shelf.", "Who would read about a {1} if not you?"), ("Is the lamp at the bed repaired?",)),
    Theme("plays the accordion at {0}",
          (("weddings", "wedding"), ("funerals", "funeral"), ("fairs", "fair"), ("dances", "dance"), ("markets", "market")),
          ("My aunt heard your accordion at a {1}.", "How many accordion tunes does a {1} need?"),
          ("Are the bellows mended?",)),
    Theme("is building a {0} in the barn",
          (("sailing boat", "boat"), ("small plane", "plane"), ("kiln", "kiln"), ("harpsichord", "harpsichord"),
           ("caravan", "caravan")),
          ("Is the {1} finished, or does it still fill the barn?", "When may I see the {1} leave the barn?"),
          ("Is there any room left to turn round in there?",)),
    Theme("cooks {0} food on Sundays",
          (("Indian", "curry"), ("Thai", "Thai"), ("Georgian", "Georgian"), ("Ethiopian", "Ethiopian"), ("Polish", "pierogi")),
          ("I tried the {1} as you said.", "Is there {1} on the stove again this Sunday?"), ("Did anybody ask for seconds?",)),
    Theme("hikes in the {0} every autumn",
          (("Tatra mountains", "Tatra"), ("Dolomites", "Dolomites"), ("Pyrenees", "Pyrenees"), ("Lake District", "lakes"),
           ("Black Forest", "forest")),
          ("Which peaks in the {1} did you climb?", "Was there fog over the {1} already?"), ("Did the boots hold this time?",)),
    Theme("collects {0}",
          (("vintage cameras", "camera"), ("stamps", "stamps"), ("maps", "map"), ("teapots", "teapot"), ("meteorites", "meteorite")),
          ("I saw a {1} at the fair and thought of you.", "Is there one more {1} on the shelf?"),
          ("Does anybody dust them all?",)),
    Theme("trains a youth {0} team",
          (("judo", "judo"), ("hockey", "hockey"), ("fencing", "fencing"), ("gymnastics", "gymnastics"), ("chess", "chess")),
          ("Did the young ones at {1} win a medal?", "Who is the tallest in your {1} team now?"),
          ("Did you lose your voice at the side again?",)),
    Theme("makes {0}",
          (("violins", "violin"), ("candles", "candles"), ("knives", "knife"), ("puppets", "puppets"), ("saddles", "saddle")),
          ("Is the new {1} sold already?", "I showed a colleague the {1} you made."), ("Is the workshop warm enough in winter?",)),
)  # fmt: skip
FRAMES = ("Dear {name},\n\n{first} {second} The {work} should be calm by now. Is it?\n\nBest wishes,\nEwa",
          "Hello {name}, {second} And {first} If the {work} troubles you, ring me. Ewa",
          "Good morning {name}, I thought of you today. {first} {second}\n\nEwa Nowak")  # fmt: skip
TEMPLATES = (
    "Dear {name},\n\nthank you for your visit on {day}. The amount of {amount} was paid by card. Your next appointment is "
    "due in six months. We look forward to seeing you again.\n\nYour practice team",
    "Dear {name}, this is a reminder of your appointment on {day}. Please call us if you cannot come. Your practice team",
    "Hi {name}, we hope you are happy with your {plan} plan. Do you have any questions? Your practice team",
)
WORK = ("filling", "crown", "check-up", "hygiene", "root canal", "extraction", "bridge", "whitening")
WROTE = ("Can I come ten minutes later tomorrow?", "Thanks for the quick help.", "Could you send me the bill as a file?",
         "Is there parking near you?", "See you on Thursday then.", "When do you open after the holidays?")  # fmt: skip
FIRST = ("Adam", "Beata", "Carl", "Dora", "Edda", "Fay", "Gustav", "Hana", "Igor", "Jana", "Karl", "Lena", "Marek", "Nina",
         "Otto", "Pola", "Rafe", "Sonia", "Tomas", "Ula")  # fmt: skip
LAST = ("Arnold", "Bright", "Czerny", "Dale", "Ekman", "Frost", "Gray", "Hoffer", "Ivers", "Jansen", "Kruger", "Lund")
Meant = tuple[int, int]  # a theme and the place of its value


@dataclass(frozen=True)
class Person:
    """A party with its details, the last work done, and the values of its fields."""

    known: Known
    details: tuple[Meant, ...]
    work: str
    fields: dict[str, str]


def people(seed: int, count: int = 101, each: int = 3) -> list[Person]:
    """Parties of a practice, each with some details, visits, payments and a few messages."""
    chance = np.random.default_rng(seed)
    return [_person(chance, number, each) for number in range(count)]


def _person(chance: np.random.Generator, number: int, each: int) -> Person:
    party, name = f"p{number}", f"{FIRST[number % 20]} {LAST[(number * 7) % 12]}"
    themes = chance.choice(len(THEMES), each, replace=False).tolist()
    meant = tuple((theme, int(chance.integers(len(THEMES[theme].values)))) for theme in themes)
    details = tuple(
        Detail(number * 10 + at, party, THEMES[theme].noted.format(*THEMES[theme].values[value]), "other", None,
               "said in the chair", "ewa", NOW - int(chance.integers(20, 600)) * DAY_US, "anything", False, False, None)
        for at, (theme, value) in enumerate(meant)
    )  # fmt: skip
    work = str(chance.choice(WORK))
    made: list[tuple[str, int, dict[str, str], str | None, str | None]] = [
        ("visit", 3, {"kind": work}, None, "Ewa Nowak"), ("payment", 2, {"plan": "family"}, None, None),
        ("visit", 200, {"kind": str(chance.choice(WORK))}, None, "Ewa Nowak"),
    ]  # fmt: skip
    made += [("message", int(chance.integers(70, 300)), {}, str(chance.choice(WROTE)), None) for _ in range(2)]
    events = tuple(
        Event(party=party, name=kind, at=NOW - days * DAY_US, seen=NOW - days * DAY_US, id=f"{party}:{at}",
              properties=properties, body=body, direction="in" if body else None, actor=actor)
        for at, (kind, days, properties, body, actor) in enumerate(sorted(made, key=lambda one: one[1]))
    )  # fmt: skip
    fields = {"name": name, "amount": f"{int(chance.integers(40, 400))}.00", "day": "6 June", "plan": "family"}
    known = Known(Party(party, (party,), True, name=name), details, events, traits=fields, names=("Ewa Nowak",))
    return Person(known, meant, work, fields)


def sentence(meant: Meant, chance: np.random.Generator, hinted: bool = False) -> str:
    """Something said that means a detail."""
    theme = THEMES[meant[0]]
    said = str(chance.choice(theme.hinted if hinted else theme.named))
    return said.format(*theme.values[meant[1]])


def note_about(
    person: Person,
    details: tuple[Meant, Meant],
    chance: np.random.Generator,
    work: str | None = None,
    hinted: bool = False,
) -> Draft:
    """A note to a person that means two details, whosesoever they are; with `hinted` the second is only hinted at."""
    first, second = sentence(details[0], chance), sentence(details[1], chance, hinted)
    frame = str(chance.choice(FRAMES))
    text = frame.format(name=person.fields["name"], first=first, second=second, work=work or person.work)
    return Draft(text, person.known.party.party, NOW, "email", "Ewa Nowak")


def filled(person: Person, template: str) -> Draft:
    """A template with the fields of a person."""
    return Draft(template.format(**person.fields), person.known.party.party, NOW, "email", "practice team")
