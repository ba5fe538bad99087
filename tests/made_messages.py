"""Messages to measure "unique" with: renderings of templates with merge fields, edited ones, and personal notes.

Templates are put together from sentences of four trades. The sentences lie in two banks that share none: thresholds are
chosen with TUNING, figures are told of HELD. Words put in by an edit come from two lists that share none either.
Personal notes are requests that people wrote on Wikipedia's talk pages (the shared data), two or three in a row between
a greeting and a closing; a half of them for each bank.
"""

from __future__ import annotations

import csv
import gzip
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from occasion.coach.alike import Message

Bank = dict[str, tuple[str, ...]]
TUNING: Bank = {
    "dental": (
        "Thank you for your visit to {firm} on {date} with {colleague}.",
        "Your next check-up is booked for {date} at {time} in {street}.",
        "Slight swelling after a {treatment} is normal and goes down by itself.",
        "Please rinse gently and avoid hot drinks for the first two days, {first}.",
        "Our records show that your last cleaning was more than {number} months ago.",
        "Regular care keeps teeth healthy and saves you from longer treatment later.",
        "If you cannot come, cancel at least one day before so that others can have the chair.",
        "Patients on the {plan} plan get the {treatment} at no further charge until {date}.",
        "We hope everything went to your satisfaction and that you felt in good hands.",
        "Bring a list of the medicines you take and the card of your insurer.",
        "The balance of {amount} for your {treatment} can be paid at the desk or by transfer.",
        "{colleague} has joined the team and looks after crowns and bridges from now on.",
    ),
    "letting": (
        "Thank you for being our tenant at {street} for {number} years now.",
        "The boiler at {street} is due for its yearly service on {date} between {time} and noon.",
        "Please make sure that somebody over eighteen can open the door to the engineer.",
        "Your rent of {amount} for {month} has not reached our account yet.",
        "The tenancy ends on {date} and we would be glad if you stayed for another year.",
        "As a welcome we have put a small folder with all instructions on the kitchen table.",
        "The bins in {city} are collected on {weekday} and belong on the street the night before.",
        "Contents are not covered by the landlord, so think about a policy of your own.",
        "With the {plan} package you can report repairs at any hour in the portal.",
        "An inspection of the flat will take place on {date}, it takes about twenty minutes.",
        "It is tenants like you that make our work a pleasure, {first}.",
        "{colleague} is your new property manager and will introduce himself on {weekday}.",
    ),
    "estate": (
        "We have just the right home for you in {street} with {number} bedrooms for {amount}.",
        "A viewing took place at your property yesterday and the visitors stayed quite long.",
        "The survey at {street} has been carried out without any findings worth a mention.",
        "Prices in {city} have gone up again and buyers are waiting for houses like yours.",
        "Would you like to know what your house is worth today, {first}?",
        "A valuation by {colleague} is free and takes half an hour on {date}.",
        "Please keep the forms at hand, since the solicitor will ask for them within {number} days.",
        "Our {plan} service includes photographs, a floor plan and a board at the gate.",
        "Congratulations on the keys to {street} and a very good start in the new rooms.",
        "We loved working with you and would be grateful for a short review on our page.",
        "The buyers have asked to move completion to {date}, which suits the bank as well.",
        "In the {city} office you find us on {weekday} until {time} and by appointment.",
    ),
    "software": (
        "I noticed that you signed up for {product} {number} days ago.",
        "Teams like yours at {company} often tell us that they lose hours on swaps.",
        "Your plan {plan} renews on {date} with {number} users at {amount} a year.",
        "On a scale from one to ten, how likely is it that you will recommend us?",
        "The new dashboard in {product} shows at a glance who is away and why.",
        "I would love to show you how others solve it in a call of fifteen minutes.",
        "Access will be suspended on {date} unless the open sum of {amount} is paid.",
        "In the last month {company} has made {number} plans and saved many an hour.",
        "Planned maintenance takes place on {weekday} from {time} and nothing is lost.",
        "{colleague} is your contact for everything that has to do with your account.",
        "Have you invited your colleagues yet, {first}, so that nobody works by hand?",
        "You find the present prices in the attachment and all terms on our site.",
    ),
}
HELD: Bank = {
    "dental": (
        "It was a pleasure to see you at {firm} last {weekday}, {first}.",
        "We have reserved {date}, {time}, for the second part of your {treatment}.",
        "A dull ache on the day after the {treatment} is nothing to worry about.",
        "Do not smoke, and keep to soft food until the stitches are out on {date}.",
        "Half a year has gone by since {colleague} last looked at your teeth.",
        "Children under twelve are treated free in our {city} surgery all through {month}.",
        "Kindly tell reception two days ahead when you are unable to keep the appointment.",
        "Your {plan} membership covers one more scale and polish before the year is out.",
        "You would do us a great favour by rating your experience with one tap.",
        "Remember to bring your glasses as there is a form to be filled in on arrival.",
        "Invoice {id} over {amount} is still unpaid and we kindly remind you of it.",
        "From {month} on {colleague} offers straightening with clear aligners in {street}.",
    ),
    "letting": (
        "Another {number} months at {street}, and we are as happy as on the first day!",
        "The lift in {street} will be out of order on {date} from {time} because of repairs.",
        "Keys for the contractor have been left with the caretaker, so you may go out as usual.",
        "According to our books {amount} of the service charge for {month} remain open.",
        "Should you wish to renew beyond {date}, sign the enclosed form and send it back.",
        "You will find the meter cupboard behind the entrance and the stopcock below the sink.",
        "Parking in {city} needs a permit, which the council issues on proof of address.",
        "We advise every new resident to test the smoke alarms once in each quarter.",
        "Members of {plan} receive a voucher for window cleaning, valid through {month}.",
        "Someone from the office will walk through the rooms on {date} and note any damage.",
        "How lovely to have such careful people under our roof, dear {first}!",
        "For all matters of the building please turn to {colleague} in {city}.",
    ),
    "estate": (
        "{street} has come onto the market this week, asking {amount}, chain free.",
        "Two couples walked round your place on {weekday} and one of them measured the lounge.",
        "The lender's valuer was satisfied at {street} and the offer should follow by {date}.",
        "Never before were so many families searching in {city} for something of that size.",
        "Curious what you could get if you put the sign up before {month}, {first}?",
        "{colleague} will come round with a tape measure and costs you nothing but a coffee.",
        "Identification has to be certified no later than {date} or the file is closed.",
        "Choose {plan} and the brochure, the drone film and the open day are all included.",
        "May the new walls at {street} bring you joy, sound sleep and friendly neighbours!",
        "Know anyone thinking of a move? An introduction earns you {amount} when they sell.",
        "Exchange is now pencilled in for {date}, provided the searches are back by then.",
        "Drop into our branch in {city} any {weekday} before {time} to collect the folder.",
    ),
    "software": (
        "Welcome aboard, {first}: your workspace in {product} has been live for {number} days.",
        "Other customers of the size of {company} cut their planning time by a third.",
        "We will charge {amount} for {number} seats on {plan} when {date} comes round.",
        "Could you spare a minute to tell us how happy you are with the latest release?",
        "Reports in {product} can now be sent by the hour, by the day or by the week.",
        "Let me walk you through the features that most people overlook at the beginning.",
        "Payment for reference {id} failed, and the team loses editing rights on {date}.",
        "Since {month} the people at {company} have closed {number} tickets, well done!",
        "Servers in {city} are being moved on {date}, expect slow pages after {time}.",
        "Going forward {colleague} takes over as your success manager and says hello.",
        "Connect your calendar today and never again copy a shift from one sheet to another.",
        "Attached you will find an updated agreement, which applies unless you object.",
    ),
}
BANKS = {"tuning": TUNING, "held": HELD}


