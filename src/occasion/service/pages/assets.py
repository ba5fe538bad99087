"""Styles, scripts and pictures from the package, under an address that holds a digest of all of them.

A new version has new addresses, so that a browser may keep what it has for a year.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request, Response

from occasion.service.errors import Refuse

router = APIRouter(include_in_schema=False)
KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
STYLES = ("base.css", "layout.css", "parts.css", "coach.css")
SCRIPTS = ("htmx-2.0.11.min.js", "htmx-ext-sse-2.2.4.min.js", "live.js", "keyed.js", "desk.js")
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Assets:
    """The files by name, plain and compressed, and the digest that is part of their address."""

    plain: dict[str, bytes]
    small: dict[str, bytes]
    digest: str

    def url(self, name: str) -> str:
        """The address of a file; KeyError if there is none of that name."""
        self.plain[name]
        return f"/static/{self.digest}/{name}"


@cache
def assets() -> Assets:
    """Everything in the package's `static` folder that a browser may ask for."""
    folder = files("occasion.service").joinpath("static")
    plain = {one.name: one.read_bytes() for one in folder.iterdir() if one.name.endswith(tuple(KINDS))}
    digest = hashlib.blake2b(digest_size=8)
    for name in sorted(plain):
        digest.update(name.encode() + b"\0" + plain[name])
    small = {name: gzip.compress(content, 9, mtime=0) for name, content in plain.items()}
    return Assets(plain, small, digest.hexdigest())


@router.get("/static/{digest}/{name}")
async def static(request: Request, digest: str, name: str) -> Response:
    """A file of the package; an address of another version answers with this version's, kept for a short time."""
    found = assets()
    if name not in found.plain:
        raise Refuse(404, "not_found", f"{request.url.path}: there is no such file")
    headers = {
        "Cache-Control": FOR_EVER if digest == found.digest else "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Encoding",
    }
    kind = KINDS[name[name.rindex(".") :]]
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.small[name], headers={**headers, "Content-Encoding": "gzip"}, media_type=kind)
    return Response(found.plain[name], headers=headers, media_type=kind)


@router.get("/favicon.ico")
async def favicon() -> Response:
    """The mark, for browsers that ask by habit."""
    return Response(assets().plain["mark.svg"], headers={"Cache-Control": "max-age=86400"}, media_type=KINDS[".svg"])
