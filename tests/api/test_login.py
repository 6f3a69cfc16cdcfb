"""Who may come in, and how."""

from datetime import timedelta

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from httpx2 import Response

from api.app import PAGE_ROUTERS, ROUTERS, create_app
from pipeline.adapters.accounts import PAGE_LIFE, TOKEN_LIFE
from pipeline.domain.errors import BadInput
from pipeline.settings import Settings
from tests.api.conftest import ADMIN, ORIGIN, PASSWORD, VIEWER, SetClock, log_in

HTML = {"Accept": "text/html"}
OPEN_PATHS = {"/healthz", "/readyz", "/login", "/login/directory", "/login/directory/back"}


def test_nothing_but_health_and_login_is_open(anonymous: TestClient) -> None:
    paths = {path for path, answer in _asked_everywhere(anonymous).items() if answer not in (401, 405)}
    assert paths == OPEN_PATHS


def _asked_everywhere(client: TestClient) -> dict[str, int]:
    """Each path of the application, by GET and by POST with a token that is none of ours; the worst answer of both."""
    values = {"number": "XJ-20261123-0001", "digest": "0" * 64, "finding_id": "f0001"}
    answers: dict[str, int] = {}
    for path, methods in _paths(client):
        filled = path
        for part in [piece[1:-1] for piece in path.split("/") if piece.startswith("{")]:
            filled = filled.replace("{" + part + "}", values.get(part, "1"))
        for method in methods:
            answer = client.request(method, filled, headers={"Authorization": "Bearer none"}, data={})
            answers[path] = max(answers.get(path, 0), answer.status_code if path not in OPEN_PATHS else 200)
    return answers


def _paths(client: TestClient) -> list[tuple[str, set[str]]]:
    routes = [route for router in (*ROUTERS, *PAGE_ROUTERS) for route in router.routes]
    return [(route.path, set(route.methods or ())) for route in routes if isinstance(route, APIRoute)]


def test_the_machine_made_description_and_docs_are_not_open(anonymous: TestClient) -> None:
    for path in ("/openapi.json", "/docs", "/redoc", "/api/v1/openapi.json"):
        assert anonymous.get(path).status_code in (401, 404)


def test_a_person_is_sent_to_the_login_page_and_back(anonymous: TestClient) -> None:
    sent = anonymous.get("/tickets?status=filed", headers=HTML)
    assert sent.status_code == 303
    assert sent.headers["location"] == "/login?next=%2Ftickets%3Fstatus%3Dfiled"
    asked = {"name": ADMIN, "password": PASSWORD, "next": "/tickets?status=filed"}
    entered = anonymous.post("/login", data=asked, headers=ORIGIN)
    assert entered.headers["location"] == "/tickets?status=filed"
    assert anonymous.get("/tickets?status=filed", headers=HTML).status_code == 200


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1", "x"])
def test_login_never_leads_to_another_host(anonymous: TestClient, wanted: str) -> None:
    entered = anonymous.post("/login", data={"name": ADMIN, "password": PASSWORD, "next": wanted}, headers=ORIGIN)
    assert entered.headers["location"] == "/"


def test_the_cookie_is_closed_to_scripts_and_holds_no_stored_value(anonymous: TestClient) -> None:
    entered = anonymous.post("/login", data={"name": ADMIN, "password": PASSWORD}, headers=ORIGIN)
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(settings: Settings, clock: SetClock) -> None:
    with TestClient(create_app(settings, clock), base_url="https://town.example", follow_redirects=False) as client:
        asked = {"name": ADMIN, "password": PASSWORD}
        entered = client.post("/login", data=asked, headers={"Origin": "https://town.example"})
        assert entered.headers["set-cookie"].startswith("__Host-streetpatrol=")
        assert "secure" in entered.headers["set-cookie"].lower()
        assert "strict-transport-security" in entered.headers


def test_a_wrong_password_and_an_unknown_name_read_the_same(anonymous: TestClient) -> None:
    wrong = anonymous.post("/login", data={"name": ADMIN, "password": "wrong"}, headers=ORIGIN)
    unknown = anonymous.post("/login", data={"name": ADMIN[::-1], "password": "wrong"}, headers=ORIGIN)
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace(ADMIN, "") == unknown.text.replace(ADMIN[::-1], "")


def test_the_sixth_guess_within_a_minute_is_refused_even_if_right(anonymous: TestClient) -> None:
    guesses = [
        anonymous.post("/login", data={"name": ADMIN, "password": f"guess {n}"}, headers=ORIGIN) for n in range(5)
    ]
    assert {guess.status_code for guess in guesses} == {401}
    sixth = anonymous.post("/login", data={"name": ADMIN.upper(), "password": PASSWORD}, headers=ORIGIN)
    assert sixth.status_code == 429
    assert sixth.headers["retry-after"] == "60"