def _split(words: str) -> tuple[str, ...]:
    return tuple(words.split())


OTHER_WORDS = {
    "tuning": _split(
        "rather gladly window surely basket simple green paper quickly yellow corner number again lamp stone"
    ),
    "held": _split(
        "indeed mostly garden plainly barrel narrow silver copper slowly purple meadow button twice kettle brick"
    ),
}
GREETINGS = {
    "tuning": ("Dear {first},", "Hi {first},", "Hello {first},", "Good morning {first},",
               "Hi {first}, hope you're well."),
    "held": ("Dear {title} {last},", "Hey {first},", "Good afternoon {first},", "Hello {title} {last},",
             "Hi {first}, thanks for your message.", "Dear {first}, I hope this mail finds you well."),
}  # fmt: skip
CLOSINGS = {
    "tuning": ("Kind regards, {colleague}", "Best wishes,\n{colleague}\n{firm}", "Cheers, {colleague}",
               "Let me know if you have any questions.\n\nRegards,\n{colleague}", "Many thanks\n{colleague}"),
    "held": ("Warm regards,\n{colleague}", "Yours sincerely\n\n{colleague}\n{firm}\n0161 555 0{id}",
             "All the best, {colleague}",
             "Please do not hesitate to contact me with any questions.\nBest,\n{colleague}",
             "Looking forward to hearing from you.\n{colleague}", "Have a lovely weekend! {colleague}"),
}  # fmt: skip
VALUES = {
    "first": _split(
        "Ana Bruno Cora Dev Elif Femi Gwen Hugo Ines Jonas Kira Luca Maud Nils Olga Piet Rosa Sven Tara Uwe Vera Wim"
    ),
    "last": _split(
        "Abbot Birch Crane Dunn Ek Frost Grant Hale Iqbal Jensen Kerr Lund Moor Novak Orr Pike Quist Rowe Swift Yates"
    ),
    "title": ("Mr", "Ms", "Mrs", "Dr"),
    "street": ("Quay 10", "Alder Row 5", "Mill Lane 77", "Station Terrace 2", "12 Harbour View", "Canal Side 8",
               "Fen End 3", "Orchard Close 21", "7 Vicarage Lane", "Lime Walk 11"),
    "city": ("Larkfield", "Norwich", "Port Elgin", "Great Abbey", "Leeds", "Stoke", "Old Marton", "Bath"),
    "plan": ("Smile Plus", "Comfort", "Pro", "Essential Care", "Gold", "Starter", "Family Saver"),
    "treatment": ("Root Canal", "Crown", "Extraction", "Filling", "Implant", "Deep Cleaning"),
    "company": ("City Pools", "Northgate Leisure", "Peel Catering", "Museum of Glass", "Falk Transport", "Krog & Sons"),
    "product": ("Planboard", "Shiftly", "Rotaline"),
    "date": ("3 May", "the 14th of June", "2026-07-09", "12/08/2026", "21 November 2026", "Friday, 4 September",
             "1st March"),
    "time": ("9:30", "10 am", "14:00", "half past 8", "4.15 pm", "11 o'clock"),
    "amount": ("184.00 GBP", "£96", "1,020 pounds", "€ 310.50", "92.50 EUR", "289,000"),
    "number": ("2", "3", "12", "9", "110", "25", "203"),
    "month": ("January", "July", "October", "April", "December"),
    "weekday": ("Monday", "Tuesday", "Thursday", "Friday", "Saturday"),
    "id": ("20511", "5530", "T7-4410", "A-9981", "10233"),
    "colleague": ("Lena Sato", "Carol Ives", "Toby Fenwick", "Maja Olsen", "Jack Obi", "Nora Quist", "Dr Henrik Adler"),
    "firm": ("Larkfield Dental", "Alder & Quay", "Fenwick Rowe", "Planboard"),
}  # fmt: skip
OWN = ("first", "last", "street", "city", "plan", "treatment", "company", "product")  # fields of the recipient
FIRMS = VALUES["firm"]
COLLEAGUES = VALUES["colleague"]
EDITED = 8  # one word in so many


