"""A small OpenID Connect provider on loopback, for tests: discovery, authorization, token with PKCE, keys, userinfo."""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT_ID, CLIENT_SECRET = "streetpatrol", "a secret of the client"
Claims = dict[str, Any]  # Any: a JSON value


@cache
def signing_key(whose: str) -> RSAKey:
    """Made once a process: it takes a while."""
    return RSAKey.generate_key(2048, {"kid": "1"})


@dataclass
class Provider:
    """What it says of whoever comes; `lies` replaces claims of the signed token. Counts the requests that it got."""

    address: str
    claims: Claims
    lies: Claims = field(default_factory=dict)
    only_userinfo: tuple[str, ...] = ()
    """Claims that the signed token lacks."""
    foreign_key: bool = False
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def metadata(self) -> Claims:
        ends = {name: f"{self.address}/{name}" for name in ("authorize", "token", "keys", "userinfo")}
        return {
            "issuer": self.address,
            "authorization_endpoint": ends["authorize"],
            "token_endpoint": ends["token"],
            "jwks_uri": ends["keys"],
            "userinfo_endpoint": ends["userinfo"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def way_back(self, query: dict[str, str]) -> str:
        """Everybody agrees at once."""
        assert query["client_id"] == CLIENT_ID and query["response_type"] == "code"
        code = secrets.token_urlsafe()
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> Claims | None:
        """None where client, code or PKCE do not fit."""
        asked = self.codes.pop(form.get("code", ""), None)
        expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if asked is None or authorization != f"Basic {expected}" or asked["code_challenge_method"] != "S256":
            return None
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != asked["code_challenge"]:
            return None
        return {"access_token": "for-userinfo", "token_type": "Bearer", "id_token": self._signed(asked["nonce"])}

    def _signed(self, nonce: str) -> str:
        now = int(time.time())
        stated = {name: value for name, value in self.claims.items() if name not in self.only_userinfo}
        whole = {"iss": self.address, "aud": CLIENT_ID, "exp": now + 60, "iat": now, "nonce": nonce}
        signer = signing_key("a stranger's" if self.foreign_key else "our own")
        return jwt.encode({"alg": "RS256", "kid": "1"}, {**stated, **whole, **self.lies}, signer)


class _Desk(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.provider.asked.append(parts.path)
        if parts.path == "/authorize":
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            self.send_response(302)
            self.send_header("Location", self.provider.way_back(query))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        answers: dict[str, Claims] = {
            "/.well-known/openid-configuration": self.provider.metadata(),
            "/keys": dict(KeySet([signing_key("our own")]).as_dict(private=False)),
            "/userinfo": self.provider.claims,
        }
        self._send(200 if parts.path in answers else 404, answers.get(parts.path, {}))

    def do_POST(self) -> None:
        self.provider.asked.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        token = self.provider.token(form, self.headers.get("Authorization", ""))
        self._send(200 if token else 400, token or {"error": "invalid_grant"})

    def _send(self, status: int, answer: Claims) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Tests have enough to say."""


@contextmanager
def login_provider(claims: Claims) -> Iterator[Provider]:
    desk = type("Desk", (_Desk,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), desk)
    provider = Provider(f"http://127.0.0.1:{server.server_port}", claims)
    desk.provider = provider  # type: ignore[attr-defined]  # of the class just made
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
