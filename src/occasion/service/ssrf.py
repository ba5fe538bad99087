"""Requests to addresses that somebody typed in: only to public ones, whatever the name turns out to mean.

The name is resolved once, every address it has is judged, and the connection is made to the address that was judged, so
that a name that means something else a moment later changes nothing. Redirects are not followed, proxies of the
environment are not used, the answer is read only so far. `allow` (occasion.toml, [webhooks] allow) names hosts,
addresses and networks of one's own that may be reached all the same; plain http is for those only.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore

from occasion.errors import InputError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]
LONGEST_URL = 2000
MOST_ANSWER = 64 * 1024  # bytes of an answer that are read
SECONDS = 10.0
# Refused beside what Python's ipaddress does not call global.
REFUSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "240.0.0.0/4"),
        # ways to write an IPv4 address in IPv6, and what is meant for one site
        *("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16"),
        *("fec0::/10", "100::/64", "5f00::/16", "3fff::/20"),
    )
)


class Forbidden(InputError):
    """This address must not be reached."""


@dataclass(frozen=True)
class Answer:
    """What came back; `body` is cut at MOST_ANSWER bytes."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Allowed:
    """What may be reached although it is not public."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Any, ...] = field(default=())

    @classmethod
    def of(cls, texts: Iterable[str]) -> Allowed:
        """From the settings: whatever is no address and no network is a host's name."""
        hosts, networks = set(), []
        for text in texts:
            try:
                networks.append(ipaddress.ip_network(text.strip("[]"), strict=False))
            except ValueError:
                hosts.add(text.lower().rstrip("."))
        return cls(frozenset(hosts), tuple(networks))

    def host(self, name: str) -> bool:
        """Whether this name was listed as such."""
        return name.lower().rstrip(".") in self.hosts

    def address(self, address: Address) -> bool:
        """Whether this address lies in a listed network."""
        return any(address.version == network.version and address in network for network in self.networks)


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet: not loopback, private or link-local, no metadata service."""
    if address.is_multicast or address.is_unspecified or not address.is_global:
        return False
    return not any(address.version == network.version and address in network for network in REFUSED)


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system knows them."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def judged(host: str, port: int, allowed: Allowed, resolving: Resolve = resolve) -> list[str]:
    """The addresses that may be connected to. Raises Forbidden when there is none, or when any of them may not be."""
    texts = resolving(host, port)
    if not texts:
        raise Forbidden(f"{host}: is not known under that name; correct the address")
    for text in texts:
        address = ipaddress.ip_address(text.partition("%")[0])
        if not (allowed.host(host) or allowed.address(address) or is_public(address)):
            raise Forbidden(
                f"{host}: leads to {address}, which is not a public address; name it in occasion.toml under [webhooks] "
                "allow if it is yours and meant"
            )
    return texts


def check_url(url: str, allowed: Allowed, resolving: Resolve = resolve) -> None:
    """When an address is typed in: whether it could be reached. Raises Forbidden or InputError with what to change."""
    parts = _parts(url)
    host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
    texts = judged(host, port, allowed, resolving)
    own = allowed.host(host) or all(allowed.address(ipaddress.ip_address(text.partition("%")[0])) for text in texts)
    if parts.scheme == "http" and not own:
        raise Forbidden(f"{host}: plain http is only for hosts named in [webhooks] allow; use https")


class Sender:
    """Sends to checked addresses only; may be used from several threads. Close it, or use it in a `with`."""

    def __init__(
        self, allow: Iterable[str] = (), *, seconds: float = SECONDS, resolving: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self._allowed, self._resolving, self._seconds = Allowed.of(allow), resolving, seconds
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls or ssl.create_default_context(),
            network_backend=_Checked(self._allowed, resolving),
            max_connections=8,
            keepalive_expiry=5,  # a name is judged again soon
        )

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.close()

    def check(self, url: str) -> None:
        """When an address is typed in: whether it could be sent to. Raises InputError with what to change."""
        check_url(url, self._allowed, self._resolving)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST once. Raises Forbidden for an address that must not be reached, OSError when it cannot be."""
        check_url(url, self._allowed, self._resolving)
        timeout = {"connect": self._seconds, "read": self._seconds, "write": self._seconds, "pool": self._seconds}
        sent = [(b"Host", _host(_parts(url))), *((k.encode(), v.encode()) for k, v in headers.items())]
        try:
            with self._pool.stream("POST", url, headers=sent, content=body, extensions={"timeout": timeout}) as got:
                said = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in got.headers}
                return Answer(got.status, said, _beginning(got.iter_stream()))
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as why:
            raise OSError(f"{_parts(url).hostname}: could not be reached ({type(why).__name__})") from None


class _Checked(httpcore.NetworkBackend):
    """Connects to the very address that was judged, not to whatever the name means by then."""

    def __init__(self, allowed: Allowed, resolving: Resolve) -> None:
        self._allowed, self._resolving = allowed, resolving
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        addresses = judged(host, port, self._allowed, self._resolving)
        for last, address in enumerate(addresses, 1 - len(addresses)):
            try:
                return self._plain.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if last == 0:
                    raise
        raise AssertionError("judged gives at least one address")

    def connect_unix_socket(self, path: str, *_: Any, **__: Any) -> httpcore.NetworkStream:
        raise Forbidden("a local socket is no address to send to; use https")


def _parts(url: str) -> SplitResult:
    wrong = "write https://host/path, without a name or password in it"
    if len(url) > LONGEST_URL or not url.isprintable() or not url.isascii() or " " in url or "\\" in url:
        raise InputError(f"the address {url[:60]!r} cannot be used: {wrong}")
    try:
        parts = urlsplit(url)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        raise InputError(f"the address {url[:60]!r} cannot be used: {wrong}") from None
    if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc or not port_fits:
        raise InputError(f"the address {url[:60]!r} cannot be used: {wrong}")
    return parts


def _host(parts: SplitResult) -> bytes:
    return parts.netloc.encode()


def _beginning(chunks: Any) -> bytes:
    found = b""
    for chunk in chunks:
        found += chunk
        if len(found) >= MOST_ANSWER:
            break
    return found[:MOST_ANSWER]
