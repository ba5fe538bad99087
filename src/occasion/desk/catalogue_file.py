"""The catalogue's file, changed from the desk: comments, order and spelling of everything else stay as they were.

What is written is read again before it takes the file's place: everything that was not to be changed must still mean
what it did, or nothing is saved. Who saves says which version of the file they saw; another is a conflict.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from difflib import SequenceMatcher
from io import StringIO
from itertools import zip_longest
from pathlib import Path
from threading import Lock
from typing import Any

from occasion.desk.owners import BOND_OR, fallback
from occasion.desk.pages import MomentForm
from occasion.errors import InputError
from occasion.moments.catalogue import Catalogue, Moment, parse_catalogue

FIELDS = ("when", "who", "owner", "purpose", "stage", "expect", "make", "mark")
WIDTH = 10_000  # lines are broken where people broke them
INDENTS = ((2, 4, 2), (2, 2, 0), (4, 4, 2), (4, 2, 0), (4, 6, 4))  # of mappings, of lists, of their dashes
_ONE_AT_A_TIME = Lock()


class Changed(InputError):
    """The file is another than the one that was seen; nothing was saved."""


def read_text(path: Path) -> tuple[str, str]:
    """The file's text and its digest (16 hex places); InputError where it cannot be read."""
    try:
        data = path.read_bytes()
        return data.decode("utf-8-sig"), digest(data)
    except FileNotFoundError:
        raise InputError(f"{path.name}: is not in the workspace; occasion init makes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name}: cannot be read ({error}); save it as UTF-8 text") from None


def digest(data: bytes) -> str:
    """Which version of the file this is."""
    return hashlib.sha256(data).hexdigest()[:16]


def form_of(text: str, name: str) -> MomentForm | None:
    """A moment as it stands in the file, refused ones too; None where there is none of this name."""
    return forms(text).get(name)


def forms(text: str) -> dict[str, MomentForm]:
    """Every moment as it stands in the file, by name."""
    moments = _read(text, *INDENTS[0])[1].get("moments")
    if not isinstance(moments, dict):
        return {}
    return {str(name): _form(str(name), entry) for name, entry in moments.items() if isinstance(entry, dict)}


def _form(name: str, entry: Any) -> MomentForm:
    make = entry.get("make")
    lines = [make] if isinstance(make, str) else list(make or ())
    given = {key: _text(entry.get(key)) for key in FIELDS if key != "make"}
    return MomentForm(name=name, make=tuple(_text(one) for one in lines), **given)


def edited(text: str, name: str | None, form: MomentForm) -> str:
    """The file's text with one moment changed (`name`: what it was called), or added (None).

    Raises InputError for a name that is empty or taken, or a file that cannot be changed from here.
    """
    yaml, document = _loaded(text)
    new = form.name.strip()
    if not new:
        raise InputError("a moment needs a name: what people call it")
    moments = document.get("moments")
    if moments is None:
        moments = document["moments"] = type(document)()
    if not isinstance(moments, dict):
        raise InputError("the section `moments` is not a list of names with their lines; correct the file by hand")
    if new != name and new in moments:
        raise InputError(f"there is a moment {new[:60]!r} already; choose another name")
    if name is None:
        moments[new] = type(document)()
    elif name not in moments:
        raise InputError(f"there is no moment {name[:60]!r} any more; look at the page of all moments")
    elif new != name:
        _rename(moments, name, new)
    entry = moments[new]
    if not isinstance(entry, dict):
        raise InputError(
            f"moment {new[:60]!r}: is written in a way that cannot be changed from here; change it by hand"
        )
    _fill(entry, form, fresh=name is None)
    return _spliced(text, yaml, document)


def with_owners(text: str, owners: Mapping[str, str]) -> str:
    """The file's text with other owners for some moments, by name."""
    yaml, document = _loaded(text)
    for name, owner in owners.items():
        entry = (document.get("moments") or {}).get(name)
        if not isinstance(entry, dict):
            raise InputError(f"moment {name[:60]!r}: is written in a way that cannot be changed from here")
        written = _text(entry.get("owner"))
        entry["owner"] = f"{BOND_OR}{owner}" if written.startswith(BOND_OR) else owner
    return _spliced(text, yaml, document)


def save(path: Path, seen: str, text: str, touched: set[str]) -> str:
    """Put a text in the file's place; its digest. `seen`: the version it was made from; `touched`: the moments (old
    and new names) that it may change.

    Raises Changed where the file is another by now, InputError where something else would be changed.
    """
    with _ONE_AT_A_TIME:
        before, is_now = read_text(path)
        if is_now != seen:
            raise Changed(f"{path.name}: was changed meanwhile, nothing was saved; look at it and save again")
        _same_but(parse_catalogue(before), parse_catalogue(text), touched)
        _replace(path, text)
    return digest(text.encode())


def saved(path: Path, seen: str, name: str | None, form: MomentForm) -> str:
    """Change or add one moment in the file; its new digest. A moment that would be refused is not saved."""
    text, _ = read_text(path)
    new = edited(text, name, form)
    found = parse_catalogue(new)
    wrong = [one for one in found.errors() if f'"{form.name.strip()[:20]}' in one]
    if form.name.strip() not in {moment.name for moment in found.moments}:
        raise InputError(wrong[0] if wrong else f"moment {form.name[:60]!r}: cannot be read, so it was not saved")
    return save(path, seen, new, {form.name.strip(), name or ""})


