"""A small OpenID provider on loopback: discovery, keys, authorization with PKCE, tokens signed with RS256.

It is strict about what a client sends, and can be told to misbehave (`wrong`): a client's checks are seen to work.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "occasion", "the secret of the desk"


@cache
def first_key() -> RSAKey:
    """Made once for a run: it takes a while."""
    return RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


@dataclass
class Provider:
    """Whom it logs in, and how it misbehaves. `claims` are added to the id token's, None removes one."""

    port: int = 0
    subject: str = "sub-1"
    claims: dict[str, Any] = field(default_factory=dict)
    wrong: str = ""
    clock: Callable[[], int] = lambda: time.time_ns() // 1000
    key: RSAKey = field(default_factory=first_key)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rotate(self) -> None:
        """New keys, under a new name."""
        self.key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"})

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": "http://127.0.0.1:1" if self.wrong == "discovery" else self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": "http://far.example/token" if self.wrong == "far" else f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """Log `subject` in at once; where the browser goes then."""
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        assert len(asked["state"]) >= 32
        assert len(asked["nonce"]) >= 32
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.issuer}
        if self.wrong == "state":
            answer["state"] = "another"
        if self.wrong == "iss":
            answer["iss"] = "https://mixed.up.example"
        if self.wrong == "no iss":
            del answer["iss"]
        if self.wrong == "denied":
            answer = {"error": "access_denied", "state": asked["state"], "iss": self.issuer}
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def token(self, header: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Exchange a code; it works once, with the verifier that fits."""
        if header != "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".replace(" ", "+").encode()).decode() and (
            header != "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        ):
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(form.get("code", ""), None)
        fits = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
        if asked is None or fits.decode() != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        if self.wrong == "no id token":
            return 200, {"access_token": "a", "token_type": "Bearer"}
        return 200, {"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": self.identity(asked)}

    def identity(self, asked: dict[str, str]) -> str:
        now = self.clock() // 1_000_000
        claims = {"iss": self.issuer, "sub": self.subject, "aud": CLIENT, "iat": now, "exp": now + 300}
        claims |= {"nonce": asked["nonce"], **self.claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.wrong == "none":
            head, body = ({"alg": "none", "typ": "JWT"}, claims)
            return ".".join(
                [base64.urlsafe_b64encode(json.dumps(x).encode()).rstrip(b"=").decode() for x in (head, body)] + [""]
            )
        if self.wrong == "hmac":  # signed with the client's secret instead of the provider's key
            key = OctKey.import_key(SECRET.encode() * 2)
            return jwt.encode({"alg": "HS256", "kid": "one"}, claims, key, algorithms=["HS256"])
        if self.wrong == "other key":
            other = RSAKey.generate_key(2048, {"kid": self.key.kid})
            return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, other)
        signed = jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)
        if self.wrong == "changed":
            head, _, tail = signed.split(".")
            body = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "somebody"}).encode()).rstrip(b"=").decode()
            return f"{head}.{body}.{tail}"
        return signed


@contextmanager
def provider_here() -> Iterator[Provider]:
    """A provider on a free port of loopback, until the block ends."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            provider.asked.append(parts.path)
            if parts.path == "/.well-known/openid-configuration":
                self.say(200, provider.discovery())
            elif parts.path == "/keys":
                self.say(200, {"keys": [provider.key.as_dict(private=False)]})
            elif parts.path == "/authorize":
                asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
                self.send_response(302)
                self.send_header("Location", provider.authorize(asked))
                self.end_headers()
            else:
                self.say(404, {})

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.say(*provider.token(self.headers.get("Authorization", ""), form))

        def say(self, status: int, body: dict[str, Any]) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
