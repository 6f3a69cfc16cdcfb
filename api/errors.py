"""The one mapping from the error tree to answers: problem+json for programs, a page for people."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Protocol

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.routing import APIRoute, APIRouter
from starlette.exceptions import HTTPException

from api.addresses import login_address
from pipeline.domain.errors import (
    BadInput,
    CaptureFailed,
    DiskFull,
    NotAllowed,
    NotFound,
    StoreFailed,
    StreetPatrolError,
    TransitionRefused,
    WeightsRefused,
)

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_S = 60
PASSWORD_PAGE = "/account/password"  # noqa: S105 - an address


class LoginNeeded(NotAllowed):
    """Nobody, or nobody any more."""


class PasswordChangeNeeded(NotAllowed):
    """Somebody who logged in with a password that another person knows."""


class ProviderFailed(StreetPatrolError):
    """The provider of logins does not answer, or not as it should."""


class TooManyTries(NotAllowed):
    """Password guesses beyond the limit."""


STATUSES: dict[type[StreetPatrolError], int] = {
    LoginNeeded: 401,
    TooManyTries: 429,
    NotAllowed: 403,
    NotFound: 404,
    TransitionRefused: 409,
    BadInput: 422,
    DiskFull: 507,
    StoreFailed: 503,
    CaptureFailed: 502,
    ProviderFailed: 502,
    WeightsRefused: 503,
    StreetPatrolError: 500,
}
HEADERS: dict[int, dict[str, str]] = {
    401: {"WWW-Authenticate": 'Bearer realm="streetpatrol"'},
    429: {"Retry-After": str(RETRY_AFTER_S)},
    503: {"Retry-After": str(RETRY_AFTER_S)},
}


class ProblemPages(Protocol):
    """Draws a problem for a person."""

    def problem(self, request: Request, status: int, detail: str) -> Response: ...


class ProblemResponse(JSONResponse):
    media_type = PROBLEM_JSON


def problem_response(status: int, kind: str, detail: str, headers: Mapping[str, str] | None = None) -> ProblemResponse:
    content = {
        "type": f"urn:streetpatrol:problem:{kind}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    return ProblemResponse(content, status, headers={**HEADERS.get(status, {}), **(headers or {})})


def status_of(error: StreetPatrolError) -> int:
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:  # Any: FastAPI's own type
    """What a route declares in OpenAPI: these, and what every closed route may answer."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {PROBLEM_JSON: {"schema": schema}}}
        for status in sorted({401, 403, 503, *statuses})
    }


class ErrorAnswers:
    """Handlers that need to know the routes (for `Allow`) and the pages (for people)."""

    def __init__(self, pages: ProblemPages, routers: Iterable[APIRouter]) -> None:
        self._pages = pages
        self._routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]

    def install(self, app: FastAPI) -> None:
        app.add_exception_handler(StreetPatrolError, self._ours)
        app.add_exception_handler(HTTPException, self._from_framework)
        app.add_exception_handler(RequestValidationError, self._unreadable)
        app.add_exception_handler(Exception, self._unforeseen)

    async def _ours(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, StreetPatrolError)
        status = status_of(error)
        if isinstance(error, LoginNeeded) and wants_page(request):
            return _away(request, login_address(request))
        if isinstance(error, PasswordChangeNeeded) and wants_page(request):
            return _away(request, PASSWORD_PAGE)
        if status >= 500:
            structlog.get_logger().error("request_failed", path=request.url.path, cause=str(error))
        return self._answer(request, status, type(error).__name__, str(error))

    async def _from_framework(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(self._methods_of(request.url.path))
            detail = f"{request.method} is not answered here"
        else:
            detail = "there is nothing at this address" if error.status_code == 404 else str(error.detail)
        return self._answer(request, error.status_code, HTTPStatus(error.status_code).name.lower(), detail, headers)

    async def _unreadable(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return self._answer(request, 422, "BadInput", f"{where}: {first['msg']}")

    async def _unforeseen(self, request: Request, error: Exception) -> Response:
        structlog.get_logger().error("request_crashed", path=request.url.path, cause=type(error).__name__)
        return self._answer(request, 500, "Unforeseen", "something went wrong here; the log says more")

    def _methods_of(self, path: str) -> list[str]:
        return sorted(
            {method for route in self._routes if route.path_regex.match(path) for method in route.methods or ()}
        )

    def _answer(
        self, request: Request, status: int, kind: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> Response:
        if not wants_page(request):
            return problem_response(status, kind, detail, headers)
        page = self._pages.problem(request, status, detail)
        page.headers.update({**HEADERS.get(status, {}), **(headers or {})})
        return page


def wants_page(request: Request) -> bool:
    closed_to_pages = request.url.path.startswith(("/api/", "/images/", "/metrics", "/healthz", "/readyz"))
    return not closed_to_pages and "text/html" in request.headers.get("accept", "")


def _away(request: Request, address: str) -> Response:
    if "hx-request" in request.headers:  # a part of a page cannot be a log-in page: the whole window goes there
        return Response(status_code=401, headers={"HX-Redirect": address.partition("?")[0]})
    return RedirectResponse(address, status_code=303)
