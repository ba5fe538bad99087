"""The company's login: OpenID Connect, code flow with PKCE, state and nonce.

A colleague is known by the provider's issuer and subject, which an admin bound (`occasion colleague subject`), or,
where the settings say so, by a mail address that the provider vouches for, once; from then on by the subject.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import httpx2
from authlib.integrations.base_client.errors import OAuthError  # type: ignore[import-untyped]
from authlib.integrations.httpx_client import OAuth2Client  # type: ignore[import-untyped]
from fastapi import APIRouter, Request, Response
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import Connection, or_, select
from starlette.responses import RedirectResponse

from occasion.service import cookies
from occasion.service.colleagues import bind_subject, subject_of
from occasion.service.door_settings import OidcSettings, is_safe_origin
from occasion.service.doors import Doors, doors_of
from occasion.service.errors import Refuse
from occasion.service.login import PLAIN, let_in, safe_next, show
from occasion.service.viewer import caller_of
from occasion.store import audit
from occasion.store.schema.doors import COLLEAGUES

router = APIRouter(include_in_schema=False)
LOG = logging.getLogger("occasion.oidc")
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")  # with a key of the provider; never none, never our own secret
SCOPE = "openid email profile"
SECOND = 1_000_000
LASTS = 600 * SECOND  # how long somebody may take at the provider
FRESH = 3600 * SECOND  # how long what the provider says about itself is kept
LEEWAY = 60  # seconds between our clock and the provider's
MOST_FLOWS = 10_000
TIMEOUT = 10.0


class Untrusted(Exception):
    """What came back cannot be believed, or did not come; the word says which check failed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Flow:
    """One way to the provider and back, known by a cookie."""

    state: str
    nonce: str
    verifier: str
    next: str
    redirect: str
    begun_us: int


@dataclass(frozen=True)
class Known:
    """Who the provider says it is. `email` only where it vouches for it."""

    subject: str
    email: str | None


