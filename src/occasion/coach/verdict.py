"""From five parts to one verdict: the rule of the rubric (docs/rubric.md).

    touch    unique is poor, or relatable is poor, or two or more parts are poor
    moment   unique and relatable are good, no part is poor, and at most one of the other three is mixed
    nearly   everything else

A part that could not be judged is never taken for poor, and never for good: it keeps a text from being called a moment
where unique or relatable is unknown, and counts as mixed elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from occasion.coach.reading import PARTS, Level, Part, PartName, Verdict

OWN: tuple[PartName, PartName] = ("unique", "relatable")


def verdict_of(parts: Sequence[Part]) -> tuple[Verdict, str]:
    """The verdict on five parts, in any order, and the parts that decided it in a sentence."""
    levels: dict[PartName, Level] = {part.name: part.level for part in parts}
    verdict = verdict_from(levels)
    return verdict, _why(verdict, levels)


def verdict_from(levels: Mapping[PartName, Level]) -> Verdict:
    """The rule alone; a part that is missing counts as unknown.

    >>> verdict_from({"unique": "good", "relatable": "good", "relevant": "good", "respectful": "poor"})
    'nearly'
    >>> verdict_from({"unique": "good", "relatable": "good", "relevant": "good", "respectful": "good"})
    'moment'
    """
    every = {name: levels.get(name, "unknown") for name in PARTS}
    poor = [name for name in PARTS if every[name] == "poor"]
    if len(poor) >= 2 or any(name in poor for name in OWN):
        return "touch"
    short = [name for name in PARTS if name not in OWN and every[name] != "good"]
    own = all(every[name] == "good" for name in OWN)
    return "moment" if own and not poor and len(short) <= 1 else "nearly"


def _why(verdict: Verdict, levels: Mapping[PartName, Level]) -> str:
    by_level = {level: [name for name in PARTS if levels.get(name, "unknown") == level]
                for level in ("good", "mixed", "poor", "unknown")}  # fmt: skip
    said = [f"{_listed(by_level[level])} {'is' if len(by_level[level]) == 1 else 'are'} {level}"
            for level in ("poor", "mixed") if by_level[level]]  # fmt: skip
    if by_level["unknown"]:
        said.append(f"{_listed(by_level['unknown'])} could not be judged")
    if not said:
        return "All five parts are good"
    if verdict == "moment":
        return f"{'; '.join(said)}; the rest is good".capitalize()
    return "; ".join(said).capitalize()


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
