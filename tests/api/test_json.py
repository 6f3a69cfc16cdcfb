"""The JSON API: lists without gaps, verdicts, problems in one form, no secret in any answer."""

import hashlib
from datetime import timedelta

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from api.app import PAGE_ROUTERS
from pipeline.adapters import tables
from pipeline.adapters.database import open_engine, reading, writing
from pipeline.adapters.images import LocalImages
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.model_version import ModelVersion
from pipeline.domain.patrol import Outcome
from pipeline.ports import ImageKind
from pipeline.settings import Settings
from pipeline.steps.promotion import start_with
from tests.api.conftest import NOW, PASSWORD
from tests.api.street import SEALED, add_ticket

FIRST = "XJ-20261123-0001"


def _walk(client: TestClient, path: str, size: int = 3, **filters: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    cursor = None
    while True:
        asked = {**filters, "size": str(size)} | ({"cursor": cursor} if cursor else {})
        page = client.get(path, params=asked).json()
        rows += page["rows"]
        cursor = page["next"]
        if cursor is None:
            return rows


@pytest.mark.parametrize("sort", ["-created_at", "created_at", "-updated_at", "updated_at"])
def test_pages_of_tickets_have_no_gap_and_no_double(program: TestClient, sort: str) -> None:
    rows = _walk(program, "/api/v1/tickets", sort=sort)
    assert len(rows) == len({row["number"] for row in rows}) == 14
    keys = [(row[sort.strip("-")], row["number"]) for row in rows]
    assert keys == sorted(keys, reverse=sort.startswith("-"))


def test_a_ticket_that_comes_while_one_reads_on_shifts_nothing(program: TestClient, settings: Settings) -> None:
    first = program.get("/api/v1/tickets?size=5").json()
    engine = open_engine(settings.sql_url)
    add_ticket(engine, LocalImages(settings.home / "images"), 40, NOW)
    engine.dispose()
    second = program.get("/api/v1/tickets", params={"size": 5, "cursor": first["next"]}).json()
    numbers = [row["number"] for row in first["rows"] + second["rows"]]
    assert numbers == [f"XJ-20261123-{n:04d}" for n in range(1, 11)]


def test_tickets_created_in_the_same_instant_are_all_listed(program: TestClient, settings: Settings) -> None:
    engine = open_engine(settings.sql_url)
    with writing(engine) as connection:
        connection.execute(sa.update(tables.tickets).values(created_at=NOW))
    engine.dispose()
    assert len({row["number"] for row in _walk(program, "/api/v1/tickets")}) == 14


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("category=litter", 4),
        ("category=litter&status=filed", 0),
        ("status=awaiting_review&status=filed", 14),
        ("site=人民路口", 3),
        ("unit=滨河社区&category=street_business", 3),
        ("view=1", 2),
        ("text=0007", 1),
        ("text=农贸", 3),
        ("text=LITTER", 4),
        ("text=%25", 0),
        ("text=_", 0),
        ("text=", 14),
    ],
)
def test_filters(program: TestClient, asked: str, expected: int) -> None:
    assert len(program.get(f"/api/v1/tickets?{asked}&size=100").json()["rows"]) == expected


@pytest.mark.parametrize("cursor", ["x", "W10", "bnVsbA", "WyIyMDI2IiwxXQ", "!!", "eyJhIjoxfQ", "A" * 399, "W1tbW1tb"])
def test_a_made_up_cursor_is_bad_input(program: TestClient, cursor: str) -> None:
    for path in ("tickets", "rounds", "views", "suppressions", "views/1/health", "rounds/1/visits"):
        assert program.get(f"/api/v1/{path}", params={"cursor": cursor}).status_code == 422


def test_one_ticket_tells_its_story(program: TestClient) -> None:
    ticket = program.get(f"/api/v1/tickets/{FIRST}").json()
    assert {image["role"] for image in ticket["images"]} == {"plain", "outlined"}
    assert [line["what"] for line in ticket["history"]] == ["filed_for_review"]
    assert ticket["finding"]["sightings"] == len(ticket["finding"]["strip"]) == 4
    assert ticket["finding"]["rounds"] == 4
    times = [frame["at"] for frame in ticket["finding"]["strip"]]
    assert times == sorted(times)


