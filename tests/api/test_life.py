"""A ticket's life over HTTP: as JSON, as forms, and as pages in both languages."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from api.app import create_app
from pipeline.adapters import tables
from pipeline.adapters.accounts import ensure_person, hash_password, make_token
from pipeline.adapters.database import open_engine, reading, writing
from pipeline.adapters.history_chain import broken_links
from pipeline.adapters.images import LocalImages
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.patrol import Outcome
from pipeline.domain.ticket import Role
from pipeline.domain.verification import AfterLook, Opinion
from pipeline.settings import Settings
from pipeline.steps.verify import take_look
from tests.api.conftest import NOW, ORIGIN, PASSWORD, SetClock
from tests.api.street import add_ticket, settings_of

LEAD, OTHER = "青禾社区", "城市管理办"
PEOPLE = {
    "reviewer": (Role.reviewer, None),
    "dispatcher": (Role.dispatcher, None),
    "handler": (Role.handler, LEAD),
    "other": (Role.handler, OTHER),
}


@dataclass(frozen=True, slots=True)
class Town:
    client: TestClient
    tokens: dict[str, str]
    clock: SetClock
    settings: Settings
    number: str
    """Of a ticket that awaits review, and that no other test has."""

    def ask(
        self, who: str, path: str, body: dict[str, object] | None = None, method: str = "POST"
    ) -> dict[str, object]:
        """The JSON answer of a request that must succeed."""
        answer = self.send(who, path, body, method)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else {}

    def send(
        self, who: str, path: str, body: dict[str, object] | None = None, method: str = "POST"
    ) -> Any:  # Any: the client's own answer
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        return self.client.request(method, f"/api/v1{path}", json=body, headers=headers)

    def move(self, who: str, action: str, **body: object) -> dict[str, object]:
        self.clock.pass_by(timedelta(minutes=1))
        return self.ask(who, f"/tickets/{self.number}/{action}", body or None)

    def refused(self, who: str, action: str, status: int = 409, **body: object) -> str:
        answer = self.send(who, f"/tickets/{self.number}/{action}", body or None)
        assert answer.status_code == status, answer.text
        return str(answer.json()["detail"])

    def brought_to_rectified(self) -> None:
        self.move("reviewer", "confirm")
        self.move("dispatcher", "dispatch", units=[LEAD])
        self.move("handler", "accept")
        self.move("handler", "rectify", words="已清扫")

    def look(self, outcome: Outcome = Outcome.seen, opinion: Opinion = Opinion.gone) -> None:
        self.clock.pass_by(timedelta(minutes=1))
        engine = open_engine(self.settings.sql_url)
        look = AfterLook(self.number, self.clock.now(), outcome, opinion, "e" * 64, 0.31, "0123456789ab")
        take_look(SqlUnitsOfWork(engine), look)
        engine.dispose()

    def log_in(self, who: str) -> TestClient:
        self.client.headers.update(ORIGIN | {"Accept": "text/html"})
        answer = self.client.post("/login", data={"name": who, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        return self.client

    def form(self, action: str, **fields: object) -> None:
        self.clock.pass_by(timedelta(minutes=1))
        answer = self.client.post(f"/tickets/{self.number}/{action}", data=fields)
        assert answer.status_code == 303, answer.text


@pytest.fixture(scope="session")
def peopled_home(built_home: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    home = tmp_path_factory.mktemp("peopled") / "var"
    shutil.copytree(built_home[0], home)
    engine = open_engine(settings_of(home).sql_url)
    hashed = hash_password(PASSWORD)
    tokens = {}
    with writing(engine) as connection:
        for name, (role, unit) in PEOPLE.items():
            ensure_person(connection, name, role, hashed, NOW)
            connection.execute(sa.update(tables.people).where(tables.people.c.name == name).values(unit=unit))
            tokens[name] = make_token(connection, name, NOW)
    engine.dispose()
    return home, {**tokens, "admin": built_home[1]}


@pytest.fixture(scope="module")
def running(
    peopled_home: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[TestClient, SetClock, Settings, Iterator[int]]]:
    """One application for all tests of this module, its clock, and places where tickets may lie."""
    home = tmp_path_factory.mktemp("running") / "var"
    shutil.copytree(peopled_home[0], home)
    settings, clock = settings_of(home), SetClock(NOW)
    with TestClient(create_app(settings, clock), follow_redirects=False) as client:
        yield client, clock, settings, count(20, 10)  # places that are the lead's


@pytest.fixture
def town(
    running: tuple[TestClient, SetClock, Settings, Iterator[int]], peopled_home: tuple[Path, dict[str, str]]
) -> Town:
    client, clock, settings, places = running
    clock.at = NOW
    client.cookies.clear()
    engine = open_engine(settings.sql_url)
    number = add_ticket(engine, LocalImages(settings.home / "images"), next(places), NOW)
    engine.dispose()
    return Town(client, peopled_home[1], clock, settings, number)


def test_a_ticket_walks_through_its_life_each_move_by_the_role_whose_it_is(town: Town) -> None:
    town.move("reviewer", "confirm")
    sent = town.move("dispatcher", "dispatch", units=[LEAD, OTHER])
    assert (sent["status"], sent["unit"], sent["units"]) == ("dispatched", LEAD, [LEAD, OTHER])
    assert sent["light"] == "green"
    assert sent["due_at"] > sent["amber_at"]  # type: ignore[operator]  # both are times as text
    assert town.move("handler", "accept")["status"] == "in_progress"
    assert town.move("other", "report", words="已到场配合")["status"] == "in_progress"
    done = town.move("handler", "rectify", words="已清扫")
    assert (done["status"], done["light"]) == ("rectified", "stopped")
    assert "since it was put right" in town.refused("dispatcher", "verify", words="")
    town.look(Outcome.blinded, Opinion.unclear)
    assert "blinded" in town.refused("dispatcher", "verify")
    town.look()
    assert town.move("dispatcher", "verify", words="")["evidence"] == "frame"
    assert town.move("dispatcher", "close")["status"] == "closed"
    history = town.ask("handler", f"/tickets/{town.number}", method="GET")["history"]
    assert isinstance(history, list)
    assert [line["what"] for line in history] == [
        "filed_for_review", "filed", "dispatched", "in_progress", "reported", "rectified", "looked_again",
        "looked_again", "verified", "closed",
    ]  # fmt: skip
    engine = open_engine(town.settings.sql_url)
    with reading(engine) as connection:
        assert broken_links(connection) == []
    engine.dispose()


def test_nobody_makes_another_roles_move(town: Town) -> None:
    town.move("reviewer", "confirm")
    assert town.refused("reviewer", "dispatch", 403, units=[LEAD])
    town.move("dispatcher", "dispatch", units=[LEAD])
    assert town.refused("dispatcher", "accept", 403)
    assert town.send("other", f"/tickets/{town.number}/accept").status_code == 404  # another unit's ticket is none


def test_of_joint_units_only_the_lead_moves_the_ticket(town: Town) -> None:
    town.move("reviewer", "confirm")
    town.move("dispatcher", "dispatch", units=[LEAD, OTHER])
    assert "only its lead" in town.refused("other", "accept")
    left = town.move("other", "refuse", words="非执法事项")
    assert (left["status"], left["units"]) == ("dispatched", [LEAD])


def test_a_unit_refuses_and_the_dispatcher_sends_another(town: Town) -> None:
    town.move("reviewer", "confirm")
    town.move("dispatcher", "dispatch", units=[LEAD])
    assert town.refused("handler", "refuse", 422, words="")
    back = town.move("handler", "refuse", words="不在我单位范围")
    assert (back["status"], back["units"], back["due_at"]) == ("filed", [], None)
    assert town.move("dispatcher", "dispatch", units=[OTHER])["unit"] == OTHER


def test_rework_gives_the_units_what_was_left_of_their_time(town: Town) -> None:
    town.brought_to_rectified()
    stood = town.ask("dispatcher", f"/tickets/{town.number}/life", method="GET")
    town.clock.pass_by(timedelta(days=1))
    again = town.move("reviewer", "rework", words="还有残留")
    assert (again["status"], again["reworked"], again["left_s"]) == ("reworked", 1, None)
    assert str(again["due_at"]) > str(stood["due_at"])
    assert town.move("handler", "accept")["status"] == "in_progress"


def test_a_rule_sends_the_ticket_and_can_be_tried_before(town: Town) -> None:
    site = town.ask("dispatcher", f"/tickets/{town.number}", method="GET")
    rule = town.ask("dispatcher", "/dispatch-rules", {"category": site["category"], "units": [OTHER], "note": "试行"})
    tried = town.ask(
        "dispatcher", f"/dispatch-rules/trial?site={site['site']}&category={site['category']}", method="GET"
    )
    assert tried == {"units": [OTHER], "rule": rule["id"]}
    town.move("reviewer", "confirm")
    assert town.ask("dispatcher", f"/tickets/{town.number}/proposal", method="GET") == tried
    assert town.move("dispatcher", "dispatch", units=[])["units"] == [OTHER]
    changed = town.ask("dispatcher", f"/dispatch-rules/{rule['id']}", {"units": [3, OTHER]}, "PUT")
    assert changed["units"] == [3, OTHER]
    assert town.send("dispatcher", "/dispatch-rules/9/move", {"by": 1}).status_code == 404
    town.ask("dispatcher", f"/dispatch-rules/{rule['id']}", method="DELETE")
    assert town.send("dispatcher", "/dispatch-rules", method="GET").json() == []
    assert town.send("reviewer", "/dispatch-rules", {"units": [OTHER]}).status_code == 403


def test_overdue_and_due_soon_are_lists_of_their_own(town: Town) -> None:
    town.move("reviewer", "confirm")
    due = town.move("dispatcher", "dispatch", units=[LEAD])

    def listed(due: str) -> bool:
        rows = town.ask("handler", f"/tickets?due={due}&sort=due_at", method="GET")["rows"]
        assert isinstance(rows, list)
        return town.number in [row["number"] for row in rows]

    assert (listed("soon"), listed("overdue")) == (False, False)
    town.clock.at = town.clock.at.fromisoformat(str(due["amber_at"])) + timedelta(seconds=1)
    assert (listed("soon"), listed("overdue")) == (True, False)
    town.clock.at = town.clock.at.fromisoformat(str(due["due_at"])) + timedelta(seconds=1)
    assert (listed("soon"), listed("overdue")) == (False, True)
    town.move("handler", "accept")
    town.move("handler", "rectify", words="已清扫")
    assert not listed("overdue")


def test_a_handlers_work_is_listed_the_most_urgent_first(town: Town) -> None:
    town.move("reviewer", "confirm")
    town.move("dispatcher", "dispatch", units=[LEAD])
    rows = town.ask("handler", "/work", method="GET")["rows"]
    assert isinstance(rows, list)
    assert town.number in [row["number"] for row in rows]
    due = [row["due_at"] for row in rows if row["due_at"]]
    assert due == sorted(due)
    others = town.ask("other", "/work", method="GET")["rows"]
    assert isinstance(others, list)
    assert town.number not in [row["number"] for row in others]


# --- pages


def test_a_ticket_walks_by_forms_alone(town: Town) -> None:
    town.log_in("admin")
    town.form("confirm")
    assert "按点位包干" in town.client.get(f"/tickets/{town.number}").text
    town.form("dispatch", lead=LEAD, joint=[OTHER])
    town.form("accept")
    town.form("rectify", words="已清扫", next=f"/work/{town.number}")
    page = town.client.get(f"/tickets/{town.number}").text
    assert "尚无整改后的同视角画面" in page
    assert "核查需写明本人所见" in page
    town.look()
    page = town.client.get(f"/tickets/{town.number}").text
    assert "/images/" + "e" * 64 in page
    assert "可核查通过" in page
    town.form("verify")
    town.form("close")
    assert "同视角新画面" in town.client.get(f"/tickets/{town.number}").text


def test_what_cannot_be_done_is_told_on_a_page(town: Town) -> None:
    town.log_in("admin")
    answer = town.client.post(f"/tickets/{town.number}/close")
    assert answer.status_code == 409
    assert "data-problem" in answer.text


def test_the_page_of_each_stage_renders_in_both_languages(town: Town) -> None:
    client = town.log_in("admin")
    steps: tuple[tuple[str, dict[str, object]], ...] = (
        ("confirm", {}), ("dispatch", {"lead": LEAD, "joint": [OTHER]}), ("accept", {}),
        ("suspend", {"words": "下雨"}), ("resume", {}), ("accept", {}), ("rectify", {"words": "已清扫"}),
        ("rework", {"words": "还有"}), ("accept", {}), ("rectify", {"words": "好了"}), ("verify", {"words": "看过"}),
        ("close", {}),
    )  # fmt: skip
    for place, (action, fields) in enumerate(steps):
        town.form(action, **fields)
        pages = [f"/tickets/{town.number}?lang={('zh', 'en')[place % 2]}", f"/work/{town.number}"]
        for page in pages:
            answer = client.get(page)
            assert answer.status_code == 200, answer.text
            assert "style=" not in answer.text
    for language in ("zh", "en"):
        for page in ("/work", "/tickets?due=overdue", "/rules"):
            assert client.get(f"{page}{'&' if '?' in page else '?'}lang={language}").status_code == 200


def test_the_rules_page_adds_edits_moves_tries_and_removes(town: Town) -> None:
    client = town.log_in("dispatcher")
    assert "还没有规则" in client.get("/rules").text
    first = client.post(
        "/rules", data={"lead": OTHER, "joint": ["", "tier 3"], "site_kind": "shop", "note": "门前三包"}
    )
    assert first.headers["location"] == "/rules#rule-1"
    client.post("/rules", data={"lead": "tier 2", "category": "litter"})
    client.post("/rules/2/move", data={"by": "-1"})
    page = client.get("/rules?edit=1&site=青禾农贸市场&category=litter").text
    assert page.index('id="rule-2"') < page.index('id="rule-1"')
    assert "修改规则 1" in page
    assert 'class="hit"' in page
    assert client.post("/rules/1", data={"lead": "火星办"}).status_code == 422
    assert client.post("/rules/2/remove").status_code == 303
    assert client.post("/rules", data={"lead": ""}).status_code == 422


def test_a_handler_sees_work_and_no_rules(town: Town) -> None:
    client = town.log_in("handler")
    assert client.get("/work").status_code == 200
    assert client.get("/rules").status_code == 403
    assert 'href="/rules"' not in client.get("/work").text
