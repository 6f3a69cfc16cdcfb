"""Every route × every role: the declared table is whole, and the guard keeps to it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from api.app import PAGE_ROUTERS, ROUTERS, create_app
from api.guard import WITH_A_BORROWED_PASSWORD
from api.permissions import OPEN, ROUTES
from pipeline.adapters.accounts import SessionKind, ensure_person, make_token, open_page_session, person_of
from pipeline.adapters.database import open_engine, writing
from pipeline.adapters.tables import people
from pipeline.domain.ticket import Role
from tests.api.conftest import NOW, SetClock
from tests.api.street import settings_of

SAFE = ("GET", "HEAD", "OPTIONS")
UNIT = "青禾社区"
"""Of the first ticket, so that the handler may see it."""
VALUES = {
    "number": "XJ-20261123-0001",
    "digest": "0" * 64,
    "finding_id": "f0001",
    "person_id": "9999",
    "token_id": "0" * 16,
    "day": "2026-11-23",
    "year": "2026",
}
"""What stands for the parts of a path; else 1."""
DECLARED = sorted(
    f"{method} {route.path}"
    for router in (*ROUTERS, *PAGE_ROUTERS)
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in route.methods or ()
)


@dataclass(frozen=True)
class Town:
    client: TestClient
    bearers: dict[Role, dict[str, str]]
    borrowed: str
    """The cookie of somebody who must change the password first."""

    def ask(self, route: str, headers: dict[str, str]) -> int:
        method, path = route.split(" ")
        self.client.cookies.clear()
        body: dict[str, object] | None = {} if path.startswith("/api/") and method not in SAFE else None
        return self.client.request(method, _filled(path), headers=headers, json=body).status_code


def _filled(path: str) -> str:
    parts = [(piece, piece.strip("{}").partition(":")[0]) for piece in path.split("/")]
    return "/".join(VALUES.get(name, "1") if piece.startswith("{") else piece for piece, name in parts)


@pytest.fixture(scope="module")
def town(built_home: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    home = tmp_path_factory.mktemp("roles") / "var"
    shutil.copytree(built_home[0], home)
    settings = settings_of(home)
    engine = open_engine(settings.sql_url)
    with writing(engine) as connection:
        bearers = {}
        for role in Role:
            ensure_person(connection, f"a {role}", role, "no hash", NOW)
            bearers[role] = {"Authorization": f"Bearer {make_token(connection, f'a {role}', NOW)}"}
        connection.execute(sa.update(people).where(people.c.role == Role.handler.value).values(unit=UNIT))
        ensure_person(connection, "new", Role.admin, "no hash", NOW)
        connection.execute(sa.update(people).where(people.c.name == "new").values(must_change=True))
        new = person_of(connection, make_token(connection, "new", NOW, life=timedelta(days=1)), SessionKind.token, NOW)
        assert new is not None
        secret = open_page_session(connection, new, NOW)
    engine.dispose()
    app = create_app(settings, SetClock(NOW))
    cookie = app.state.services.cookie.signer.sign(secret).decode()
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        yield Town(client, bearers, cookie)


def test_every_route_has_a_row_that_says_who_may_ask() -> None:
    missing = set(DECLARED) - set(ROUTES)
    assert not missing, f"add to api/permissions.py: {sorted(missing)}"


def test_no_row_is_left_over() -> None:
    assert set(ROUTES) - set(DECLARED) == set()


@pytest.mark.parametrize("role", Role)
def test_a_role_gets_just_what_the_table_grants(town: Town, role: Role) -> None:
    wrong = {}
    for route in DECLARED:
        status = town.ask(route, town.bearers[role])
        granted = ROUTES.get(route, frozenset(Role))
        expected = granted == OPEN or role in granted
        if (status not in (401, 403)) != expected or status >= 500:
            wrong[route] = status
    assert wrong == {}


def test_nobody_gets_what_is_open_and_nothing_else(town: Town) -> None:
    answers = {route: town.ask(route, {"Authorization": "Bearer none"}) for route in DECLARED}
    wrong = {route: status for route, status in answers.items() if (status != 401) != (ROUTES.get(route) == OPEN)}
    assert wrong == {}


def test_every_route_that_changes_something_refuses_a_form_from_another_site(town: Town) -> None:
    foreign: tuple[dict[str, str], ...] = (
        {"Origin": "http://evil.example"}, {"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"}, {},
    )  # fmt: skip
    wrong: dict[str, set[int]] = {}
    for route in DECLARED:
        if route.split(" ")[0] not in SAFE:
            answers = {town.ask(route, headers) for headers in foreign}
            wrong |= {route: answers} if answers != {403} else {}
    assert wrong == {}


def test_who_must_change_the_password_gets_no_further(town: Town) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "Cookie": f"streetpatrol={town.borrowed}"}
    # The last log out ends the session.
    routes = [*sorted(set(DECLARED) - {"POST /logout", "GET /metrics"}), "POST /logout"]
    passed = {route for route in routes if town.ask(route, headers) not in (401, 403)}
    assert passed == WITH_A_BORROWED_PASSWORD | {route for route in ROUTES if ROUTES[route] == OPEN}