class Provider:
    """What a provider says about itself, its keys, and the exchange of a code for who somebody is."""

    def __init__(self, settings: OidcSettings) -> None:
        self.settings = settings
        self._said: tuple[int, dict[str, Any]] | None = None
        self._keys: tuple[int, KeySet] | None = None
        self._lock = threading.Lock()

    def about(self, now: int) -> dict[str, Any]:
        """Its discovery document. Raises Untrusted when it is not this issuer's, or names unsafe addresses."""
        with self._lock:
            if self._said is None or now - self._said[0] > FRESH:
                said = self._get(self.settings.issuer + "/.well-known/openid-configuration")
                if str(said.get("issuer", "")).rstrip("/") != self.settings.issuer:
                    raise Untrusted("issuer of discovery")
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    if not is_safe_origin(str(said.get(name, ""))):
                        raise Untrusted(name)
                self._said = (now, said)
            return self._said[1]

    def address(self, flow: Flow, now: int) -> str:
        """Where to send the browser."""
        with self._client(flow.redirect) as client:
            url, _ = client.create_authorization_url(
                self.about(now)["authorization_endpoint"],
                state=flow.state,
                nonce=flow.nonce,
                code_verifier=flow.verifier,
            )
        return str(url)

    def exchange(self, code: str, flow: Flow, now: int) -> Known:
        """The code for who it is. Raises Untrusted."""
        try:
            with self._client(flow.redirect) as client:
                token = client.fetch_token(
                    self.about(now)["token_endpoint"],
                    code=code,
                    code_verifier=flow.verifier,
                    grant_type="authorization_code",
                )
        except (OAuthError, httpx2.HTTPError, ValueError) as why:
            raise Untrusted("token endpoint") from why
        identity = token.get("id_token") if isinstance(token, dict) else None
        if not isinstance(identity, str):
            raise Untrusted("no id token")
        return self._read(identity, flow, now)

    def _read(self, identity: str, flow: Flow, now: int) -> Known:
        try:
            claims = self._decoded(identity, now).claims
            jwt.JWTClaimsRegistry(
                now=lambda: now // SECOND,
                leeway=LEEWAY,
                iss={"essential": True, "value": self.about(now)["issuer"]},
                aud={"essential": True, "value": self.settings.client},
                nonce={"essential": True, "value": flow.nonce},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
            ).validate(claims)
        except (JoseError, ValueError, TypeError) as why:
            raise Untrusted("id token") from why
        audience, party = claims["aud"], claims.get("azp")
        if (isinstance(audience, list) and len(audience) > 1 and party is None) or party not in (
            None,
            self.settings.client,
        ):
            raise Untrusted("azp")
        subject, email = claims["sub"], claims.get("email")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
            raise Untrusted("sub")
        vouched = email if claims.get("email_verified") is True and isinstance(email, str) else None
        return Known(subject, vouched.strip().lower() if vouched else None)

    def _decoded(self, identity: str, now: int) -> jwt.Token:
        offered = self.about(now).get("id_token_signing_alg_values_supported", ["RS256"])
        algorithms = [name for name in ALGORITHMS if name in offered]
        try:
            return jwt.decode(identity, self._key_set(now, 0), algorithms=algorithms)
        except (JoseError, ValueError):
            return jwt.decode(identity, self._key_set(now, LEEWAY * SECOND), algorithms=algorithms)  # it has new keys

    def _key_set(self, now: int, older_than: int) -> KeySet:
        """Its keys; read again when those we have are at least that old (0: as long as they are fresh)."""
        with self._lock:
            kept = self._keys
        if kept is None or now - kept[0] > FRESH or (older_than and now - kept[0] >= older_than):
            found = KeySet.import_key_set(self._get(self.about(now)["jwks_uri"]))  # type: ignore[arg-type]
            kept = (now, found)
            with self._lock:
                self._keys = kept
        return kept[1]

    def _client(self, redirect: str) -> OAuth2Client:
        methods = (self._said[1] if self._said else {}).get("token_endpoint_auth_methods_supported")
        basic = methods is None or "client_secret_basic" in methods
        return OAuth2Client(
            client_id=self.settings.client,
            client_secret=self.settings.secret,
            scope=SCOPE,
            redirect_uri=redirect,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if basic else "client_secret_post",
            timeout=TIMEOUT,
            trust_env=False,
            follow_redirects=False,
        )

    def _get(self, url: str) -> dict[str, Any]:
        try:
            with httpx2.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False) as client:
                answer = client.get(url, headers={"Accept": "application/json"})
                found = answer.raise_for_status().json()
        except (httpx2.HTTPError, ValueError) as why:
            raise Untrusted("cannot be reached") from why
        if not isinstance(found, dict):
            raise Untrusted("discovery")
        return found


