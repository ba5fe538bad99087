"""From a page of the desk to HTML: the templates, what every page has around it, and the headers it leaves with."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Response
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from occasion.service.pages.assets import SCRIPTS, STYLES, assets
from occasion.service.pages.reader import Reader

# No inline script or style anywhere, nothing from another host, nobody may frame the desk.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Vary": "HX-Request, Cookie",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
# An answer of 422 is one line that belongs beside the form that was sent.
HTMX = {
    "includeIndicatorStyles": False,
    "allowEval": False,
    "allowScriptTags": False,
    "historyCacheSize": 0,
    "responseHandling": [
        {"code": "204", "swap": False},
        {"code": "[23]..", "swap": True},
        {"code": "422", "swap": True, "error": False, "target": "find .error", "swapOverride": "innerHTML"},
        {"code": "...", "swap": False, "error": True},
    ],
}
MARK = Markup(
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M19.6 7.2A9 9 0 1 1 14.8 3.4" fill="none" '
    'stroke="currentColor" stroke-width="2.2" stroke-linecap="round"/>'
    '<circle cx="18.2" cy="4.6" r="2.6" fill="currentColor"/></svg>'
)


@dataclass(frozen=True)
class Way:
    """An entry of the navigation."""

    name: str
    href: str
    count: int = 0


@dataclass(frozen=True)
class Trouble:
    """A form that was refused: which, why in one line, and what had been typed."""

    form: str
    message: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shell:
    """What is around a page: who looks, where they are, how they like it."""

    viewer: Any
    here: str
    path: str
    csrf: str = ""
    look: str = ""  # light, dark; "" follows the system
    shortcuts: bool = True
    way: tuple[tuple[Way, ...], ...] = ()
    may_look: tuple[str, ...] = ()  # whose days the viewer may look at
    colleagues: tuple[tuple[str, str], ...] = ()  # to hand over to
    since: str = ""  # what changes later than this, the page wants to hear
    flash: str = ""
    trouble: Trouble | None = None
    still: bool = False  # whether nothing is watched any more: an empty desk would be no good news
    late_s: int = 0  # seconds by which what is watched is behind what came

    def choices(self, without: str = "", chosen: str = "") -> Markup:
        """Whom something may be handed over to, as the options of a select; a page with many cards has them often."""
        found = self._every_choice
        if without in self._choice:
            found = found.replace(self._choice[without], "")
        if chosen in self._choice:
            name = dict(self.colleagues)[chosen]
            there = Markup('<option value="{}" selected>{}</option>').format(chosen, name)
            found = found.replace(self._choice[chosen], there)
        return Markup(found)

    @cached_property
    def _choice(self) -> dict[str, str]:
        option = Markup('<option value="{}">{}</option>')
        return {id: str(option.format(id, name)) for id, name in self.colleagues}

    @cached_property
    def _every_choice(self) -> str:
        return "".join(self._choice.values())


def url(path: str, /, **query: object) -> str:
    """An address within the desk; parameters that are None are left out, one that is a list is given several times.

    >>> url("/party", id="a b/ü", at=None), url("/live", about=["occasions", "touches"])
    ('/party?id=a+b%2F%C3%BC', '/live?about=occasions&about=touches')
    """
    given = {key: value for key, value in query.items() if value is not None}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def party_url(party: str, /, **query: object) -> str:
    """The address of a party's page; any identity is possible, also one with slashes.

    >>> party_url("a/b c", at=5)
    '/party/a%2Fb%20c?at=5'
    """
    return url(f"/party/{quote(party, safe='')}", **query)


def anchor(text: str) -> str:
    """A text as an element's id.

    >>> anchor("mail:m 2")
    'e-mail_3am_202'
    """
    return "e-" + re.sub(r"[^A-Za-z0-9-]", lambda sign: f"_{ord(sign.group()):x}", text)


def spaced(name: object) -> str:
    """An event's or property's name as words: underscores are spaces."""
    return str(name).replace("_", " ")


def as_number(text: object) -> float:
    """A count as a number; 0 where it is none."""
    try:
        return float(str(text))
    except ValueError:
        return 0.0


@cache
def templates() -> Environment:
    """The templates, compiled as they are first used; a name that is missing in them is an error."""
    env = Environment(
        loader=PackageLoader("occasion.service", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.filters.update(anchor=anchor, spaced=spaced, as_number=as_number)
    env.globals.update(
        url=url,
        party_url=party_url,
        asset=assets().url,
        styles=STYLES,
        scripts=SCRIPTS,
        htmx_config=Markup(json.dumps(HTMX)),
        mark=lambda: MARK,
    )
    return env


def warm_up() -> None:
    """Compile every template and read every asset, so that the first page is as quick as the others."""
    for name in templates().list_templates(extensions=["html"]):
        templates().get_template(name)


@cache
def only(part: str) -> Template:
    """What a page extends of which one block is wanted."""
    return templates().from_string(f"{{% block {part} %}}{{% endblock %}}")


def rendered(template: str, page: object, reader: Reader, shell: Shell, part: str = "", **more: object) -> str:
    """The page as HTML; with `part` only that block of the template."""
    guard = Markup('<input type="hidden" name="csrf" value="{}">').format(shell.csrf)
    context: dict[str, object] = {"page": page, "r": reader, "t": reader.t, "shell": shell, "guard": lambda: guard}
    outer = only(part) if part else "base.html"
    return templates().get_template(template).render({**context, "outer": outer, **more})


def answer(html: str, status: int = 200) -> Response:
    """HTML with the headers of every page."""
    return Response(html, status, HEADERS, "text/html; charset=utf-8")
