"""Log-in: the signed session cookie, the throttle of guesses, and the refusal of other sites' forms."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import TypeVar
from urllib.parse import urlsplit

from fastapi import Request, Response
from itsdangerous import BadSignature, Signer
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import TooManyTries, problem_response
from pipeline.adapters.accounts import PAGE_LIFE
from pipeline.domain.errors import BadInput

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
TRIES_A_MINUTE = 5
TRIES_A_MINUTE_FROM_ONE_ADDRESS = 30
CHECKS_AT_ONCE = 2
Checked = TypeVar("Checked")


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """Reads and writes the signed cookie; on HTTPS it bears the `__Host-` prefix."""

    signer: Signer

    @classmethod
    def signed_with(cls, key: str) -> "SessionCookie":
        if not key:
            raise BadInput("STREETPATROL_SESSION_KEY is not set: run ./patrol init")
        return cls(Signer(key, salt="streetpatrol.page-session"))

    def read(self, request: Request) -> str | None:
        """The session's secret, if the signature is ours."""
        try:
            return self.signer.unsign(request.cookies.get(_cookie_name(request), "")).decode()
        except (BadSignature, UnicodeDecodeError):
            return None

    def write(self, request: Request, response: Response, secret: str) -> None:
        response.set_cookie(
            _cookie_name(request),
            self.signer.sign(secret).decode(),
            max_age=int(PAGE_LIFE.total_seconds()),
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )

    def clear(self, request: Request, response: Response) -> None:
        response.delete_cookie(
            _cookie_name(request), secure=request.url.scheme == "https", httponly=True, samesite="lax"
        )


def _cookie_name(request: Request) -> str:
    return "__Host-streetpatrol" if request.url.scheme == "https" else "streetpatrol"


@dataclass(frozen=True, slots=True)
class LoginGate:
    """Counts guesses by name and address, and by address alone; in memory of this process."""

    limiter: FixedWindowRateLimiter = field(default_factory=lambda: FixedWindowRateLimiter(MemoryStorage()))
    at_once: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(CHECKS_AT_ONCE))

    def enter(self, name: str, address: str) -> None:
        """Raises TooManyTries."""
        by_address = self.limiter.hit(RateLimitItemPerMinute(TRIES_A_MINUTE_FROM_ONE_ADDRESS), "address", address)
        by_name = self.limiter.hit(RateLimitItemPerMinute(TRIES_A_MINUTE), "name", name.casefold(), address)
        if not (by_address and by_name):
            raise TooManyTries("too many attempts to log in; wait a minute")

    def checked(self, check: Callable[[], Checked]) -> Checked:
        """Few at once: each check takes 64 MiB, and strangers may ask for it."""
        with self.at_once:
            return check()

    def forget(self, name: str, address: str) -> None:
        """After a login that succeeded."""
        self.limiter.clear(RateLimitItemPerMinute(TRIES_A_MINUTE), "name", name.casefold(), address)


class ForeignFormGuard:
    """Refuses an unsafe request that another site's page may have sent (CSRF).

    A browser cannot be made to send an Authorization header across sites, so those requests pass.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS and _is_foreign(Headers(scope=scope)):
            refusal = problem_response(403, "NotAllowed", "this request came from another site")
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_foreign(headers: Headers) -> bool:
    if "authorization" in headers:
        return False
    site = headers.get("sec-fetch-site")  # browsers leave it out on plain HTTP but for loopback
    if site is not None:
        return site not in ("same-origin", "none")
    return urlsplit(headers.get("origin", "")).netloc != headers.get("host", "")
