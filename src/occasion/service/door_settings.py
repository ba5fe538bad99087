"""What occasion.toml says about the doors: login, OIDC, the proxy in front, where webhooks may go, limits."""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from occasion.errors import InputError
from occasion.store.workspace import SETTINGS

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
HOUR = 3_600_000_000
SECRET_VARIABLE = "OCCASION_OIDC_SECRET"


@dataclass(frozen=True)
class LoginSettings:
    """How long a session lives (UTC microseconds), and whether a password may cross a network without TLS."""

    idle_us: int = 10 * HOUR
    longest_us: int = 7 * 24 * HOUR
    plain_http: bool = False


@dataclass(frozen=True)
class OidcSettings:
    """The provider colleagues may log in with; `bind_by_email`: a verified address of theirs is enough at first."""

    issuer: str
    client: str
    secret: str = field(repr=False)
    name: str = "your company's login"
    bind_by_email: bool = False


@dataclass(frozen=True)
class ProxySettings:
    """Whose X-Forwarded-* headers are believed, and the address under which people know this desk."""

    trusted: tuple[Network, ...] = ()
    public: str = ""  # "https://desk.example.com"; "" : what the request says


@dataclass(frozen=True)
class LimitSettings:
    """Requests a minute: from one address without a session, and by one colleague."""

    address: int = 1200
    colleague: int = 1200


@dataclass(frozen=True)
class DoorSettings:
    """All of it; `webhooks_allow`: hosts, addresses or networks that webhooks may reach although they are private."""

    login: LoginSettings = LoginSettings()
    oidc: OidcSettings | None = None
    proxy: ProxySettings = ProxySettings()
    limits: LimitSettings = LimitSettings()
    webhooks_allow: tuple[str, ...] = ()


def read_doors(folder: Path, environment: Mapping[str, str] | None = None) -> DoorSettings:
    """The settings of a workspace's folder; a section left out has its defaults.

    Raises InputError when a value cannot be used.
    """
    path = folder / SETTINGS
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return DoorSettings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); correct it and start again") from None
    return doors_from(said, str(path), os.environ if environment is None else environment)


def doors_from(said: Mapping[str, Any], where: str, environment: Mapping[str, str]) -> DoorSettings:
    """The same from the settings as read; `where` is named in errors."""
    login, proxy = Section(said, "login", where), Section(said, "proxy", where)
    limits, webhooks = Section(said, "limits", where), Section(said, "webhooks", where)
    found = DoorSettings(
        login=LoginSettings(
            idle_us=int(login.number("idle_hours", 10, 0.1, 24 * 7) * HOUR),
            longest_us=int(login.number("longest_hours", 7 * 24, 0.1, 24 * 31) * HOUR),
            plain_http=login.flag("plain_http"),
        ),
        oidc=_oidc(Section(said, "oidc", where), environment) if "oidc" in said else None,
        proxy=ProxySettings(
            trusted=tuple(_network(text, where) for text in proxy.texts("trusted")),
            public=_public(proxy.text("public"), where),
        ),
        limits=LimitSettings(
            address=int(limits.number("address_per_minute", 1200, 1, 1_000_000)),
            colleague=int(limits.number("colleague_per_minute", 1200, 1, 1_000_000)),
        ),
        webhooks_allow=webhooks.texts("allow"),
    )
    for section in (login, proxy, limits, webhooks):
        section.nothing_left()
    return found


class Section:
    """One table of the settings; every error names it and the key."""

    def __init__(self, said: Mapping[str, Any], name: str, where: str) -> None:
        values = said.get(name, {})
        if not isinstance(values, dict):
            raise InputError(f"{where}: [{name}] must be a section, not {values!r}")
        self._values, self._name, self._where, self._asked = values, name, where, set[str]()

    def _get(self, key: str, default: Any, allowed: str, fits: Any) -> Any:
        self._asked.add(key)
        value = self._values.get(key, default)
        if not fits(value):
            raise InputError(f"{self._where}: [{self._name}] {key} = {value!r}: it must be {allowed}")
        return value

    def number(self, key: str, default: float, low: float, high: float) -> float:
        def fits(value: Any) -> bool:
            return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high

        return float(self._get(key, default, f"a number from {low:g} to {high:g}", fits))

    def flag(self, key: str) -> bool:
        return bool(self._get(key, False, "true or false", lambda value: isinstance(value, bool)))

    def text(self, key: str, default: str = "") -> str:
        return str(self._get(key, default, "a text", lambda value: isinstance(value, str)))

    def texts(self, key: str) -> tuple[str, ...]:
        def fits(value: Any) -> bool:
            return isinstance(value, list | tuple) and all(isinstance(item, str) and item for item in value)

        return tuple(self._get(key, (), "a list of texts", fits))

    def nothing_left(self) -> None:
        unknown = sorted(set(self._values) - self._asked)
        if unknown:
            known = ", ".join(sorted(self._asked))
            raise InputError(f"{self._where}: [{self._name}] {unknown[0]!r} is no setting; it knows {known}")


def _oidc(section: Section, environment: Mapping[str, str]) -> OidcSettings:
    issuer, client = section.text("issuer").rstrip("/"), section.text("client")
    if not client:
        raise InputError("occasion.toml: [oidc] needs client, the id this desk has at the provider")
    if not is_safe_origin(issuer):
        raise InputError(
            f"occasion.toml: [oidc] issuer = {issuer!r}: it must be an https address, such as https://id.example.com"
        )
    secret = environment.get(SECRET_VARIABLE) or section.text("secret")
    if not secret:
        raise InputError(f"occasion.toml: [oidc] needs secret, or the variable {SECRET_VARIABLE}")
    section.text("secret")
    found = OidcSettings(
        issuer, client, secret, section.text("name", "your company's login"), section.flag("bind_by_email")
    )
    section.nothing_left()
    return found


def is_safe_origin(url: str) -> bool:
    """Whether a secret may be sent there: https, or this very machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return True
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")


def _network(text: str, where: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise InputError(
            f"{where}: [proxy] trusted has {text!r}: it must be addresses or networks, such as 10.0.0.0/8"
        ) from None


def _public(text: str, where: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("https", "http") or not parts.netloc or parts.path.strip("/") or parts.query):
        raise InputError(f"{where}: [proxy] public = {text!r}: it must be an address such as https://desk.example.com")
    return f"{parts.scheme}://{parts.netloc}".lower() if text else ""