def owned(catalogue: Catalogue, owner: str) -> list[str]:
    """The moments whose owner (or, behind a bond, the one to turn to) is this."""
    return [moment.name for moment in (*catalogue.moments, *catalogue.refused) if fallback(moment.owner) == owner]


def _loaded(text: str) -> tuple[Any, Any]:
    """The document, and what writes it: of the ways to indent, the one that changes fewest lines as it is."""
    best: tuple[int, Any, Any] | None = None
    for indents in INDENTS:
        yaml, document = _read(text, *indents)
        changed = sum(a != b for a, b in zip_longest(text.splitlines(), _dumped(yaml, document).splitlines()))
        if best is None or changed < best[0]:
            best = changed, yaml, document
        if not changed:
            break
    assert best is not None
    return best[1], best[2]


def _read(text: str, mapping: int, sequence: int, offset: int) -> tuple[Any, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = WIDTH
    yaml.indent(mapping=mapping, sequence=sequence, offset=offset)
    try:
        document = yaml.load(text)
    except (YAMLError, ValueError) as error:
        raise InputError(f"moments.yaml: cannot be changed from here ({str(error).splitlines()[0]})") from None
    if not isinstance(document, dict):
        raise InputError("moments.yaml: holds no sections; correct it by hand")
    return yaml, document


def _dumped(yaml: Any, document: Any) -> str:
    out = StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def _spliced(text: str, yaml: Any, document: Any) -> str:
    """The changed document in the spelling of the text: only lines that the change made different are new."""
    before = _dumped(yaml, yaml.load(text)).splitlines(keepends=True)
    after = _dumped(yaml, document).splitlines(keepends=True)
    lines = text.splitlines(keepends=True)
    if len(before) != len(lines):
        return "".join(after)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    made: list[str] = []
    for kind, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        made += lines[i:j] if kind == "equal" else after[k:m]
    return "".join(made)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _rename(moments: Any, old: str, new: str) -> None:
    """Another key at the same place, with its comments."""
    place = list(moments).index(old)
    comment = moments.ca.items.pop(old, None)
    value = moments.pop(old)
    moments.insert(place, new, value)
    if comment is not None:
        moments.ca.items[new] = comment


def _fill(entry: Any, form: MomentForm, *, fresh: bool) -> None:
    """Each field as the form has it; one that is as it was is not touched. `fresh`: the entry is new."""
    for key in FIELDS:
        if key == "make":
            _fill_make(entry, form.make, fresh)
            continue
        given = str(getattr(form, key)).strip()
        if given == _text(entry.get(key)).strip() or (not given and key not in entry):
            continue
        if not given and key not in entry.ca.items:
            del entry[key]
        else:
            _put(entry, key, _scalar(given, entry.get(key)), fresh)


def _fill_make(entry: Any, lines: tuple[str, ...], fresh: bool) -> None:
    from ruamel.yaml.comments import CommentedSeq

    given = [line.strip() for line in lines if line.strip()]
    there = entry.get("make")
    held = [there] if isinstance(there, str) else list(there or ())
    if given == [_text(one) for one in held]:
        return
    if not given and "make" not in entry.ca.items:
        del entry["make"]
        return
    seq = CommentedSeq(given)
    if isinstance(there, CommentedSeq) and there.fa.flow_style():
        seq.fa.set_flow_style()
    _put(entry, "make", seq, fresh)


def _put(entry: Any, key: str, value: Any, fresh: bool) -> None:
    """A new key goes before the last one: what stands after that may be a comment on what follows."""
    if fresh or key in entry or not len(entry):
        entry[key] = value
    else:
        entry.insert(len(entry) - 1, key, value)


def _scalar(text: str, before: Any) -> Any:
    from ruamel.yaml.scalarstring import LiteralScalarString, ScalarString

    if "\n" in text:
        return LiteralScalarString(text + "\n")
    kind = type(before)
    if isinstance(before, ScalarString) and not isinstance(before, LiteralScalarString):
        return kind(text)
    return text


def _same_but(before: Catalogue, after: Catalogue, touched: set[str]) -> None:
    """Raise InputError unless everything but the touched moments means what it did."""
    same = (
        [(one.stage, one.written.text) for one in before.stages]
        == [(one.stage, one.written.text) for one in after.stages]
        and [(s.name, s.event, s.purpose) for s in before.process]
        == [(s.name, s.event, s.purpose) for s in after.process]
        and _others(before, touched) == _others(after, touched)
    )
    if not same:
        raise InputError("moments.yaml: saving would change more than this moment; change it by hand")


def _others(catalogue: Catalogue, touched: set[str]) -> list[tuple[object, ...]]:
    return [
        (m.name, m.definition.identity, m.who, m.owner, m.purpose, m.stage, m.make, m.mark, _expect(m))
        for m in (*catalogue.moments, *catalogue.refused)
        if m.name not in touched
    ]


def _expect(moment: Moment) -> tuple[object, ...] | None:
    return None if moment.expect is None else (moment.expect.length, moment.expect.anchor)


def _replace(path: Path, text: str) -> None:
    """The new text under the old name, whole or not at all."""
    target = path.resolve()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(name, target.stat().st_mode & 0o777)
        os.replace(name, target)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise InputError(f"{path.name}: cannot be written ({error.strerror}); nothing was saved") from None
