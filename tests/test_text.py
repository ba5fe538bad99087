"""The text of the moment language: what it lowers to, what it refuses, and that it reads what it writes."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from language_examples import EXAMPLES
from occasion.errors import InputError, TextError
from occasion.moments.definition import (
    NOW,
    STRICTLY_LATER,
    After,
    And,
    Both,
    Compare,
    Definition,
    Did,
    Either,
    Every,
    Fewer,
    Measure,
    Node,
    Not,
    Nth,
    OneOf,
    Or,
    Per,
    Period,
    Reach,
    Rolling,
    Selection,
    Silence,
    Stage,
    Start,
    Streak,
    While,
    children,
    plain,
    walk,
)
from occasion.moments.text import MAX_CHARACTERS, MAX_DEPTH, mentions, read, read_after, read_pattern, show, show_after
from occasion.moments.words import RESERVED
from strategies import definitions

STAGES = (Stage("in process", Start()), Stage("new", Start()))


def event(name: str, where: object = None) -> Did:
    return Did(Selection("event", name, where))  # type: ignore[arg-type]


def read_or_refused(text: str) -> Definition | TextError:
    try:
        return read(text, STAGES)
    except TextError as refused:
        return refused


def count(node: Node) -> Measure:
    return Measure("count", node)


def number(value: int | str) -> Decimal:
    return Decimal(value)


A, B, C = event("a"), event("b"), event("c")
ONE = number(1)
DAY, WEEK = Period(1, "day"), Period(1, "week")
CONTACT, ANY = Did(Selection("contact")), Did(Selection("any"))
SILENT = Silence("new", coming_in=False)
NOTHING = Fewer(count(A), ONE, B, STRICTLY_LATER, DAY)
SHORT = Fewer(count(A), ONE, B, NOW, DAY)
TWO_WITHIN = "a and (count(b) >= 2 within 1 day) within 1 week"
BUSY = Rolling(count(B), number(2), DAY)
QUIET = Fewer(count(A), ONE, Or(A, Start()), STRICTLY_LATER, DAY)
X1, Y2, Z3 = Compare("x", "=", number(1)), Compare("y", "=", number(2)), Compare("z", "=", number(3))


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_is_read_and_written(text: str) -> None:
    definition = read(text, STAGES)
    assert read(show(definition), STAGES) == definition


# text, what it lowers to, and how it is printed where that is not the text itself
LOWERED: list[tuple[str, Node, str | None]] = [
    ("count(a) >= 3", Nth(A, 3), "3rd a"),
    ("count(a) >= 1", Nth(A, 1), "first a"),
    ("1st a", Nth(A, 1), "first a"),
    ("every 2nd (a or b)", Nth(Or(A, B), 2, every=True), None),
    ("every 11th a", Nth(A, 11, every=True), None),
    ("count(a) >= 3 within 1 week of first b", Reach(count(A), number(3), Nth(B, 1), NOW, WEEK), None),
    ("count(a) < 1 between 0 days and 1 day after b", SHORT, "count(a) < 1 within 1 day of b"),
    ("count(a) < 2 between 1 day and 1 week after start", Fewer(count(A), number(2), Start(), DAY, WEEK), None),
    ("count(a) >= 2 within 1 day", Rolling(count(A), number(2), DAY), None),
    ("sum(f of a) >= 2.50", Reach(Measure("sum", A, "f"), number("2.5"), Start()), "sum(f of a) >= 2.5"),
    ("distinct(f of a) >= 2", Reach(Measure("distinct", A, "f"), number(2), Start()), None),
    ("sum(f of any) >= 0.000001 within 1 day", Rolling(Measure("sum", ANY, "f"), number("0.000001"), DAY), None),
    ("a then first b within 1 day", Reach(count(B), ONE, A, STRICTLY_LATER, DAY), None),
    ("a then first b", Reach(count(B), ONE, A, STRICTLY_LATER, None), None),
    ("a then (first b)", After(A, Nth(B, 1)), None),
    ("a then b within 1 day", After(A, B, DAY), None),
    ("a then b then first (b or c)", Reach(count(Or(B, C)), ONE, After(A, B), STRICTLY_LATER, None), None),
    ("no a for 1 day after b", Fewer(count(A), ONE, B, STRICTLY_LATER, DAY), None),
    ("no a for 1 day", QUIET, None),
    ("no a for 1 day after (a or start)", QUIET, "no a for 1 day"),
    ("a returns after 1 week", Reach(count(A), ONE, Fewer(count(A), ONE, A, STRICTLY_LATER, WEEK), NOW, None), None),
    ("every 2 months since a", Every(A, Period(2, "month")), None),
    ("streak of 1 week of contact", Streak(CONTACT, 1, "week"), None),
    ("a and b or c", Or(And(A, B), C), None),
    ("a or b and c", Or(A, And(B, C)), None),
    ("a and b and c within 1 day", And(And(A, B), C, DAY), None),
    ("a and (b then c) within 1 day", And(A, After(B, C), DAY), None),
    ("a and b then c within 1 day", And(A, After(B, C, DAY)), None),
    ("a and count(b) >= 2 within 1 day", And(A, Rolling(count(B), number(2), DAY)), None),
    ("a and count(b) >= 2 within 1 day within 1 week", And(A, BUSY, WEEK), TWO_WITHIN),
    ("a per f", Per(A, "f"), None),
    ("a per `Order Total`", Per(A, "Order Total"), None),
    ('a while stage = "new" per f', Per(While(A, "new"), "f"), None),
    ('"Lease Signed" then "first"', After(event("Lease Signed"), event("first")), None),
    ("start then first start", Reach(count(Start()), ONE, Start(), STRICTLY_LATER, None), None),
    ('"a"', A, "a"),
    ('count(a) < 1 between 1 microsecond and 1 day after b while stage = "new"', While(NOTHING, "new"), None),
    ('no a for 1 day after b while stage = "new"', While(replace(NOTHING, silence=SILENT), "new"), None),
    ("count(a) < 1 between 1 microsecond and 1 day after b", NOTHING, "no a for 1 day after b"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "node", "printed"), LOWERED, ids=[text for text, *_ in LOWERED])
def test_what_a_text_lowers_to(text: str, node: Node, printed: str | None) -> None:
    definition = read(text, STAGES)
    assert plain(definition.node) == plain(node)
    assert show(definition) == (printed or text)


CONDITIONS: list[tuple[str, object]] = [
    ("x = 1", X1),
    ("x = 1 and y = 2 or z = 3", Either(Both(X1, Y2), Z3)),
    ("x = 1 and (y = 2 or z = 3)", Both(X1, Either(Y2, Z3))),
    ("not x = 1 and not (y = 2 and z = 3)", Both(Not(X1), Not(Both(Y2, Z3)))),
    ('x in (1, "b", true)', OneOf("x", (number(1), "b", True))),
    ("x not in (false)", Not(OneOf("x", (False,)))),
    ("`count` != -2.5", Compare("count", "!=", number("-2.5"))),
    (r'x = "say \"no\"\\\n\u0001"', Compare("x", "=", 'say "no"\\\n\x01')),
    ('x = "zażółć 🙂 -- no comment"', Compare("x", "=", "zażółć 🙂 -- no comment")),
]


@pytest.mark.parametrize(("text", "where"), CONDITIONS, ids=[text for text, _ in CONDITIONS])
def test_conditions(text: str, where: object) -> None:
    definition = read(f"a where {text}")
    assert plain(definition.node) == plain(event("a", where))
    assert show(definition) == f"a where {text}"


def test_where_takes_every_and_that_a_comparison_follows() -> None:
    assert read("a where x = 1 and b").node == And(event("a", X1), B)
    assert read("a where x = 1 and y = 2 and b").node == And(event("a", Both(X1, Y2)), B)
    assert read("a where x = 1 and (b or c)").node == And(event("a", X1), Or(B, C))
    assert read("a where x = 1 or (y = 2)").node == event("a", Either(X1, Y2))
    assert read("a where x = 1 or not (y = 2) and b").node == And(event("a", Either(X1, Not(Y2))), B)
    assert read("a where x = 1 and b where y = 2").node == And(event("a", X1), event("b", Y2))


def test_a_silence_knows_the_stage_it_must_lie_in() -> None:
    def silent(text: str) -> list[Silence | None]:
        node = read(f'{text} while stage = "new"', STAGES).node
        return [part.silence for part in walk(node) if isinstance(part, Fewer)]

    assert silent("no a for 1 day") == [Silence("new", coming_in=True)]
    assert silent("b and no a for 1 day after start") == [Silence("new", coming_in=False)]
    assert silent("no a for 1 day after (a or start)") == [Silence("new", coming_in=False)]
    assert silent("a returns after 1 day") == [None]
    assert silent("count(a) < 1 within 1 day of start") == [None]
    assert silent("(no a for 1 day) then (no b for 1 day)") == [Silence("new", True)] * 2


def test_a_definition_carries_the_stages_only_if_it_uses_them() -> None:
    assert read("no a for 1 day", STAGES).stages == ()
    assert read('a while stage = "new"', STAGES).stages == STAGES
    edited = (STAGES[0], Stage("new", Nth(A, 1)))
    assert read('a while stage = "new"', STAGES).identity != read('a while stage = "new"', edited).identity
    assert read("a", STAGES).identity == read("a -- the same", edited).identity


def test_spacing_comments_and_number_of_a_unit_mean_nothing() -> None:
    text = "count( a )>=3--three\n  within 1 days\tof\r\n(first(a))"
    assert read(text) == read("count(a) >= 3 within 1 day of first a")


def test_deadlines_are_read_and_written() -> None:
    assert read_after("14 days after start") == (Period(14, "day"), Start())
    assert show_after(*read_after("1 month after first (a or b)")) == "1 month after first (a or b)"
    with pytest.raises(TextError, match="line 1, column 9: unexpected `of`"):
        read_after("14 days of start")


def test_mentions_have_their_places() -> None:
    found = mentions('first "a b" where f = 1\n and sum(`g h` of c) >= 2 per f')
    assert [(m.what, m.name, m.line, m.column) for m in found] == [
        ("event", "a b", 1, 7),
        ("field", "f", 1, 19),
        ("field", "g h", 2, 10),
        ("event", "c", 2, 19),
        ("field", "f", 2, 31),
    ]


# text, column, what the message says
REFUSED = [
    ("count(a) >= 0", 13, "above 0"),
    ("sum(f of a) >= -1", 16, "above 0"),
    ("count(a) >= 2.5", 13, "whole number and 2.5 is none: write 3"),
    ("count(a) > 2", 10, "write >= with the next number"),
    ("count(a) >= 2 within 0 days", 22, "a window of 0 days is empty"),
    ("no a for 0 days", 10, "a window of 0 days is empty"),
    ("count(a) >= 2 within 1.5 days", 22, "not whole: write it in a smaller unit"),
    ("count(a) >= 2 within 1 month", 22, "rolling window cannot be counted in months"),
    ("a then b within 1001 years", 17, "at most 1000 years"),
    ("a then b within 3 dys", 19, 'did you mean "days"?'),
    ("count(a) >= 1 between 2 days and 1 day after start", 34, "`between 2 days and 1 day` is empty"),
    ("count(a) >= 1 between 2 days and 48 hours after start", 34, "is empty"),
    ("count(a) >= 1 between 1 year and 12 months after start", 34, "is empty"),
    ("count(a) >= 1 between 30 days and 1 month after start", 35, "can be empty, a month differs in length"),
    ("count(a) < 2", 10, "`<` needs a window that ends and what opens it"),
    ("count(a) < 2 within 3 days", 10, "`<` needs a window"),
    ("first of", 7, 'reserved word; write "of" in quotes'),
    ("a where first = 1", 9, "write `first` in backticks"),
    ("Count(a) >= 2", 1, "write `count`"),
    ('a while stage = "nwe"', 17, 'did you mean "new"?'),
    ('a while stage != "new"', 15, "only `while stage ="),
    ('(a while stage = "new") or b', 4, "only at the end"),
    ("(a per f) or b", 4, "only at the end"),
    ('a per f while stage = "new"', 9, "`while` before `per`"),
    ("a then count(b) >= 2", 8, "write `count(...) >= n within ... of ...`"),
    ("a then first sum(f of b) >= 2", 14, "write `sum(...) >= n within ... of ...`"),
    ("a then 3rd b", 8, "`then (3rd ...)`"),
    ("sum(f of a) >= 2 within 1 day of b where x = 1", 34, "write `first b where x = 1`"),
    ("distinct(f of a) >= 2 within 1 day of (b or c)", 40, "write `first (b or c)`"),
    ("distinct(f of a) < 2 within 1 day of every 2nd b", 38, "reserved word"),
    ('a where x > "b"', 11, "text knows no order"),
    ("a where x <= true", 11, "true and false know no order"),
    ("a where x = old", 13, 'write "old"'),
    ("a where x = 'old'", 13, "double quotes"),
    ('a where "x y" = 1', 9, "in backticks"),
    ('a where x = "old', 13, "not closed"),
    ("a where x == 1", 12, "two comparisons in a row"),
    ("a where x = 0.1234567", 13, "18 digits and 6 decimals"),
    ("a where x in ()", 15, "expected `false`, a number"),
    (r'a where x = "\q"', 14, "is no escape"),
    (r'a where x = "\ud800"', 14, "is no escape"),
    ("a = 1", 3, "a comparison stands after `where`"),
    ("a and x = 1", 3, "no `where` is open"),
    ("not a", 1, "write `no <event> for <time>`"),
    ("a where x = 1 and not b", 19, "write `no <event> for <time>`"),
    ("a within 3 days", 3, "`within` stands after a count"),
    ("Lease Signed", 7, '("Lease Signed")'),
    ("a-b", 2, '("a-b")'),
    ("a wehre x = 1", 3, "did you mean `where`?"),
    ("0th a", 1, "there is no 0th"),
    ("streak of 0 weeks of a", 11, "whole number from 1"),
    ("streak of 2 hours of a", 13, "days, weeks, months or years"),
    ("(a", 3, "the text ends here: expected `or` or `)`"),
    ("a then", 7, "the text ends here: expected an event's name"),
    ("count(a) >= 2 within 14", 24, "a unit of time is missing"),
    ("", 1, "the text is empty"),
    ("-- only a comment", 1, "the text is empty"),
    ('""', 1, "a name is empty"),
    ("a or \ud800", 6, "save the text as UTF-8"),
]


@pytest.mark.parametrize(("text", "column", "says"), REFUSED, ids=[repr(text) for text, *_ in REFUSED])
def test_what_is_refused_with_its_place(text: str, column: int, says: str) -> None:
    with pytest.raises(TextError) as refused:
        read(text, STAGES)
    assert says in refused.value.message
    assert (refused.value.line, refused.value.column) == (1, column)
    assert "\n" not in str(refused.value)


def test_the_line_is_named_too() -> None:
    with pytest.raises(TextError) as refused:
        read("a -- first\nor\n  (b or of)")
    assert (refused.value.line, refused.value.column) == (3, 9)


def test_a_pattern_by_itself_has_no_while_and_no_per() -> None:
    assert read_pattern("first a or start") == Or(Nth(A, 1), Start())
    for text in ("a per f", 'a while stage = "new"'):
        with pytest.raises(TextError, match="only for a moment's own `when`"):
            read_pattern(text)


def test_long_and_deep_texts_are_refused_and_not_a_crash() -> None:
    with pytest.raises(TextError, match=f"at most {MAX_CHARACTERS}"):
        read("a or " * MAX_CHARACTERS + "a")
    for text in ("(" * 4000 + "a" + ")" * 4000, "first (" * 60 + "a" + ")" * 60, " and ".join("a" * 400),
                 " or ".join("a" * 400), " then ".join("a" * 400), "a where " + "not " * 2000 + "x = 1",
                 "a where " + " or ".join(["x = 1"] * 400)):  # fmt: skip
        outcome = read_or_refused(text)
        if isinstance(outcome, TextError):
            assert f"more than {MAX_DEPTH} deep" in outcome.message
        else:
            assert outcome.node == A  # brackets alone are no depth
    with pytest.raises(TextError, match="its printed form has 1000"):
        read("a where x in (" + "1," * 3330 + "1)")
    wide = read("a or " * (MAX_DEPTH - 5) + "a")
    assert read(show(wide)) == wide


UNWRITABLE: list[Node] = [
    Reach(count(A), ONE, B, NOW, None),
    Reach(count(A), number(2), B, STRICTLY_LATER, None),
    Reach(count(Or(A, B)), number(2), C, NOW, DAY),
    Reach(Measure("sum", A, "f"), ONE, B, NOW, DAY),
    Reach(count(A), ONE, B, NOW, Period(0, "day")),
    Rolling(count(A), ONE, Period(1, "month")),
    Rolling(count(A), number("1.5"), DAY),
    Streak(Or(A, B), 2, "day"),
    Or(While(A, "new"), B),
    Or(Per(A, "f"), B),
    Fewer(count(A), ONE, B, STRICTLY_LATER, DAY, Silence("new", coming_in=False)),
    While(Fewer(count(A), ONE, B, STRICTLY_LATER, DAY, Silence("new", coming_in=True)), "new"),
    Nth(A, 0),
    event(""),
    event("a", Compare("x", "<", "b")),
    event("a", Compare("x", "=", number("0.1234567"))),
    event("a", OneOf("x", ())),
    Reach(count(A), ONE, B, Period(0, "day"), DAY),
]


@pytest.mark.parametrize("node", UNWRITABLE, ids=range(len(UNWRITABLE)))
def test_what_no_text_says_is_not_written(node: Node) -> None:
    with pytest.raises(InputError, match="no text of the language says this definition"):
        show(node)


def test_a_node_too_deep_is_not_written() -> None:
    deep: Node = A
    for _ in range(5000):
        deep = Nth(deep, 1)
    with pytest.raises(InputError, match="no text"):
        show(deep)


@settings(max_examples=400)
@given(definitions())
def test_what_is_written_is_read_back(definition: Definition) -> None:
    text = show(definition)
    again = read(text, definition.stages)
    assert plain(again) == plain(definition)
    assert again.identity == definition.identity
    assert show(again) == text


@pytest.mark.slow
@settings(max_examples=5_000, deadline=None)
@given(definitions(depth=3))
def test_what_is_written_is_read_back_deeper(definition: Definition) -> None:
    assert plain(read(show(definition), definition.stages)) == plain(definition)


def test_the_generated_definitions_cover_every_node() -> None:
    seen: set[str] = set()

    @settings(max_examples=600, database=None, derandomize=True)
    @given(definitions())
    def collect(definition: Definition) -> None:
        seen.update(type(part).__name__ for part in walk(definition.node))

    collect()
    assert seen == {node.__name__ for node in Node.__args__}  # type: ignore[attr-defined]


@given(st.text(max_size=40))
def test_a_quoted_text_may_hold_anything(value: str) -> None:
    where = Compare("x", "=", value)
    assert read(show(event("a", where))).node == event("a", where)
    if value:
        assert read(show(event(value))).node == event(value)
        assert read(show(Per(A, value))).node == Per(A, value)


# anything at all is either read or refused with one line


SIGNS = "( ) , = != < <= > >= \" ` ' -- \n \\ - . é \ud800"
WORDS = "0 1 3rd 2nd 14 2.5 stage day days week month years microseconds a b friend_added"
PHRASES = ['"new"', '"Lease Signed"', "`x y`", "count(a) >= 2", "within 3 days", "of start", "a where x = 1"]
PIECES = [*SIGNS.split(" "), *WORDS.split(), *PHRASES, *sorted(RESERVED)]


def survives(text: str) -> None:
    """Read it: a definition that is written and read back, or a TextError of one line at a place in the text."""
    outcome = read_or_refused(text)
    if isinstance(outcome, TextError):
        assert "\n" not in str(outcome)
        assert 1 <= outcome.line <= text.count("\n") + 1
        assert 1 <= outcome.column <= max(map(len, text.split("\n"))) + 1
    else:
        assert plain(read(show(outcome), STAGES)) == plain(outcome)


def mutated(rng: random.Random, text: str) -> str:
    """A text with pieces put in, taken out, doubled or exchanged."""
    parts = text.split(" ") if rng.random() < 0.7 else list(text)
    between = " " if len(parts) < len(text) else ""
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(parts) + 1)
        cut = min(at, len(parts) - 1) if parts else 0
        match rng.randrange(4):
            case 0:
                parts[at:at] = [rng.choice(PIECES)]
            case 1:
                del parts[cut : cut + 1]
            case 2:
                parts[cut : cut + 1] = [rng.choice(PIECES)]
            case _:
                parts[at:at] = parts[cut : cut + rng.randint(1, 5)]
    return between.join(parts)


def fuzz(seed: int, many: int) -> None:
    rng = random.Random(seed)
    for _ in range(many):
        survives(mutated(rng, rng.choice(EXAMPLES)))
        survives(" ".join(rng.choices(PIECES, k=rng.randint(1, 14))))


def test_nothing_but_a_text_error_comes_out() -> None:
    fuzz(seed=1, many=2500)


@given(st.text(max_size=60))
def test_nothing_but_a_text_error_comes_out_of_any_characters(text: str) -> None:
    survives(text)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_nothing_but_a_text_error_comes_out_of_much(seed: int) -> None:
    fuzz(seed=100 + seed, many=20_000)


def test_children_of_a_measure_are_seen() -> None:
    assert list(children(Rolling(count(A), ONE, DAY))) == [A]
