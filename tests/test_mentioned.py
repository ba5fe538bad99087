"""Which details a text means."""

from __future__ import annotations

from occasion.coach.mentioned import Rarity, mentioned
from occasion.people.details import Detail


def detail(text: str, number: int = 1) -> Detail:
    return Detail(number, "p", text, "other", None, "said so", "ana", 0, "anything", False, False, None)


def means(text: str, held: str, language: str = "en") -> bool:
    return bool(mentioned(text, [detail(held)], language=language))


def test_a_rare_word_is_enough_and_a_common_one_is_not() -> None:
    assert means("How does the oboe take to the new crown?", "plays oboe in a theatre orchestra")
    assert not means("How is the house?", "born in the house, works at night")
    assert means("Your brother told us about the job.", "lost his job in November; told by his brother")


def test_forms_and_neighbours_of_a_word_count() -> None:
    assert means("What happens to the hives on Saturday's roof?", "keeps bees on the flat roof")
    assert means("Are the gardens of the allotment dry?", "gardener with an allotment")
    assert means("Jak się mają skrzypce? I córka?", "córka gra na skrzypcach", "pl")
    assert not means("The plane is late.", "collects plants")


def test_a_grave_matter_is_known_by_whatever_words() -> None:
    assert means("I was so sorry to hear about your husband.", "lost her husband in spring; told by her sister")
    assert means("With the divorce on top you do well.", "is getting divorced; overheard")
    assert not means("Your husband rang about the keys.", "broke her hip in February")


def test_names_of_the_recipient_and_of_colleagues_say_nothing() -> None:
    held = [detail("niece of Dr Sato, named Tessa")]
    assert mentioned("Dear Tessa, Dr Sato is back.", held)
    assert mentioned("Dear Tessa, Dr Sato is back.", held, skip=("Tessa Ullmann", "Lena Sato")) == ()


def test_places_are_those_of_the_words() -> None:
    text = "Did Bolek, the old dachshund, sleep?"
    (found,) = mentioned(text, [detail("walks a very old dachshund called Bolek")])
    assert found.words == tuple(text[start:end] for start, end in found.spans)
    assert {"Bolek", "dachshund"} <= set(" ".join(found.words).replace(",", "").split())


def test_what_many_are_told_weighs_less() -> None:
    rarity = Rarity.of(["has a boat", "sails a boat", *(f"boat number {n}" for n in range(30))])
    held = [detail("sails a boat"), detail("breeds canaries", 2)]
    assert [one.detail.number for one in mentioned("The boat and the canaries?", held, rarity)] == [2]


def test_the_stronger_comes_first() -> None:
    held = [detail("plays the cello"), detail("cello, tango and kingfishers", 2)]
    assert [one.detail.number for one in mentioned("Cello, tango, kingfishers!", held)] == [2, 1]