def test_a_verdict_moves_the_ticket_and_can_be_taken_back(program: TestClient) -> None:
    assert program.post(f"/api/v1/tickets/{FIRST}/confirm").json() == {"number": FIRST, "status": "filed"}
    again = program.post(f"/api/v1/tickets/{FIRST}/confirm")
    assert again.status_code == 409
    assert program.post(f"/api/v1/tickets/{FIRST}/reopen").json()["status"] == "awaiting_review"
    dismissed = program.post(f"/api/v1/tickets/{FIRST}/dismiss", json={"reason": "shadow"})
    assert dismissed.json()["status"] == "dismissed"
    history = program.get(f"/api/v1/tickets/{FIRST}").json()["history"]
    assert [line["what"] for line in history] == ["filed_for_review", "filed", "awaiting_review", "dismissed"]
    assert (history[-1]["who"], history[-1]["reason_zh"]) == ("admin", "阴影")


def test_a_suppression_is_listed_and_can_be_lifted(program: TestClient) -> None:
    program.post(f"/api/v1/tickets/{FIRST}/dismiss", json={"reason": "licensed_stall"})
    (row,) = program.get("/api/v1/suppressions").json()["rows"]
    assert (row["number"], row["reason"], row["who"]) == (FIRST, "licensed_stall", "admin")
    assert row["suppress_until"] == (NOW + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert program.post(f"/api/v1/suppressions/{row['id']}/lift").status_code == 204
    assert program.get("/api/v1/suppressions").json()["rows"] == []
    assert program.post(f"/api/v1/suppressions/{row['id']}/lift").status_code == 409


def test_coverage_counts_only_what_was_looked_at(program: TestClient) -> None:
    newest = program.get("/api/v1/rounds").json()["rows"][0]
    assert newest["planned"] == 13
    assert newest["visited"] == {"seen": 3, "unchanged": 5, "unreachable": 1, "stale": 1, "blinded": 1, "moved": 1}
    assert newest["covered"] == 8
    assert newest["coverage"] == pytest.approx(8 / 13)
    assert program.get(f"/api/v1/rounds/{newest['id']}").json() == newest


def test_a_view_that_a_later_attempt_reached_is_covered_once(program: TestClient, settings: Settings) -> None:
    engine = open_engine(settings.sql_url)
    with writing(engine) as connection:
        query = sa.select(tables.visits).where(tables.visits.c.round_id == 12, tables.visits.c.view_id == 5)
        row = connection.execute(query).one()._asdict()
        for attempt, outcome in ((2, "seen"), (3, "unreachable")):
            connection.execute(sa.insert(tables.visits).values({**row, "attempt": attempt, "outcome": outcome}))
    engine.dispose()
    newest = program.get("/api/v1/rounds/12").json()
    assert newest["covered"] == 9
    assert sum(newest["visited"].values()) == 12
    assert len(_walk(program, "/api/v1/rounds/12/visits")) == 14


def test_views_that_cannot_be_seen_come_first_and_never_looked_at_is_said(program: TestClient) -> None:
    rows = _walk(program, "/api/v1/views")
    outcomes = [row["last_outcome"] for row in rows]
    assert set(outcomes[:4]) == {"unreachable", "stale", "blinded", "moved"}
    assert outcomes[4] is None
    assert set(outcomes[5:]) == {"seen", "unchanged"}
    assert len({row["id"] for row in rows}) == 13


def test_a_view_tells_its_health(program: TestClient) -> None:
    view = program.get("/api/v1/views/5").json()
    assert (view["last_outcome"], view["last_fault"], view["failures"]) == ("unreachable", "timeout", 4)
    assert view["next_try_at"] is not None
    health = _walk(program, "/api/v1/views/5/health", size=1)
    assert health[0]["outcome"] == "unreachable"


def test_a_category_says_whether_the_model_in_use_looks_for_it(program: TestClient, settings: Settings) -> None:
    none = program.get("/api/v1/categories").json()
    assert none["model"] is None
    assert not any(category["detected"] for category in none["categories"])
    engine = open_engine(settings.sql_url)
    start_with(SqlUnitsOfWork(engine), ModelVersion("ab" * 6, "street", ("litter", "person"), NOW, "patrol"), "l", NOW)
    engine.dispose()
    known = program.get("/api/v1/categories").json()
    assert (known["model"]["model"], known["model"]["name"]) == ("ab" * 6, "street")
    assert [category["code"] for category in known["categories"] if category["detected"]] == ["litter"]


def test_an_image_is_served_to_those_logged_in_and_kept_by_their_browser(program: TestClient) -> None:
    digest = program.get(f"/api/v1/tickets/{FIRST}").json()["images"][0]["digest"]
    answer = program.get(f"/images/{digest}")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert hashlib.sha256(answer.content).hexdigest() == digest
    again = program.get(f"/images/{digest}", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert program.get(f"/images/{digest}", headers={"Authorization": "Bearer none"}).status_code == 401


def test_what_no_row_names_and_prints_are_never_served(program: TestClient, settings: Settings) -> None:
    images = LocalImages(settings.home / "images")
    unnamed = images.put(b"\xff\xd8 unnamed", ImageKind.evidence)
    print_digest = images.put(b"\xff\xd8 print", ImageKind.print)
    engine = open_engine(settings.sql_url)
    with writing(engine) as connection:
        columns = {"digest": print_digest, "kind": "print", "view_id": 1, "size_bytes": 8, "created_at": NOW}
        connection.execute(sa.insert(tables.images).values(columns))
    engine.dispose()
    for digest in (unnamed, print_digest, "0" * 64):
        assert program.get(f"/images/{digest}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nowhere", 404),
        ("GET", "/api/v1/tickets/XJ-20261123-9999", 404),
        ("GET", "/api/v1/tickets/nonsense", 422),
        ("GET", "/api/v1/tickets?size=0", 422),
        ("GET", "/api/v1/views/99", 404),
        ("GET", "/api/v1/views/99999999999999999999", 422),
        ("DELETE", "/api/v1/tickets", 405),
        ("GET", f"/api/v1/tickets/{FIRST}/confirm", 405),
        ("POST", f"/api/v1/tickets/{FIRST}/dismiss", 422),
    ],
)
def test_every_problem_has_one_form(program: TestClient, method: str, path: str, status: int) -> None:
    answer = program.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail"}
    assert problem["status"] == status


