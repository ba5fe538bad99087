"""Cookies: read from a header whatever it holds, written so that no script and no other site gets at them.

Over TLS a cookie's name begins with `__Host-`: only this host, only this path, only TLS. Over plain http, which is for
one's own machine, browsers would refuse that, so the same cookie has its plain name there.
"""

from __future__ import annotations

SESSION, BEFORE_LOGIN, OIDC = "occasion", "occasion-before", "occasion-oidc"
LONGEST_HEADER = 16_384  # bytes


def read(header: bytes, name: str, *, secure: bool) -> str:
    """The value of our cookie in a Cookie header; "" when it is not there. Of several the first counts."""
    wanted = cookie_name(name, secure=secure)
    for part in header[:LONGEST_HEADER].decode("latin-1").split(";"):
        key, equals, value = part.strip().partition("=")
        if equals and key == wanted:
            return value.strip().strip('"')
    return ""


def written(name: str, value: str, *, secure: bool, seconds: int | None = None) -> str:
    """A Set-Cookie header; `seconds` None: until the browser closes, 0: remove it."""
    parts = [f"{cookie_name(name, secure=secure)}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
    if secure:
        parts.append("Secure")
    if seconds is not None:
        parts.append(f"Max-Age={seconds}")
    return "; ".join(parts)


def cookie_name(name: str, *, secure: bool) -> str:
    """The name as the browser keeps it."""
    return f"__Host-{name}" if secure else name
