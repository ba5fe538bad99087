"""A mail as events: who it concerns, in which direction, in which thread, and what was written.

One event for each address outside. Identity is the Message-ID with that address, so that the same mail from another
folder changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from hashlib import blake2b
from types import MappingProxyType

from occasion.events.mail_ours import Ours, Sides
from occasion.events.mail_parts import addresses, body, header, ids, instant

FIELDS = ("party", "name", "at", "id", "direction", "channel", "actor", "counterpart", "mass", "body")
PROPERTIES = ("subject", "message_id", "thread", "in_reply_to", "auto", "language", "party_name", "actor_name", "alike")
MANY = 10  # recipients outside: from so many on a mail is one of many alike
NAME = "message"
TO = ("To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Apparently-To")
DRAFTS = frozenset(("draft", "drafts", "wersje robocze", "borradores", "entwürfe", "черновики", "brouillons", "bozze"))
DELETED = 0x0008  # of Thunderbird's flags
DELIVERED = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Delivered-To")
LanguageOf = Callable[[str], str | None]
_AUTOMATIC = re.compile(
    r"""(?:automatic\ reply|auto(?:matic)?[-\ ]?(?:reply|response)|out\ of\ (?:the\ )?office
      |automatyczna\ odpowied[źz]|autoodpowied[źz]|respuesta\ automática|fuera\ de\ la\ oficina
      |автоответ|автоматический\ ответ|automatische\ (?:antwort|abwesenheitsnotiz)|abwesenheitsnotiz
      |réponse\ automatique|risposta\ automatica)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_SENDER = re.compile(r"^(?:mailer-daemon|postmaster|mail-daemon)@", re.IGNORECASE)
_FAILED = re.compile(
    r"^(?:Final|Original)-Recipient:\s*[^;\s]*;?\s*<?([^<>\s]+@[^<>\s]+)>?", re.IGNORECASE | re.MULTILINE
)


class BadMail(ValueError):
    """A mail that cannot be an event: which header, what it holds, why."""

    def __init__(self, field_: str, value: str, reason: str) -> None:
        super().__init__(f"{field_} {value!r} {reason}")
        self.field, self.value, self.reason = field_, value, reason


@dataclass(frozen=True)
class Row:
    """One event to be: its fields, and its properties where they have a value."""

    party: str
    name: str
    at: int
    id: str
    direction: str | None
    actor: str | None
    counterpart: str | None
    mass: bool
    body: str | None
    properties: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def parse(data: bytes) -> Message:
    """A mail from its bytes, however broken. Raises BadMail where the parser itself gives up."""
    try:
        return BytesParser(policy=compat32).parsebytes(data)
    except Exception as error:  # the library's parser raises whatever it stumbled over (RecursionError, TypeError, ...)
        raise BadMail("", "", f"cannot be read as a mail ({type(error).__name__})") from None


def sides(data: bytes) -> Sides | None:
    """Who is on a mail, from its headers alone; None where they cannot be read."""
    try:
        message = BytesParser(policy=compat32).parsebytes(data, headersonly=True)
        return Sides(
            *(tuple(a for _, a in addresses(message, *names)) for names in (("From", "Sender"), TO, DELIVERED))
        )
    except Exception:  # as above: such a mail is refused when it is read
        return None


def rows_of(data: bytes, ours: Ours, language: LanguageOf | None = None) -> list[Row]:
    """The events of a mail, at least one. Raises BadMail for one that cannot be an event."""
    try:
        return _rows(parse(data), ours, language)
    except BadMail:
        raise
    except Exception as error:  # a broken mail must cost one line, whatever the library makes of it
        raise BadMail("", "", f"cannot be read as a mail ({type(error).__name__})") from None


def _rows(message: Message, ours: Ours, language: LanguageOf | None) -> list[Row]:
    _sent_at_all(message)
    at = instant(message)
    if at is None:
        written = header(message, "Date")
        raise BadMail("Date", written, "is no time, and no Received line has one" if written else "is missing")
    senders = addresses(message, "From") or addresses(message, "Sender")
    if not senders:
        raise BadMail("From", header(message, "From"), "names no address")
    got = addresses(message, *TO)
    outside = [(name, address) for name, address in got if address not in ours]
    own = next(((name, address) for name, address in senders if address in ours), None)
    if failed := _bounced(message, senders, ours):
        return [_bounce(message, failed, at)]
    if own is None:
        mine = next((a for _, a in got if a in ours), None) or next(
            (a for _, a in addresses(message, *DELIVERED) if a in ours), None
        )
        return _each(message, at, _Between([senders[0]], "in", None, mine), language)
    if not outside:
        outside = [one for one in addresses(message, "Reply-To") if one[1] not in ours][:1]
        if not outside:
            raise BadMail(
                "To", header(message, "To"), "names nobody outside: a mail among ourselves, or blind copies only"
            )
        return _each(
            message, at, _Between(outside, "in", None, own[1]), language
        )  # a form on our page wrote it for them
    return _each(message, at, _Between(outside, "out", own, own[1]), language)