def test_logging_out_ends_the_session_on_the_server(person: TestClient) -> None:
    kept = dict(person.cookies)
    assert person.post("/logout").status_code == 303
    person.cookies.update(kept)
    assert person.get("/tickets").status_code == 303


def test_a_session_and_a_token_end(person: TestClient, built_home: tuple[str, str], clock: SetClock) -> None:
    clock.pass_by(PAGE_LIFE - timedelta(seconds=1))
    assert person.get("/tickets").status_code == 200
    clock.pass_by(timedelta(seconds=1))
    assert person.get("/tickets").status_code == 303
    bearer = {"Authorization": f"Bearer {built_home[1]}"}
    assert person.get("/api/v1/reasons", headers=bearer).status_code == 200
    clock.pass_by(TOKEN_LIFE)
    assert person.get("/api/v1/reasons", headers=bearer).status_code == 401


def test_a_forged_or_borrowed_cookie_is_nobody(person: TestClient, built_home: tuple[str, str]) -> None:
    value = person.cookies["streetpatrol"]
    signature = value[-6]
    other = "A" if signature != "A" else "B"
    for forged in (value[:-6] + other + value[-5:], value.rsplit(".", 1)[0], built_home[1], "."):
        person.cookies.clear()
        person.cookies.set("streetpatrol", forged)
        assert person.get("/tickets").status_code == 303
    person.cookies.clear()
    person.cookies.set("streetpatrol", value)
    assert person.get("/tickets").status_code == 200


def test_a_form_from_another_site_is_refused(person: TestClient) -> None:
    confirm = "/tickets/XJ-20261123-0001/confirm"
    foreign: tuple[dict[str, str], ...] = (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "same-site"},
        {"Origin": ""},
    )
    for headers in foreign:
        assert person.post(confirm, headers=headers).status_code == 403, headers
    assert person.post(confirm, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303


def test_a_made_up_authorization_header_does_not_open_the_cookies_door(person: TestClient) -> None:
    headers = {"Authorization": "Bearer x", "Origin": "http://evil.example"}
    assert person.post("/tickets/XJ-20261123-0001/confirm", headers=headers).status_code == 303
    answer = person.get("/api/v1/tickets/XJ-20261123-0001")
    assert answer.json()["status"] == "awaiting_review"


def test_part_of_a_page_asked_for_after_the_session_ended_moves_the_whole_window(anonymous: TestClient) -> None:
    answer = anonymous.get("/tickets", headers=HTML | {"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/login"


def test_without_a_session_key_nothing_starts(settings: Settings) -> None:
    with pytest.raises(BadInput, match="patrol init"):
        create_app(Settings(home=settings.home))


def test_a_viewer_may_look_but_not_judge(anonymous: TestClient) -> None:
    log_in(anonymous, "看客")
    page = anonymous.get("/tickets/XJ-20261123-0001")
    assert page.status_code == 200
    assert 'data-key="confirm"' not in page.text
    assert anonymous.post("/tickets/XJ-20261123-0001/confirm").status_code == 403
    assert anonymous.post("/suppressions/f0001/lift").status_code == 403


def guess(client: TestClient, password: str, name: str = ADMIN) -> Response:
    """As from an address of its own each time, so that only the account's own lock counts."""
    client.app.state.services.gate.limiter.storage.reset()  # type: ignore[attr-defined]  # our own application
    return client.post("/login", data={"name": name, "password": password}, headers=ORIGIN)


def test_ten_wrong_passwords_lock_the_account_for_a_while_even_for_the_right_one(
    anonymous: TestClient, clock: SetClock
) -> None:
    refused = [guess(anonymous, f"guess {n}") for n in range(10)]
    assert {answer.status_code for answer in refused} == {401}
    locked = guess(anonymous, PASSWORD)
    assert locked.status_code == 401
    assert locked.text == refused[0].text, "who guesses does not learn that it was right"
    clock.pass_by(timedelta(minutes=14, seconds=59))
    assert guess(anonymous, PASSWORD).status_code == 401
    clock.pass_by(timedelta(seconds=1))
    assert guess(anonymous, PASSWORD).status_code == 303


def test_wrong_passwords_are_forgotten_after_the_right_one(anonymous: TestClient) -> None:
    for _ in range(2):
        assert {guess(anonymous, f"guess {n}").status_code for n in range(9)} == {401}
        assert guess(anonymous, PASSWORD).status_code == 303


def test_the_lock_outlives_the_process(anonymous: TestClient, settings: Settings, clock: SetClock) -> None:
    for number in range(10):
        guess(anonymous, f"guess {number}")
    with TestClient(create_app(settings, clock), follow_redirects=False) as another:
        assert guess(another, PASSWORD).status_code == 401
        assert guess(another, PASSWORD, VIEWER).status_code == 303


def test_a_login_page_speaks_of_no_provider_unless_one_is_configured(anonymous: TestClient) -> None:
    assert "/login/directory" not in anonymous.get("/login").text
    assert anonymous.get("/login/directory").status_code == 404
