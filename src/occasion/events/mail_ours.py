"""Which mail addresses are our own: said by a person, or guessed from who is on every message."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from occasion.errors import InputError

ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'@]+@[^\s<>()\[\],;:\"'@]+\.[^\s<>()\[\],;:\"'@.]+")
DOMAIN = re.compile(r"(?:[\w-]+\.)+[\w-]{2,}")
# Where anybody may have an address: one of these says nothing about whose a domain is.
_PUBLIC = """
    gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com icloud.com me.com mac.com
    aol.com gmx.de gmx.net gmx.com web.de t-online.de freenet.de proton.me protonmail.com mail.com fastmail.com
    zoho.com wp.pl o2.pl onet.pl interia.pl poczta.onet.pl op.pl gazeta.pl tlen.pl mail.ru yandex.ru ya.ru bk.ru
    inbox.ru list.ru rambler.ru yahoo.es hotmail.es outlook.es telefonica.net yahoo.co.uk hotmail.co.uk
    btinternet.com yahoo.fr orange.fr free.fr laposte.net libero.it comcast.net verizon.net qq.com 163.com"""
PUBLIC = frozenset(_PUBLIC.split())
ENOUGH = 0.9  # of the messages have us on one side


@dataclass(frozen=True)
class Ours:
    """Our own addresses; a domain stands for all addresses in it and below it. `seen`: messages a guess rests on."""

    addresses: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    seen: int = 0

    def __contains__(self, address: object) -> bool:
        if not isinstance(address, str):
            return False
        if address in self.addresses:
            return True
        domain = address.rpartition("@")[2]
        while domain:
            if domain in self.domains:
                return True
            domain = domain.partition(".")[2]
        return False

    def text(self) -> str:
        """As `--ours` takes it."""
        return ",".join([*sorted(self.domains), *sorted(self.addresses)])


def read_ours(text: str | Iterable[str], where: str = "--ours") -> Ours:
    """Domains and addresses, separated by commas or as a list.

    Raises InputError for what is neither.

    >>> ours = read_ours("Firm.example, ann@mail.example")
    >>> "bo@office.firm.example" in ours, "ann@mail.example" in ours, "bo@mail.example" in ours
    (True, True, False)
    """
    parts = text.split(",") if isinstance(text, str) else [part for one in text for part in one.split(",")]
    addresses, domains = set[str](), set[str]()
    for part in filter(None, (part.strip().lower() for part in parts)):
        plain = part.removeprefix("@")
        if ADDRESS.fullmatch(plain):
            addresses.add(plain)
        elif DOMAIN.fullmatch(plain):
            domains.add(plain)
        else:
            raise InputError(f"{where} {part!r} is no address and no domain: for example firm.example,ann@mail.example")
    return Ours(frozenset(addresses), frozenset(domains))


@dataclass(frozen=True)
class Sides:
    """Who is on a message: who sent it, who got it, and to which mailbox it was delivered (empty where not said)."""

    sent: tuple[str, ...]
    got: tuple[str, ...]
    delivered: tuple[str, ...] = ()


def guess_ours(messages: Sequence[Sides], where: str) -> Ours:
    """The domain, or the address at a public provider, that is on one side of nine in ten messages.

    Where several are, the one that mail was delivered to counts. Raises InputError where that decides nothing.
    """
    on, delivered = Counter[str](), Counter[str]()
    for message in messages:
        on.update(_names((*message.sent, *message.got)))
        delivered.update(_names(message.delivered))
    wanted = ENOUGH * len(messages)
    found = [name for name, count in on.items() if count >= wanted]
    found = [name for name in found if "@" not in name or name.rpartition("@")[2] not in found]
    if len(found) > 1 and (best := [name for name in found if delivered[name]]):
        found = best
    if len(found) != 1:
        likely = ", ".join(name for name, _ in on.most_common(4))
        seen = f"the likeliest are {likely}" if likely else "no message names an address"
        raise InputError(f"{where}: which addresses are our own cannot be told: say --ours DOMAIN or ADDRESS ({seen})")
    name = found[0]
    only = frozenset({name})
    return Ours(only, frozenset(), len(messages)) if "@" in name else Ours(frozenset(), only, len(messages))


def _names(addresses: Iterable[str]) -> set[str]:
    """What could be ours: domains, and addresses, of which those at a public provider stand for themselves."""
    found = set[str]()
    for address in addresses:
        domain = address.rpartition("@")[2]
        found.add(address)
        if domain not in PUBLIC:
            found.add(domain)
    return found