def test_a_refused_method_is_told_all_that_are_answered(program: TestClient) -> None:
    assert program.put("/login").headers["allow"] == "GET, POST"
    assert program.delete("/api/v1/tickets").headers["allow"] == "GET"


def test_a_reason_that_is_no_row_is_bad_input(program: TestClient) -> None:
    answer = program.post(f"/api/v1/tickets/{FIRST}/dismiss", json={"reason": "because"})
    assert answer.status_code == 422
    assert "because" in answer.json()["detail"]


def test_no_secret_is_in_any_answer(program: TestClient, settings: Settings, built_home: tuple[str, str]) -> None:
    engine = open_engine(settings.sql_url)
    with reading(engine) as connection:
        stored = connection.scalars(sa.select(tables.people.c.password_hash)).all()
        digests = connection.scalars(sa.select(tables.sessions.c.digest)).all()
    engine.dispose()
    secrets = [SEALED.decode(), PASSWORD, built_home[1], "k" * 40, *stored, *digests, "argon2", "$v="]
    paths = ["/metrics", "/api/v1/openapi.json", "/healthz", "/readyz", "/", "/login", "/about", "/suppressions"]
    paths += ["/tickets", f"/tickets/{FIRST}", "/rounds", "/rounds/1", "/views", "/views/1"]
    paths += [f"/api/v1/{name}" for name in ("tickets", "rounds", "views", "suppressions", "categories", "reasons")]
    paths += [f"/api/v1/tickets/{FIRST}", "/api/v1/views/1", "/api/v1/views/1/health", "/api/v1/rounds/1/visits"]
    for path in paths:
        answer = program.get(path)
        assert answer.status_code in (200, 303), path
        shown = answer.text + str(answer.headers)
        assert not [secret for secret in secrets if secret in shown], path


def test_every_answer_bears_the_safe_headers(program: TestClient) -> None:
    for path in ("/healthz", "/tickets", "/static/css/tokens.css", "/nowhere", "/api/v1/tickets"):
        headers = program.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_pages_are_not_described_as_api(program: TestClient) -> None:
    described = set(program.get("/api/v1/openapi.json").json()["paths"])
    pages = {route.path for router in PAGE_ROUTERS for route in router.routes if hasattr(route, "path")}
    assert not described & pages
    assert "/api/v1/tickets/{number}/confirm" in described


def test_outcomes_are_all_described(program: TestClient) -> None:
    described = program.get("/api/v1/openapi.json").json()["components"]["schemas"]["Outcome"]
    assert described["enum"] == [outcome.value for outcome in Outcome]
