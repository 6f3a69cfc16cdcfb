"""Log-in through an OpenID Connect provider: authorization code with PKCE, state and nonce. Off unless configured.

No request leaves this host before somebody presses the button of a configured provider.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.starlette_client import OAuth, OAuthError, StarletteOAuth2App
from fastapi import Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer
from joserfc.errors import JoseError

from api.errors import ProviderFailed
from pipeline.adapters.accounts_directory import Claimed
from pipeline.domain.errors import BadInput, NotAllowed
from pipeline.domain.ticket import Role
from pipeline.settings import PREFIX, Settings

WELL_KNOWN = "/.well-known/openid-configuration"
SCOPES = "openid profile email"
ANSWER_WITHIN_S = 5.0
LOGIN_WITHIN_S = 600
LOOPBACK = ("127.0.0.1", "::1", "localhost")
LONGEST_NAME = 60
Claims = Mapping[str, Any]  # Any: a JSON value


class Directory:
    """One configured provider."""

    def __init__(self, settings: Settings) -> None:
        """Raises BadInput naming the setting that cannot be used."""
        self.issuer = settings.oidc_issuer
        self.label = settings.oidc_label
        self._name_claim = settings.oidc_name_claim
        self._role_claim = settings.oidc_role_claim
        self._unit_claim = settings.oidc_unit_claim
        self._client_id = settings.oidc_client_id
        self._roles = _role_mapping(settings.oidc_roles)
        self._check_address()
        if not self._client_id:
            raise BadInput(f"{PREFIX}OIDC_CLIENT_ID is not set, though {PREFIX}OIDC_ISSUER is")
        key = settings.session_key.get_secret_value()
        self._sealer = URLSafeTimedSerializer(key, salt="streetpatrol.directory-login")
        self._app = self._client(settings.oidc_client_secret.get_secret_value())

    @classmethod
    def configured(cls, settings: Settings) -> "Directory | None":
        return cls(settings) if settings.oidc_issuer else None

    def _check_address(self) -> None:
        parts = urlsplit(self.issuer)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        if not safe or not parts.hostname:
            raise BadInput(f"{PREFIX}OIDC_ISSUER must begin with https:// (http:// on this host alone)")

    def _client(self, secret: str) -> StarletteOAuth2App:
        app = OAuth().register(
            "directory",
            client_id=self._client_id,
            client_secret=secret or None,
            server_metadata_url=self.issuer.rstrip("/") + WELL_KNOWN,
            client_kwargs={"scope": SCOPES, "code_challenge_method": "S256", "timeout": ANSWER_WITHIN_S},
        )
        assert isinstance(app, StarletteOAuth2App)
        return app

    async def send_there(self, request: Request, back: str, wanted: str) -> Response:
        """To the provider; what the way back is checked against goes into a signed cookie of this browser.

        Raises ProviderFailed.
        """
        request.scope["session"] = {}
        try:
            answer: Response = await self._app.authorize_redirect(request, back)
            self._check_metadata(await self._app.load_server_metadata())
        except (httpx2.HTTPError, OAuthError, RuntimeError, ValueError) as error:
            raise ProviderFailed(f"the login provider does not answer as it should: {type(error).__name__}") from None
        kept = self._sealer.dumps({"session": request.session, "next": wanted})
        answer.set_cookie(
            _cookie_name(request), kept if isinstance(kept, str) else kept.decode(), max_age=LOGIN_WITHIN_S,
            httponly=True, samesite="lax", secure=request.url.scheme == "https",
        )  # fmt: skip
        return answer

    def _check_metadata(self, metadata: Claims) -> None:
        if str(metadata.get("issuer", "")).rstrip("/") != self.issuer.rstrip("/"):
            raise ProviderFailed("the login provider calls itself by another address than the settings do")

    async def came_back(self, request: Request) -> tuple[Claimed, str]:
        """What the provider says of the person, and the page that was wanted.

        Raises NotAllowed where the answer is none to a question of this browser or is not to be trusted,
        ProviderFailed where the provider does not answer.
        """
        try:
            kept = self._sealer.loads(request.cookies.get(_cookie_name(request), ""), max_age=LOGIN_WITHIN_S)
        except BadSignature:
            raise NotAllowed("this log-in was not begun here, or too long ago: try again") from None
        request.scope["session"] = kept["session"]
        try:
            claims = await self._claims(request)
        except httpx2.HTTPError as error:
            raise ProviderFailed(f"the login provider does not answer: {type(error).__name__}") from None
        except (OAuthError, JoseError, RuntimeError, ValueError, KeyError) as error:
            raise NotAllowed(f"the login provider's answer cannot be trusted: {type(error).__name__}") from None
        return self._claimed(claims), str(kept["next"])

    async def _claims(self, request: Request) -> Claims:
        metadata = await self._app.load_server_metadata()
        self._check_metadata(metadata)
        expected = {
            "iss": {"essential": True, "values": [metadata["issuer"]]},
            "aud": {"essential": True, "values": [self._client_id]},
        }
        token = await self._app.authorize_access_token(request, claims_options=expected)
        claims: dict[str, Any] = dict(token["userinfo"])  # Any: a JSON value; missing without a signed answer
        if _claim(claims, self._role_claim) is None and metadata.get("userinfo_endpoint"):
            more = dict(await self._app.userinfo(token=token))
            if more.get("sub") == claims["sub"]:
                claims = {**more, **claims}
        return claims

    def _claimed(self, claims: Claims) -> Claimed:
        groups = _claim(claims, self._role_claim)
        held = {str(group) for group in groups} if isinstance(groups, list) else {str(groups)}
        role = next((role for value, role in self._roles if value in held), None)
        unit = _claim(claims, self._unit_claim) if self._unit_claim else None
        name = str(_claim(claims, self._name_claim) or claims.get("name") or claims.get("email") or "")
        subject = f"{self.issuer.rstrip('/')} {claims['sub']}"
        return Claimed(
            subject, name.strip()[:LONGEST_NAME], role, unit if isinstance(unit, str) else None, bool(self._unit_claim)
        )

    def forget(self, request: Request, response: Response) -> None:
        response.delete_cookie(
            _cookie_name(request), httponly=True, samesite="lax", secure=request.url.scheme == "https"
        )


def _cookie_name(request: Request) -> str:
    return "__Host-streetpatrol-login" if request.url.scheme == "https" else "streetpatrol-login"


def _claim(claims: Claims, path: str) -> object:
    """A dot leads inwards, as in `realm_access.roles`; a claim of just that name goes before."""
    if path in claims:
        return claims[path]
    found: object = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _role_mapping(text: str) -> tuple[tuple[str, Role], ...]:
    """`value=role` by comma, in the order in which they are tried."""
    pairs = []
    for piece in filter(None, (part.strip() for part in text.split(","))):
        value, _, role = (part.strip() for part in piece.rpartition("="))
        if not value or role not in Role.__members__:
            raise BadInput(f"{PREFIX}OIDC_ROLES: {json.dumps(piece, ensure_ascii=False)} is not of the form value=role")
        pairs.append((value, Role(role)))
    if not pairs:
        raise BadInput(f"{PREFIX}OIDC_ROLES is not set: nobody could log in through {PREFIX}OIDC_ISSUER")
    return tuple(pairs)