@dataclass(frozen=True)
class Recipient:
    """Somebody with the values that templates fill in."""

    party: str
    values: dict[str, str]

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(self.values[name] for name in OWN)

    @property
    def name(self) -> str:
        return f"{self.values['first']} {self.values['last']}"


def recipient(rng: random.Random, number: int) -> Recipient:
    return Recipient(f"party-{number}", {name: rng.choice(values) for name, values in VALUES.items()})


def templates(half: str, rng: random.Random, least: int = 30, most: int = 120) -> list[str]:
    """Templates of 30 to 120 words that share no sentence with each other: greeting, sentences, closing."""
    made = []
    for sentences in BANKS[half].values():
        left = rng.sample(sentences, len(sentences))
        while left:
            taken, wanted = [], rng.randint(least, most)
            while left and (not taken or sum(len(one.split()) for one in taken) < wanted - 8):
                taken.append(left.pop())
            if sum(len(one.split()) for one in taken) >= least - 6:
                made.append(" ".join([rng.choice(GREETINGS[half]), *taken, rng.choice(CLOSINGS[half])]))
    return made


def render(template: str, to: Recipient, *, lower: bool = False) -> str:
    """A template filled in; with `lower` the recipient's fields without capitals."""
    values = {**to.values, **{name: to.values[name].lower() for name in OWN}} if lower else to.values
    return template.format(**values)


def edit(text: str, half: str, rng: random.Random) -> str:
    """One word in eight exchanged (three of five), left out or put in (one of five each)."""
    words = text.split(" ")
    for place in rng.sample(range(len(words)), max(1, len(words) // EDITED)):
        other, kind = rng.choice(OTHER_WORDS[half]), rng.random()
        words[place] = other if kind < 0.6 else "" if kind < 0.8 else f"{words[place]} {other}"
    return " ".join(word for word in words if word)


def notes(half: str, rng: random.Random, data: Path) -> Iterator[tuple[Recipient, str]]:
    """Personal notes: each request is in one note of one half only."""
    with gzip.open(data / "politeness_wiki.csv.gz", "rt", encoding="utf-8") as rows:
        said = sorted(
            {row["request"].replace("<url>", "https://example.org/wiki/page") for row in csv.DictReader(rows)}
        )
    mine = [one for one in said if (crc32(one.encode()) % 2 == 0) == (half == "held")]
    rng.shuffle(mine)
    for number, text in enumerate(_joined(mine)):
        to = recipient(rng, 10_000 + number)
        parts = (rng.choice(GREETINGS[half]), "{text}", rng.choice(CLOSINGS[half]))
        yield to, render("\n\n".join(parts).replace("{text}", text.replace("{", "(").replace("}", ")")), to)


def _joined(requests: Sequence[str]) -> Iterator[str]:
    """Requests in a row until there are 30 to 120 words."""
    text = ""
    for one in requests:
        if len(f"{text} {one}".split()) <= 120:
            text = f"{text} {one}".strip()
        if len(text.split()) >= 30:
            yield text
            text = ""


def sent(text: str, to: Recipient, at_us: int) -> Message:
    """As it stands in the index."""
    return Message(to.party, at_us, text, to.fields, (to.name,))
