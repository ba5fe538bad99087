"""Where a request comes from, and what a proxy in front may say about it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from occasion.service.door_settings import Network, ProxySettings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Any of these means that somebody in between passes the request on, so that the peer is not who asks.
PASSED_ON = (b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"forwarded", b"via", b"x-real-ip")


@dataclass(frozen=True)
class Caller:
    """Who asks: `address` (None: a local socket), whether it is this machine, and the origin they used."""

    address: Address | None
    loopback: bool
    secure: bool  # the last stretch people see is TLS
    host: str  # as they typed it, lower case, maybe with a port

    @property
    def origin(self) -> str:
        """Scheme and host as a browser would name them."""
        return f"{'https' if self.secure else 'http'}://{self.host}"

    @property
    def bucket(self) -> str:
        """What limits count by: the address; the /64 of an IPv6 address, since one customer has all of it."""
        if self.address is None:
            return "local"
        if isinstance(self.address, ipaddress.IPv6Address):
            return str(ipaddress.ip_network((self.address, 64), strict=False))
        return str(self.address)


def caller(scope: Mapping[str, Any], settings: ProxySettings) -> Caller:
    """Read a request's scope; forwarded headers count only when the peer is a trusted proxy."""
    headers = scope["headers"]
    peer = _address(scope["client"][0]) if scope.get("client") else None
    host = _header(headers, b"host").lower()
    secure = scope.get("scheme") == "https"
    passed_on = any(name in PASSED_ON for name, _ in headers)
    address = peer
    if peer is not None and _trusted(peer, settings.trusted):
        address = _first_untrusted(_all(headers, b"x-forwarded-for"), peer, settings.trusted)
        secure = _header(headers, b"x-forwarded-proto", "https" if secure else "http").strip().lower() == "https"
        host = _header(headers, b"x-forwarded-host", host).strip().lower()
    if settings.public:
        scheme, _, host = settings.public.partition("://")
        secure = scheme == "https"
    loopback = not passed_on and (scope.get("client") is None or (peer is not None and peer.is_loopback))
    return Caller(address, loopback, secure, host)


def _address(text: str) -> Address | None:
    try:
        found = ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _trusted(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _first_untrusted(said: str, peer: Address, networks: tuple[Network, ...]) -> Address:
    """From the nearest hop outwards: the first one that is no proxy of ours; what it claims itself is not believed."""
    found = peer
    for hop in reversed([part for part in said.split(",") if part.strip()]):
        text = hop.strip()
        if text.startswith("["):
            text = text[1:].partition("]")[0]
        elif text.count(":") == 1:
            text = text.partition(":")[0]
        address = _address(text)
        if address is None:
            return found
        found = address
        if not _trusted(address, networks):
            return found
    return found


def _header(headers: Any, name: bytes, default: str = "") -> str:
    found = [value for key, value in headers if key == name]
    return found[-1].decode("latin-1") if found else default


def _all(headers: Any, name: bytes) -> str:
    return ",".join(value.decode("latin-1") for key, value in headers if key == name)
