"""Who reads a page, and how they read: words in their language, dates and numbers as their locale writes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError, dates, lists, numbers
from markupsafe import Markup, escape

from occasion.coach.said import Dated, Row, Sentence, Tongue
from occasion.coach.said import Day as SaidDay
from occasion.coach.said import Value as Told
from occasion.desk.parts import Said, Value
from occasion.service.pages.words import LANGUAGES, SAYS, Words, words_in

US = 1_000_000
Day = date  # Reader has a method of that name
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FORMS_AND_KINDS = ("form", "kind")  # values of a sentence that are words of ours


def locale_of(asked: str | None) -> Locale:
    """The locale by its tag ("en-GB", "pl"); English where it is unknown.

    >>> str(locale_of("pl-PL")), str(locale_of("xx-nothing"))
    ('pl_PL', 'en')
    """
    try:
        return Locale.parse((asked or "en").replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def accepted(header: str) -> str | None:
    """The first language of an Accept-Language header that is known, the best liked first.

    >>> accepted("xx, en-GB;q=0.8, pl;q=0.9"), accepted("")
    ('pl', None)
    """
    liked = []
    for i, part in enumerate(header[:500].split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            liked.append((-float(quality or 1), i, tag.strip()))
        except ValueError:
            continue
    for _, _, tag in sorted(liked):
        if tag and tag != "*" and (str(locale_of(tag)) != "en" or tag.lower().startswith("en")):
            return tag
    return None


@dataclass(frozen=True)
class Reader:
    """Words, locale and zone of who reads, and the instant (UTC microseconds) that "today" means."""

    locale: Locale
    zone: str
    now_us: int
    words: Words

    @cached_property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    # words

    def t(self, name: str, /, n: int | None = None, **gaps: object) -> Markup:
        """A text of the catalogue; `n` picks the plural and is written as the locale writes numbers."""
        if n is not None:
            gaps["n"] = self.number(n)
        return self.words(name, n, **gaps)

    def said(self, said: Said, zone: str | None = None) -> Markup:
        """A sentence of the desk. `zone`: the party's, for what is local to them (`local_us`)."""
        count = next((v for k, v in said.facts.items() if k == "n" or k.endswith("_n")), None)
        shown = {key: self.value(key, value, zone) for key, value in said.facts.items()}
        return self.words(f"said.{said.key}", count if isinstance(count, int | float) else None, **shown)

    def coach(self, sentence: str) -> Markup:
        """A sentence of the coach, by its key and values; a text that is none as it is."""
        if not isinstance(sentence, Sentence):
            return Markup("<bdi>{}</bdi>").format(sentence)
        shown = {name: self._told(value) for name, value in sentence.values.items()}
        n = sentence.values.get("n")
        said = self.words(f"{SAYS}{sentence.key}", n if isinstance(n, int) else None, **shown)
        return said[:1].upper() + said[1:] if sentence.capital and said[:1] != "<" else said

    def _told(self, value: Told) -> Markup | str:
        """A value in a sentence of the coach, as the reader's language writes it."""
        match value:
            case Sentence() | str():
                return self.coach(value)
            case SaidDay():
                return self.day_of_year(value.on, value.today.year)
            case Dated():
                return self.on_file(value.text)
            case Tongue():
                return str(self.locale.languages.get(value.code, value.code))
            case Row():
                return Markup(", ").join(self._told(one) for one in value.of)
            case tuple():
                return Markup(self.joined([escape(self._told(one)) for one in value]))
            case float():
                return numbers.format_decimal(value, "0.00", locale=self.locale)
        return self.number(value)

    def value(self, name: str, value: Value | Said | tuple[str | Said, ...], zone: str | None = None) -> object:
        """A value of a sentence, shown as its name says (see parts.Said)."""
        if isinstance(value, Said):
            return self.said(value, zone)
        if isinstance(value, tuple):
            return self.joined([str(self.value("", one, zone)) for one in value])
        if value is None:
            return self.t("time.no_end")
        if name == "local_us":
            return self.clock(int(value), zone)
        if name.endswith("_for_us"):
            return self.length(int(value))
        if name.endswith("_us"):
            return self.when(int(value), near=False)
        if name.endswith("_date"):
            return self.partial(str(value))
        if name == "chance" and isinstance(value, float):
            return self.share(value)
        if name in FORMS_AND_KINDS and f"{name}.{value}" in self.words.texts:
            return self.t(f"{name}.{value}")
        return self.number(value) if isinstance(value, int | float) else value

    def joined(self, items: list[str] | tuple[str, ...]) -> str:
        """Items as a list in a sentence: "a, b and c"."""
        return lists.format_list(list(items), locale=self.locale)

    # instants

    def local(self, at_us: int, zone: str | None = None) -> datetime:
        return (EPOCH + timedelta(microseconds=at_us)).astimezone(ZoneInfo(zone) if zone else self.tz)

    @cached_property
    def today(self) -> Day:
        return self.local(self.now_us).date()

    def clock(self, at_us: int, zone: str | None = None) -> str:
        """The time of day."""
        return dates.format_time(self.local(at_us, zone), "short", locale=self.locale)

    def day(self, at_us: int) -> str:
        """The date of an instant: today, tomorrow, yesterday, else weekday and date; the year where it is not this."""
        return self.date(self.local(at_us).date())

    def date(self, day: Day, near: bool = True) -> str:
        """A date as `day` says it; with `near` false never today or tomorrow."""
        apart = (day - self.today).days
        if near and abs(apart) <= 1:
            return str(self.t(("time.yesterday", "time.today", "time.tomorrow")[apart + 1]))
        if day.year == self.today.year:
            return self.skeleton("MMMEd" if abs(apart) < 7 else "MMMMd", day)
        return dates.format_date(day, "long", locale=self.locale)

    def day_of_year(self, day: Day, year: int) -> str:
        """Day and month, and the year where it is not that one."""
        if day.year == year:
            return self.skeleton("MMMMd", day)
        return dates.format_date(day, "long", locale=self.locale)

    def on_file(self, text: str) -> str:
        """A date that may lack its year or day, in full."""
        try:
            return self.day_of_year(date.fromisoformat(text), 0) if len(text) == 10 else self.partial(text)
        except ValueError:
            return text

    def full_day(self, day: Day) -> str:
        """Weekday, day, month and year in full."""
        return dates.format_date(day, "full", locale=self.locale)

    def month(self, month: str) -> str:
        """A civil month ("2026-02")."""
        return self.skeleton("yMMMM", date.fromisoformat(month + "-01"))

    def partial(self, text: str) -> str:
        """A date that may lack its year or day: 2026-05-12, --02-29, 2026-05, 2026; anything else as it is."""
        try:
            if text.startswith("--"):
                return self.skeleton("MMMMd", date.fromisoformat("2000-" + text[2:]))
            if len(text) == 7:
                return self.month(text)
            return self.date(date.fromisoformat(text)) if len(text) == 10 else text
        except ValueError:
            return text

    def skeleton(self, skeleton: str, day: Day) -> str:
        try:
            return dates.format_skeleton(skeleton, day, locale=self.locale)
        except KeyError:
            return dates.format_date(day, "long", locale=self.locale)

    def when(self, at_us: int, near: bool = True) -> Markup:
        """Day and time, as an element whose machine-readable instant is exact; `near` as for `date`."""
        day = self.date(self.local(at_us).date(), near)
        return self.marked(at_us, str(self.t("time.at", day=day, time=self.clock(at_us))))

    def deadline(self, at_us: int) -> Markup:
        """Until when: a day's first instant is the end of the day before."""
        at = self.local(at_us)
        if at.hour or at.minute or at.second:
            return self.when(at_us)
        return self.marked(at_us, str(self.t("time.end_of", day=self.date(at.date() - timedelta(days=1)))))

    def hour(self, at_us: int) -> Markup:
        """The time of day, as an element."""
        return self.marked(at_us, self.clock(at_us))

    def marked(self, at_us: int, shown: str) -> Markup:
        exact = (EPOCH + timedelta(microseconds=at_us)).isoformat(timespec="seconds")
        full = dates.format_datetime(self.local(at_us), "full", locale=self.locale)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(exact, full, shown)

    def ago(self, at_us: int) -> str:
        """How long from now, in words: "3 days ago", "in 2 hours"."""
        apart = timedelta(microseconds=at_us - self.now_us)
        return dates.format_timedelta(apart, add_direction=True, locale=self.locale, threshold=1.2)

    def length(self, us: int) -> str:
        """A length of time in its largest unit; years and months together."""
        years, rest = divmod(us // US, 31_556_952)
        if years:
            both = [self.unit(years, "year"), self.unit(rest // 2_629_746, "month") if rest >= 2_629_746 else ""]
            return self.joined([part for part in both if part]) if both[1] else both[0]
        for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
            if rest >= size:
                return self.unit(rest // size, unit)
        return self.unit(max(rest, 0), "second")

    def unit(self, n: int, unit: str) -> str:
        from babel.units import format_unit

        return format_unit(n, f"duration-{unit}", locale=self.locale)

    # numbers

    def number(self, n: float) -> str:
        return numbers.format_decimal(n, locale=self.locale)

    def share(self, value: float) -> str:
        """A share from 0 to 1 in whole per cent."""
        return numbers.format_percent(value, locale=self.locale)


def reader_for(locale: str | None, zone: str, now_us: int, words: Words | None = None) -> Reader:
    """The reader with this locale (a tag) and IANA zone; the language is the locale's where there is text in it."""
    found = locale_of(locale)
    language = found.language if found.language in LANGUAGES else "en"
    return Reader(found, zone, now_us, words or words_in(language))