@dataclass(frozen=True)
class _Between:
    """Who outside, and which of ours; `direction` out: `own` (name, address) wrote it."""

    parties: list[tuple[str, str]]
    direction: str
    own: tuple[str, str] | None
    counterpart: str | None


def _each(message: Message, at: int, between: _Between, language: LanguageOf | None) -> list[Row]:
    """An event for every party of a mail."""
    parties, direction, own = between.parties, between.direction, between.own
    text = body(message)
    auto = automatic(message)
    common = _properties(message, at, parties, text) | ({"auto": auto} if auto else {})
    if text and language and (spoken := language(text)):
        common["language"] = spoken
    if direction == "out" and len(parties) > 1:
        common["alike"] = str(len(parties))
    if own and own[0]:
        common["actor_name"] = own[0]
    mass = bool(auto) or (direction == "out" and len(parties) >= MANY)
    actor = own[1] if own else None
    return [
        Row(
            address, NAME, at, f"{common['message_id']} {address}", direction, actor, between.counterpart, mass,
            text or None, common | ({"party_name": name} if name else {}),
        )
        for name, address in parties
    ]  # fmt: skip


def _properties(message: Message, at: int, parties: list[tuple[str, str]], text: str) -> dict[str, str]:
    known = ids(header(message, "Message-ID"))
    if known:
        own = known[0]
    else:
        said = "\x1f".join(
            (str(at), header(message, "From"), header(message, "Subject"), text, *(a for _, a in parties[:1]))
        )
        own = f"content-{blake2b(said.encode('utf-8', 'replace'), digest_size=12).hexdigest()}"
    before = ids(header(message, "References"))
    answered = ids(header(message, "In-Reply-To"))
    thread = (before or answered or [own])[0]
    found = {"subject": header(message, "Subject")[:500], "message_id": own, "thread": thread}
    parent = (answered or before[-1:] or [""])[0]
    return {key: value for key, value in {**found, "in_reply_to": parent}.items() if value}


def _sent_at_all(message: Message) -> None:
    """Raises BadMail for what mail programs keep in the same files and nobody sent: drafts, and what was deleted."""
    labels = header(message, "X-Gmail-Labels").lower()
    if any(one.strip(' "') in DRAFTS for one in labels.split(",")):
        raise BadMail("X-Gmail-Labels", labels, "is a draft, which was not sent")
    flags = header(message, "X-Mozilla-Status")
    if flags and re.fullmatch(r"[0-9a-fA-F]{1,8}", flags) and int(flags, 16) & DELETED:
        raise BadMail("X-Mozilla-Status", flags, "was deleted, and its file not compacted since")


def automatic(message: Message) -> str:
    """What sent it, if no person did: "list", "bulk", "reply" (an absence note), "generated", "receipt", "spam"."""
    said = header(message, "Auto-Submitted").lower()
    precedence = header(message, "Precedence").lower()
    if header(message, "List-Id") or header(message, "List-Unsubscribe"):
        return "list"
    if header(message, "X-Autoreply") or header(message, "X-Autorespond") or "auto_reply" in precedence:
        return "reply"
    if said and not said.startswith("no"):
        return "reply" if "replied" in said or "notified" in said else "generated"
    if precedence in ("bulk", "list", "junk"):
        return "bulk"
    if message.get_content_type() == "multipart/report":
        return "receipt"
    if header(message, "X-Spam-Flag").lower() == "yes" or header(message, "X-Spam-Status").lower().startswith("yes"):
        return "spam"
    return "reply" if _AUTOMATIC.match(header(message, "Subject")) else ""


def _bounced(message: Message, senders: list[tuple[str, str]], ours: Ours) -> str | None:
    """Whom a mail of ours did not reach, if this says so. Raises BadMail where it names nobody."""
    report = message.get_content_type() == "multipart/report"
    kind = str(message.get_param("report-type", "")).lower()
    if not (_SENDER.match(senders[0][1]) or (report and kind == "delivery-status")):
        return None
    said = header(message, "X-Failed-Recipients").partition(",")[0].strip().lower()
    found = [said] if "@" in said else []
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            found += [one.lower() for one in _FAILED.findall("\n".join(str(one) for one in part.get_payload()))]
    who = next((address for address in found if address not in ours), None)
    if who is None:
        raise BadMail("From", senders[0][1], "says that a mail was not delivered, and not to whom")
    return who


def _bounce(message: Message, party: str, at: int) -> Row:
    """A mail that came back is no message of the party: an event of its own, without direction."""
    common = _properties(message, at, [("", party)], "") | {"auto": "bounce"}
    return Row(party, "bounce", at, f"{common['message_id']} {party}", None, None, None, True, None, common)