class Flows:
    """The ways under way, by the digest of a cookie; the oldest are forgotten."""

    def __init__(self) -> None:
        self._under_way: OrderedDict[str, Flow] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, flow: Flow) -> str:
        """Remember it; returns the cookie's value."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._under_way[token] = flow
            while len(self._under_way) > MOST_FLOWS:
                self._under_way.popitem(last=False)
        return token

    def end(self, token: str, now: int) -> Flow | None:
        """The flow of a cookie, once, while it lasts."""
        with self._lock:
            flow = self._under_way.pop(token, None)
        return flow if flow is not None and now - flow.begun_us < LASTS else None


def mount(app: Any) -> None:
    """Beside the routes: what this application remembers of its provider."""
    app.state.oidc = None
    app.state.oidc_flows = Flows()


@router.get("/login/oidc")
async def to_provider(request: Request, next: str = "/") -> Response:
    """To the provider."""
    doors, asks, provider = doors_of(request), caller_of(request), _provider(request)
    if not asks.secure and not asks.loopback and not doors.settings.login.plain_http:
        return await show(request, next, problem=PLAIN, status=403)
    now = doors.clock()
    flow = Flow(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        next=safe_next(next),
        redirect=f"{asks.origin}/login/oidc/back",
        begun_us=now,
    )
    try:
        address = await asyncio.to_thread(provider.address, flow, now)
    except Untrusted as why:
        return await _failed(request, next, why)
    answer = RedirectResponse(address, 303)
    token = request.app.state.oidc_flows.begin(flow)
    written = cookies.written(cookies.OIDC, token, secure=asks.secure, seconds=LASTS // SECOND)
    answer.headers.append("Set-Cookie", written)
    return answer


@router.get("/login/oidc/back")
async def back(request: Request) -> Response:
    """From the provider: who is it, and whose account here?"""
    doors, asks, provider = doors_of(request), caller_of(request), _provider(request)
    header, now = request.headers.get("cookie", "").encode("latin-1"), doors.clock()
    flow = request.app.state.oidc_flows.end(cookies.read(header, cookies.OIDC, secure=asks.secure), now)
    try:
        code = _code(request, flow, provider, now)
        known = await asyncio.to_thread(provider.exchange, code, flow, now)
    except Untrusted as why:
        return await _failed(request, flow.next if flow else "/", why)
    found = await asyncio.wrap_future(
        doors.service.writer.do(lambda connection: whose(connection, now, known, provider.settings))
    )
    if found is None:
        doors.metrics.login("oidc", "wrong")
        return await show(request, flow.next, problem="unknown", status=403)
    answer = await let_in(request, found, "oidc", flow.next)
    answer.headers.append("Set-Cookie", cookies.written(cookies.OIDC, "", secure=asks.secure, seconds=0))
    return answer


def whose(connection: Connection, now: int, known: Known, settings: OidcSettings) -> str | None:
    """The colleague of this account at the provider; binds it by the mail address where the settings allow that."""
    here = or_(COLLEAGUES.c.left_us.is_(None), COLLEAGUES.c.left_us > now)
    subject = subject_of(settings.issuer, known.subject)
    found = connection.execute(select(COLLEAGUES.c.id).where(COLLEAGUES.c.subject == subject, here)).scalar()
    if found is not None:
        return str(found)
    if settings.bind_by_email and known.email:
        query = select(COLLEAGUES.c.id).where(COLLEAGUES.c.email == known.email, COLLEAGUES.c.subject.is_(None), here)
        found = connection.execute(query).scalar()
        if found is not None:
            bind_subject(connection, now, "system", found, issuer=settings.issuer, subject=known.subject)
            return str(found)
    audit.note(connection, now, "system", "login of an unknown account", "provider", {"vouched": bool(known.email)})
    return None


def _code(request: Request, flow: Flow | None, provider: Provider, now: int) -> str:
    """The code, if this answer belongs to the browser's own question."""
    said = request.query_params
    if flow is None:
        raise Untrusted("no flow")
    if not hmac.compare_digest(said.get("state", "").encode(), flow.state.encode()):
        raise Untrusted("state")
    about = provider._said[1] if provider._said else {}
    issuer = said.get("iss")
    if issuer is None and about.get("authorization_response_iss_parameter_supported") is True:
        raise Untrusted("iss")
    if issuer is not None and issuer != about.get("issuer", provider.settings.issuer):
        raise Untrusted("iss")
    if "error" in said or not said.get("code"):
        raise Untrusted("refused there")
    return said["code"]


def _provider(request: Request) -> Provider:
    state, settings = request.app.state, doors_of(request).settings.oidc
    if settings is None:
        raise Refuse(404, "not_found", "there is no company login here; occasion.toml [oidc] would say so")
    if state.oidc is None:
        state.oidc = Provider(settings)
    provider: Provider = state.oidc
    return provider


async def _failed(request: Request, following: str, why: Untrusted) -> Response:
    doors: Doors = doors_of(request)
    doors.metrics.login("oidc", "failed")
    LOG.warning("the company's login failed", extra={"code": why.code})
    return await show(request, following, problem="provider", status=403)
