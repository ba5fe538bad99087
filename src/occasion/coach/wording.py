"""The words of a text, where they stand, and which of them say something."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

WORD = re.compile(r"\d[\d.,:/]*\d|\d|[^\W\d_]+(?:['’][^\W\d_]+)*(?:-[^\W\d_]+)*")
SILENT = frozenset(
    ["a", "about", "above", "after", "again", "against", "all", "almost", "also", "although", "always", "am", "an", "and", "another", "any", "anybody", "anyone", "anything", "are", "around", "as", "at", "away", "back", "be", "became", "because", "been", "before", "behind", "being", "best", "better", "between", "both", "but", "by", "call", "came", "can", "cannot", "come", "could", "day", "days", "dear", "did", "do", "does", "doing", "done", "down", "during", "each", "either", "else", "enough", "even", "ever", "every", "everybody", "everyone", "everything", "few", "first", "for", "found", "from", "full", "further", "gave", "get", "gets", "getting", "give", "given", "gives", "glad", "go", "goes", "going", "gone", "good", "got", "great", "had", "happy", "has", "have", "having", "he", "hear", "heard", "hello", "help", "her", "here", "hers", "herself", "hi", "him", "himself", "his", "hold", "hope", "how", "however", "i", "if", "in", "into", "is", "it", "its", "itself", "just", "keep", "kept", "kind", "know", "known", "last", "later", "least", "left", "less", "let", "like", "likely", "little", "long", "look", "looked", "looking", "lot", "made", "make", "makes", "making", "many", "matter", "may", "maybe", "me", "mean", "meant", "might", "mine", "more", "most", "much", "must", "my", "myself", "need", "needed", "needs", "never", "new", "next", "no", "nobody", "none", "nor", "not", "nothing", "now", "number", "of", "off", "often", "oh", "ok", "okay", "old", "on", "once", "one", "ones", "only", "onto", "open", "or", "other", "others", "our", "ours", "ourselves", "out", "over", "own", "part", "perhaps", "place", "please", "put", "quite", "rather", "read", "real", "really", "regards", "right", "said", "same", "saw", "say", "saying", "says", "see", "seem", "seems", "seen", "send", "sent", "set", "shall", "she", "should", "show", "since", "so", "some", "somebody", "someone", "something", "soon", "sorry", "still", "such", "sure", "take", "taken", "takes", "taking", "tell", "than", "thank", "thanks", "that", "the", "their", "theirs", "them", "then", "there", "these", "they", "thing", "things", "think", "this", "those", "though", "thought", "through", "time", "times", "to", "today", "together", "told", "tomorrow", "tonight", "too", "took", "toward", "towards", "try", "two", "under", "until", "up", "upon", "us", "use", "used", "usually", "very", "via", "want", "wanted", "wants", "was", "way", "we", "week", "weeks", "well", "went", "were", "what", "when", "where", "whether", "which", "while", "who", "whole", "whom", "whose", "why", "will", "wish", "with", "within", "without", "word", "words", "work", "works", "would", "write", "written", "wrote", "year", "years", "yes", "yesterday", "yet", "you", "your", "yours", "yourself", "yourselves", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february", "march", "april", "june", "july", "august", "september", "october", "november", "december", "morning", "afternoon", "evening", "night", "noon", "hour", "hours", "minute", "minutes", "month", "months", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "mr", "mrs", "ms", "miss", "dr", "sir", "madam", "email", "mail", "sms", "reply", "answer", "ring", "phone", "message", "text", "note", "line", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "second", "third", "half", "i'm", "i've", "i'll", "i'd", "you're", "you've", "you'll", "you'd", "it's", "that's", "there's", "we're", "we've", "we'll", "don't", "didn't", "doesn't", "can't", "couldn't", "won't", "wouldn't", "isn't", "aren't", "wasn't", "weren't", "haven't", "hasn't", "hadn't", "let's", "he's", "she's", "they're", "they've", "they'll", "what's", "who's"]
)  # fmt: skip


@dataclass(frozen=True)
class Word:
    """One word: characters `start` up to `end`, as written, folded (lower case, no accents), and its stem."""

    start: int
    end: int
    written: str
    folded: str
    stem: str

    @property
    def says(self) -> bool:
        """Whether it says something: no word of grammar, of courtesy or of the calendar."""
        return self.folded not in SILENT and len(self.folded) > 1

    @property
    def capital(self) -> bool:
        """Whether it begins with a capital."""
        return self.written[:1].isupper()


def words_of(text: str, offset: int = 0) -> list[Word]:
    """Every word and number, in order; a possessive 's is cut off what is folded."""
    found = []
    for match in WORD.finditer(text):
        folded = fold(match[0])
        for tail in ("'s", "s'"):
            folded = folded.removesuffix(tail) if tail == "'s" else folded
        found.append(Word(match.start() + offset, match.end() + offset, match[0], folded, stem(folded)))
    return found


