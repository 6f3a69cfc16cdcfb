"""Accounts by page and API: who is added, changed, reset, unlocked; the own account; units' accounts; the audit."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from pipeline.adapters.accounts import ensure_person, hash_password, make_token
from pipeline.adapters.accounts_admin import By, Standing, change_person, id_of
from pipeline.adapters.database import open_engine, writing
from pipeline.domain.ticket import Role
from pipeline.settings import Settings
from tests.api.conftest import ADMIN, NOW, ORIGIN, PASSWORD, VIEWER, SetClock, log_in

PAGES = (
    "/people", "/people?role=viewer&text=看", "/people/1", "/people/2", "/people/audit", "/account",
    "/account/password", "/people/audit?day_from=2026-11-23&day_to=2026-11-23&who=admin",
)  # fmt: skip
UNIT, OTHER_UNIT = "青禾社区", "滨河社区"
OWN, FOREIGN = "XJ-20261123-0001", "XJ-20261123-0002"
NEW = {"name": "李敏", "role": "handler", "unit": UNIT}
BETTER = "a much better secret"


@pytest.fixture
def handler(settings: Settings, clock: SetClock) -> Iterator[TestClient]:
    """Asks with the token of a handler of UNIT."""
    engine = open_engine(settings.sql_url)
    with writing(engine) as connection:
        ensure_person(connection, "王强", Role.handler, "no hash", NOW)
        change_person(connection, id_of(connection, "王强"), Standing(Role.handler, UNIT), By(ADMIN, NOW))
        token = make_token(connection, "王强", NOW)
    engine.dispose()
    with TestClient(create_app(settings, clock), follow_redirects=False) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


@contextmanager
def another_browser(client: TestClient) -> Iterator[TestClient]:
    with TestClient(client.app, follow_redirects=False) as browser:
        browser.headers.update(ORIGIN | {"Accept": "text/html"})
        yield browser


def shown_secret(page: str) -> str:
    found = re.search(r'<output id="secret"[^>]*>([^<]+)<', page)
    assert found, page
    return found[1]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_pages_of_people_render_in_both_languages(person: TestClient, path: str, language: str) -> None:
    person.cookies.set("lang", language)
    answer = person.get(path)
    assert answer.status_code == 200, answer.text
    assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in answer.text


def test_a_new_person_changes_the_password_before_anything_else(person: TestClient) -> None:
    password = shown_secret(person.post("/people", data=NEW).text)
    with another_browser(person) as browser:
        browser.post("/login", data={"name": "李敏", "password": password})
        for page in ("/tickets", "/account", f"/tickets/{OWN}"):
            sent = browser.get(page)
            assert (sent.status_code, sent.headers["location"]) == (303, "/account/password")
        refused = browser.get("/api/v1/tickets")
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:streetpatrol:problem:PasswordChangeNeeded")
        form = {"present": password, "wanted": BETTER, "again": BETTER}
        assert browser.post("/account/password", data=form | {"again": "something else"}).status_code == 422
        assert browser.post("/account/password", data=form | {"present": "not this one"}).status_code == 422
        assert browser.post("/account/password", data=form).headers["location"] == "/"
        assert browser.get("/tickets").status_code == 200
        assert browser.post("/login", data={"name": "李敏", "password": password}).status_code == 401
        assert browser.post("/login", data={"name": "李敏", "password": BETTER}).status_code == 303


@pytest.mark.parametrize("wanted", ["short", PASSWORD, f"{ADMIN} and some more"])
def test_a_password_is_long_new_and_does_not_hold_the_name(person: TestClient, wanted: str) -> None:
    form = {"present": PASSWORD, "wanted": wanted, "again": wanted}
    assert person.post("/account/password", data=form).status_code == 422
    log_in(person, ADMIN)


def test_a_change_of_password_ends_every_other_session_and_token(person: TestClient, program: TestClient) -> None:
    bearer = {"Authorization": program.headers["Authorization"]}
    del program.headers["Authorization"]
    with another_browser(person) as browser:
        log_in(browser, ADMIN)
        form = {"present": PASSWORD, "wanted": BETTER, "again": BETTER}
        assert person.post("/account/password", data=form).status_code == 303
        assert person.get("/account").status_code == 200
        assert browser.get("/account").status_code == 303
        assert browser.get("/api/v1/account", headers=bearer).status_code == 401


def test_what_is_refused_is_said_on_the_page(person: TestClient) -> None:
    for form, said in (
        (NEW | {"unit": ""}, "必须属于一个责任单位"),
        (NEW | {"name": VIEWER}, "已有同名人员"),
        (NEW | {"unit": "no such unit"}, "未能保存"),
    ):
        refused = person.post("/people", data=form)
        assert refused.status_code == 422
        assert said in refused.text
    demoted = person.post("/people/1", data={"role": "viewer"})
    assert demoted.status_code == 422
    assert "不能改变自己的角色" in demoted.text


def test_a_disabled_person_is_out_at_once_and_may_come_back(program: TestClient) -> None:
    bearer = program.headers.pop("Authorization")
    admin = {"Authorization": bearer}
    with another_browser(program) as browser:
        log_in(browser, VIEWER)
        changed = browser.patch("/api/v1/people/2", json={"disabled": True}, headers=admin).json()
        assert (changed["disabled"], changed["role"]) == (True, "viewer")
        assert browser.get("/tickets").status_code == 303
        assert browser.post("/login", data={"name": VIEWER, "password": PASSWORD}).status_code == 401
        browser.patch("/api/v1/people/2", json={"disabled": False}, headers=admin)
        log_in(browser, VIEWER)


def test_nobody_locks_the_last_admin_out(program: TestClient) -> None:
    for change in ({"disabled": True}, {"role": "viewer"}):
        assert program.patch("/api/v1/people/1", json=change).status_code == 409
    assert program.post("/api/v1/people/1/reset-password").status_code == 409
    assert program.patch("/api/v1/people/1", json={"unit": UNIT}).json()["unit"] == UNIT


def test_a_changed_role_counts_from_the_next_request_on(program: TestClient) -> None:
    admin = {"Authorization": program.headers.pop("Authorization")}
    with another_browser(program) as browser:
        log_in(browser, VIEWER)
        assert browser.post(f"/tickets/{OWN}/confirm").status_code == 403
        browser.patch("/api/v1/people/2", json={"role": "reviewer"}, headers=admin)
        assert browser.post(f"/tickets/{OWN}/confirm").status_code == 303


def test_an_admin_unlocks_and_resets(program: TestClient, clock: SetClock) -> None:
    admin = {"Authorization": program.headers.pop("Authorization")}
    gate = program.app.state.services.gate  # type: ignore[attr-defined]  # our own application
    with another_browser(program) as browser:
        for number in range(10):
            gate.limiter.storage.reset()
            browser.post("/login", data={"name": VIEWER, "password": f"guess {number}"})
        locked = browser.get("/api/v1/people/2", headers=admin).json()["locked_until"]
        assert locked == (NOW + timedelta(minutes=15)).strftime("%Y-%m-%dT%H:%M:%SZ")
        gate.limiter.storage.reset()
        assert browser.post("/api/v1/people/2/unlock", headers=admin).json()["locked_until"] is None
        log_in(browser, VIEWER)
        made = browser.post("/api/v1/people/2/reset-password", headers=admin).json()
        assert made["person"]["must_change"]
        assert browser.get("/tickets").status_code == 303, "its sessions have ended"
        entered = browser.post("/login", data={"name": VIEWER, "password": made["password"]})
        assert entered.status_code == 303
        assert browser.get("/tickets").headers["location"] == "/account/password"


def test_a_token_is_shown_once_listed_without_itself_and_revoked(person: TestClient) -> None:
    page = person.post("/account/tokens", data={"name": "大屏", "days": "30"})
    token = shown_secret(page.text)
    bearer = {"Authorization": f"Bearer {token}"}
    assert person.get("/api/v1/account", headers=bearer).json()["name"] == ADMIN
    listed = person.get("/api/v1/account/tokens").json()
    (mine,) = [row for row in listed if row["name"] == "大屏"]
    assert mine["expires_at"] == (NOW + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert mine["last_used_at"] == NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert token not in person.get("/account").text + str(listed)
    assert person.post(f"/account/tokens/{mine['id']}/revoke").status_code == 303
    assert person.get("/api/v1/account", headers=bearer).status_code == 401
    assert person.post(f"/account/tokens/{mine['id']}/revoke").status_code == 404


def test_a_token_ends_on_its_day(program: TestClient, clock: SetClock) -> None:
    made = program.post("/api/v1/account/tokens", json={"name": "short", "days": 1}).json()
    bearer = {"Authorization": f"Bearer {made['token']}"}
    clock.pass_by(timedelta(days=1, seconds=-1))
    assert program.get("/api/v1/account", headers=bearer).status_code == 200
    clock.pass_by(timedelta(seconds=1))
    assert program.get("/api/v1/account", headers=bearer).status_code == 401
    assert "short" not in [row["name"] for row in program.get("/api/v1/account/tokens").json()]


def test_tokens_are_few_and_ones_own(program: TestClient) -> None:
    made = [program.post("/api/v1/account/tokens", json={"name": f"no. {n}"}).status_code for n in range(20)]
    assert made == [201] * 19 + [409], "the town's own makes twenty"
    (first, *_) = program.get("/api/v1/people/1/tokens").json()
    assert program.delete(f"/api/v1/people/2/tokens/{first['id']}").status_code == 404
    assert program.delete(f"/api/v1/people/1/tokens/{first['id']}").status_code == 204


def test_the_language_of_the_account_comes_with_the_login(person: TestClient) -> None:
    assert 'lang="en"' not in person.get("/tickets").text.partition("<head>")[0]
    person.post("/account", data={"language": "en"})
    assert '<html lang="en"' in person.get("/tickets").text
    with another_browser(person) as browser:
        log_in(browser, ADMIN)
        assert '<html lang="en"' in browser.get("/tickets").text


def test_leaving_elsewhere_keeps_this_browser(person: TestClient) -> None:
    with another_browser(person) as browser:
        log_in(browser, ADMIN)
        assert person.post("/account/leave-elsewhere").status_code == 303
        assert browser.get("/account").status_code == 303
        assert person.get("/account").status_code == 200


# A unit's own account


def test_a_handler_sees_the_tickets_of_the_own_unit_and_no_other(handler: TestClient, program: TestClient) -> None:
    whole = program.get("/api/v1/tickets?size=100").json()["rows"]
    own = handler.get("/api/v1/tickets?size=100").json()["rows"]
    assert [row["number"] for row in own] == [row["number"] for row in whole if row["unit"] == UNIT]
    assert 0 < len(own) < len(whole)
    assert handler.get("/api/v1/tickets", params={"unit": OTHER_UNIT}).json()["rows"] == []
    page = handler.get("/tickets", headers={"Accept": "text/html"}).text
    assert OWN in page
    assert FOREIGN not in page
    assert f"<b>{len(own)}</b>" in page, "the counts are of the own tickets too"


@pytest.mark.parametrize("path", ["/tickets/{}", "/api/v1/tickets/{}"])
def test_another_units_ticket_is_not_there_for_a_handler(handler: TestClient, path: str) -> None:
    assert handler.get(path.format(OWN)).status_code == 200
    foreign, made_up = handler.get(path.format(FOREIGN)), handler.get(path.format("XJ-20261123-9999"))
    assert foreign.status_code == made_up.status_code == 404
    assert foreign.text.replace(FOREIGN, "") == made_up.text.replace("XJ-20261123-9999", "")


def test_a_handler_sees_the_images_of_own_tickets_and_no_other(handler: TestClient, program: TestClient) -> None:
    def images(number: str) -> list[str]:
        ticket = program.get(f"/api/v1/tickets/{number}").json()
        strip = [frame["image"] for frame in ticket["finding"]["strip"]]
        return [image["digest"] for image in ticket["images"]] + strip

    assert {handler.get(f"/images/{digest}").status_code for digest in images(OWN)} == {200}
    foreign = set(images(FOREIGN)) - set(images(OWN))
    assert {handler.get(f"/images/{digest}").status_code for digest in foreign} == {404}
    last = program.get("/api/v1/views/1").json()["last_image"]
    assert handler.get(f"/images/{last}").status_code == 404, "a view's last frame is no ticket"


def test_a_handler_without_a_unit_sees_nothing(settings: Settings, clock: SetClock) -> None:
    engine = open_engine(settings.sql_url)
    with writing(engine) as connection:
        ensure_person(connection, "nowhere", Role.handler, "no hash", NOW)
        token = make_token(connection, "nowhere", NOW)
    engine.dispose()
    with TestClient(create_app(settings, clock)) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        assert client.get("/api/v1/tickets").json()["rows"] == []
        assert client.get(f"/api/v1/tickets/{OWN}").status_code == 404


def test_pages_show_a_role_no_way_to_what_it_may_not(person: TestClient) -> None:
    assert 'href="/people"' in person.get("/tickets").text
    with another_browser(person) as browser:
        log_in(browser, VIEWER)
        assert 'href="/people"' not in browser.get("/tickets").text


# The audit


def audit(client: TestClient, **asked: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = client.get("/api/v1/audit", params=asked).json()["rows"]
    return rows


def views_looked_at(client: TestClient, **asked: str) -> list[str]:
    return [str(row["subject"]).partition(" ")[0] for row in audit(client, action="looked", **asked)]


def test_a_change_is_kept_with_who_when_before_and_after(program: TestClient) -> None:
    program.patch("/api/v1/people/2", json={"role": "dispatcher"})
    (row,) = audit(program, kind="person", action="changed")
    assert (row["who"], row["subject"], row["at"]) == (ADMIN, VIEWER, NOW.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert row["before"] == {"role": "viewer", "unit": None, "disabled": False}
    assert row["after"] == {"role": "dispatcher", "unit": None, "disabled": False}
    program.patch("/api/v1/people/2", json={"role": "dispatcher"})
    assert len(audit(program, kind="person", action="changed")) == 1, "nothing changed"


def test_a_look_is_kept_once_a_person_view_and_hour(program: TestClient, clock: SetClock) -> None:
    digest = program.get(f"/api/v1/tickets/{OWN}").json()["images"][0]["digest"]
    for path in (f"/tickets/{OWN}", f"/images/{digest}", "/views/1", "/api/v1/views/1", f"/api/v1/tickets/{OWN}"):
        assert program.get(path).status_code == 200
    assert views_looked_at(program) == ["1"]
    program.get("/api/v1/views/2")
    program.get("/api/v1/views/99")
    assert views_looked_at(program) == ["2", "1"], "what is not there is no look"
    clock.pass_by(timedelta(hours=1))
    program.get("/views/1")
    assert views_looked_at(program) == ["1", "2", "1"]


def test_another_process_does_not_note_the_same_look_again(
    program: TestClient, settings: Settings, clock: SetClock
) -> None:
    program.get("/views/1")
    with TestClient(create_app(settings, clock)) as another:
        another.get("/views/1", headers={"Authorization": program.headers["Authorization"]})
    assert len(audit(program, action="looked")) == 1


def test_the_audit_is_filtered_by_person_kind_subject_and_local_day(program: TestClient, clock: SetClock) -> None:
    program.get("/views/1")
    clock.pass_by(timedelta(hours=10))  # past midnight in the town, though not in UTC
    program.get("/views/2")
    assert views_looked_at(program, day_from="2026-11-24") == ["2"]
    assert views_looked_at(program, day_to="2026-11-23") == ["1"]
    assert audit(program, who="nobody") == []
    assert len(audit(program, kind="view", subject="农贸")) == 1
    assert program.get("/api/v1/audit?day_from=1066-10-14").status_code == 422


def test_pages_of_the_audit_have_no_gap_and_no_double(program: TestClient) -> None:
    for view in range(1, 8):
        program.get(f"/api/v1/views/{view}")
    seen: list[object] = []
    cursor = ""
    while cursor is not None:
        page = program.get("/api/v1/audit", params={"size": 2, "cursor": cursor}).json()
        seen += [row["id"] for row in page["rows"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) >= 7
    assert seen == sorted(seen, key=lambda number: -int(str(number)))


def test_no_password_and_no_token_is_in_the_audit(program: TestClient) -> None:
    made = program.post("/api/v1/people", json=NEW).json()
    reset = program.post(f"/api/v1/people/{made['person']['id']}/reset-password").json()
    token = program.post("/api/v1/account/tokens", json={"name": "x"}).json()["token"]
    whole = program.get("/api/v1/audit?size=100").text
    assert not [
        secret for secret in (made["password"], reset["password"], token, hash_password(BETTER)[:20]) if secret in whole
    ]