def saying(text: str, offset: int = 0) -> list[Word]:
    """The words that say something."""
    return [word for word in words_of(text, offset) if word.says]


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Lower case, without accents, with a plain apostrophe.

    >>> fold("Zoë’s Łódź")
    "zoe's lodz"
    """
    plain = text.lower().replace("’", "'").replace("ł", "l").replace("ø", "o").replace("ß", "ss")
    return "".join(one for one in unicodedata.normalize("NFD", plain) if not unicodedata.combining(one))


_IRREGULAR = {
    "children": "child", "men": "man", "women": "woman", "feet": "foot", "teeth": "tooth", "mice": "mouse",
    "wives": "wife", "lives": "life", "knives": "knife", "shelves": "shelf", "loaves": "loaf", "leaves": "leaf",
    "ran": "run", "sang": "sing", "sung": "sing", "swam": "swim", "flew": "fly", "flown": "fly", "drove": "drive",
    "driven": "drive", "rode": "ride", "wore": "wear", "bought": "buy", "sold": "sell", "taught": "teach", "grew": "grow",
    "grown": "grow", "built": "build", "broke": "break", "broken": "break", "fell": "fall", "fallen": "fall",
    "died": "die", "dying": "die", "lost": "lose", "born": "birth", "bitten": "bite", "bit": "bite", "caught": "catch",
    "paid": "pay", "slept": "sleep", "spoke": "speak", "stood": "stand", "sat": "sit", "rang": "ring", "threw": "throw",
    "began": "begin", "begun": "begin", "wrote": "write", "moved": "move", "married": "marry", "daddy": "father",
    "dad": "father", "mum": "mother", "mom": "mother", "mummy": "mother", "kids": "child", "kid": "child",
}  # fmt: skip


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A common beginning of the forms of an English word; other languages lose at most an s or an e.

    >>> [stem(one) for one in ("hives", "hive", "running", "run", "puppies", "stopped", "class", "tide")]
    ['hiv', 'hiv', 'run', 'run', 'puppy', 'stop', 'class', 'tid']
    """
    if word in _IRREGULAR:
        word = _IRREGULAR[word]
    if len(word) <= 3 or word[0].isdigit():
        return word
    for ending, least, put in (("ies", 5, "y"), ("ied", 5, "y"), ("ing", 6, ""), ("ed", 5, ""), ("sses", 6, "ss"),
                               ("ches", 5, "ch"), ("shes", 5, "sh"), ("xes", 4, "x"), ("s", 4, "")):  # fmt: skip
        if word.endswith(ending) and len(word) >= least and not (ending == "s" and word[-2] in "su"):
            word = word[: -len(ending)] + put
            if ending in ("ing", "ed") and len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word[:-1] if len(word) > 3 and word.endswith("e") else word


def stems_of(words: Iterable[Word]) -> frozenset[str]:
    """Their stems."""
    return frozenset(word.stem for word in words)


def merged(spans: Sequence[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    """Spans in order; those with nothing but spaces and short words between them become one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start - joined[-1][1] <= 4 and "\n" not in text[joined[-1][1] : start]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
