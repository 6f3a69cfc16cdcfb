"""Pages and routes of models: people who may decide what waits; tickets and weights lead to each other."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api.pages.models import report_file
from pipeline.adapters.database import open_engine, reading, writing
from pipeline.adapters.tables import categories
from pipeline.adapters.tables_learning import proposals
from pipeline.adapters.tables_people import audit_entries
from pipeline.adapters.tables_views import view_thresholds
from pipeline.domain.errors import NotFound
from pipeline.domain.ticket import Role
from pipeline.settings import Settings
from pipeline.steps import review
from tests.api.conftest import NOW, VIEWER, SetClock, log_in
from tests.learning import CHALLENGER, CHAMPION, DATASET, REFUSED, REPORT, SHIPPED, Learning, gate_of

CONFIRMED, DISMISSED, ALLOWED = "XJ-20261123-0001", "XJ-20261123-0005", "XJ-20261123-0002"


@dataclass
class Town:
    engine: Engine
    learning: Learning
    proposal: int


@pytest.fixture
def town(settings: Settings) -> Iterator[Town]:
    """Three verdicts, of which a challenger learned that waits."""
    engine = open_engine(settings.sql_url)
    learning = Learning(engine, settings.home, NOW)
    review.confirm(learning.units, CONFIRMED, "李", Role.reviewer, NOW)
    review.dismiss(learning.units, DISMISSED, "shadow", "李", Role.reviewer, NOW)
    review.dismiss(learning.units, ALLOWED, "licensed_stall", "李", Role.reviewer, NOW)
    yield Town(engine, learning, learning.build())
    engine.dispose()


PAGES = (
    "/models", "/models/history", "/models/thresholds", "/models/thresholds?state=waiting", "/models/shadow",
    f"/models/versions/{CHALLENGER}", f"/models/versions/{SHIPPED}", f"/models/datasets/{DATASET}",
    f"/tickets/{CONFIRMED}",
)  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_render_in_both_languages(town: Town, person: TestClient, language: str) -> None:
    town.learning.propose_threshold([DISMISSED], 0.45)
    town.learning.train_on()
    person.cookies.set("lang", language)
    for page in PAGES:
        answer = person.get(page)
        assert answer.status_code == 200, page
        main = answer.text.partition("<main")[2]
        assert "None" not in main, page
    if language == "en":
        shown = re.sub(r"<[^>]+>", "", person.get("/models").text.partition("<main")[2])
        assert "recall at the working threshold" in shown


def test_pages_of_a_town_without_a_model_render(person: TestClient, program: TestClient) -> None:
    for page in PAGES[:5]:
        assert person.get(page).status_code == 200, page
    assert program.get("/api/v1/models/current").status_code == 404


def test_an_approval_makes_the_challenger_champion_and_is_audited(town: Town, person: TestClient) -> None:
    asked = f"/models/proposals/{town.proposal}/approve"
    assert person.post(asked, data={"words": "看过了"}).status_code == 303
    current = person.get("/api/v1/models/current").json()
    assert (current["promotion"]["model"], current["promotion"]["words"]) == (CHALLENGER, "看过了")
    assert current["version"]["standing"] == "champion"
    assert person.post(asked).status_code == 409, "it waits no more"
    with reading(town.engine) as connection:
        entry = audit_entries.c
        query = sa.select(entry.who, entry.action).where(entry.subject == CHALLENGER).order_by(entry.id.desc())
        assert [tuple(row) for row in connection.execute(query)][:2] == [("admin", "promotion"), ("admin", "approved")]


def test_what_the_gate_refused_is_taken_only_with_words(town: Town, program: TestClient) -> None:
    with writing(town.engine) as connection:
        gate = gate_of(CHALLENGER, 0.3, 50, passed=False)
        connection.execute(sa.update(proposals).where(proposals.c.id == town.proposal).values(passed=False, gate=gate))
    asked = f"/api/v1/models/proposals/{town.proposal}/approve"
    refused = program.post(asked, json={"words": "  "})
    assert (refused.status_code, "say in words" in refused.json()["detail"]) == (422, True)
    assert program.post(asked, json={"words": "误报更重要"}).json()["model"] == CHALLENGER


def test_a_rejection_keeps_the_champion_and_its_words(town: Town, person: TestClient) -> None:
    assert person.post(f"/models/proposals/{town.proposal}/reject", data={"words": "夜间变差"}).status_code == 303
    [told] = person.get("/api/v1/models/proposals?state=rejected").json()
    assert (told["model"], told["decided_by"], told["words"]) == (CHALLENGER, "admin", "夜间变差")
    assert person.get("/api/v1/models/current").json()["promotion"]["model"] == CHAMPION


def test_a_rollback_goes_back_and_forth(town: Town, person: TestClient, program: TestClient) -> None:
    assert person.post("/models/rollback", data={"words": "误报多"}).status_code == 303
    assert person.get("/api/v1/models/current").json()["promotion"]["model"] == SHIPPED
    assert program.post("/api/v1/models/rollback", json={}).json()["model"] == CHAMPION
    page = person.get("/models/history").text
    assert "unexpected end of file in weights.pt" in page, "a refused promotion is shown with its reason"
    assert page.count("误报多") == 1


def test_who_may_only_look_sees_no_button_and_decides_nothing(town: Town, anonymous: TestClient) -> None:
    town.learning.propose_threshold([DISMISSED], 0.45)
    log_in(anonymous, VIEWER)
    for page in ("/models", "/models/thresholds?state=waiting", "/models/shadow"):
        answer = anonymous.get(page)
        assert answer.status_code == 200
        assert 'class="decision' not in answer.text, page
    assert anonymous.post(f"/models/proposals/{town.proposal}/approve").status_code == 403


def test_a_ticket_leads_to_the_weights_that_learned_from_it_and_back(town: Town, person: TestClient) -> None:
    for number in (CONFIRMED, DISMISSED):
        ticket = person.get(f"/tickets/{number}").text
        links = re.findall(r'href="(/models/versions/[0-9a-f]{12})#tickets"', ticket)
        assert links == [f"/models/versions/{CHALLENGER}", f"/models/versions/{REFUSED}"]
        assert f'href="/tickets/{number}"' in person.get(links[0]).text
    told = person.get(f"/api/v1/tickets/{DISMISSED}/learned").json()
    assert [(row["hash12"], row["standing"], row["teaches"]) for row in told] == [
        (CHALLENGER, "challenger", "negative"), (REFUSED, "archived", "negative"),
    ]  # fmt: skip
    assert person.get("/api/v1/tickets/XJ-20261123-0009/learned").json() == []


def test_samples_of_a_dataset_come_page_by_page(town: Town, program: TestClient) -> None:
    address, seen, cursor = f"/api/v1/models/datasets/{DATASET}/samples?size=2", list[str](), ""
    while True:
        page = program.get(address + (f"&cursor={cursor}" if cursor else "")).json()
        seen += [row["number"] for row in page["rows"]]
        cursor = page["next"]
        if not cursor:
            break
    assert seen == [CONFIRMED, ALLOWED, DISMISSED], "backgrounds come from no ticket"
    assert program.get(f"/api/v1/models/datasets/{'0' * 64}/samples").status_code == 404


def test_precision_is_told_by_week_and_by_the_weights_that_found_it(town: Town, program: TestClient) -> None:
    [week] = program.get("/api/v1/models/precision").json()
    assert (week["week"], week["model"]) == ("2026-11-23", CHAMPION)
    assert (week["right"], week["wrong"], week["allowed"]) == (1, 2, 1)
    assert week["share"] == pytest.approx(1 / 3)
    assert week["low"] < 1 / 3 < week["high"]


def test_the_learning_curve_compares_both_models_on_one_hold_out(town: Town, program: TestClient) -> None:
    points = program.get("/api/v1/models/learning").json()
    assert [(point["labels"], point["ap50"], point["alarms"]) for point in points] == [(300, 0.55, 34), (640, 0.61, 18)]
    assert {(point["ap50_champion"], point["alarms_champion"], point["places"]) for point in points} == {(0.54, 41, 60)}


def test_an_approved_threshold_is_in_force_for_its_view_alone(
    town: Town, person: TestClient, program: TestClient, clock: SetClock
) -> None:
    with reading(town.engine) as connection:
        query = sa.select(categories.c.threshold, categories.c.fine_threshold).where(categories.c.code == "litter")
        before, fine = connection.execute(query).one()
    number = town.learning.propose_threshold([DISMISSED], before)
    assert f'href="/tickets/{DISMISSED}"' in person.get("/models/thresholds?state=waiting").text
    assert person.post(f"/models/thresholds/{number}/approve").status_code == 303
    with reading(town.engine) as connection:
        own = connection.execute(sa.select(view_thresholds)).all()
    assert [(row.view_id, row.category, row.threshold, row.fine_threshold) for row in own] == [
        (1, "litter", 0.64, fine)
    ]
    again = town.learning.propose_threshold([DISMISSED], before)
    clock.pass_by(timedelta(minutes=1))
    stale = program.post(f"/api/v1/models/thresholds/{again}/approve")
    assert (stale.status_code, "not 0.420 any more" in stale.json()["detail"]) == (409, True)
    assert program.post(f"/api/v1/models/thresholds/{again}/reject").status_code == 204
    states = [row["state"] for row in program.get("/api/v1/models/thresholds").json()["rows"]]
    assert states == ["rejected", "approved"]


def test_a_shadow_run_is_begun_and_ended_from_the_page(town: Town, person: TestClient) -> None:
    [going] = person.get("/api/v1/models/shadows").json()
    assert going["tally"]["litter"] == {"both": 61, "champion": 9, "challenger": 14}
    told = person.get(f"/api/v1/models/shadows/{going['id']}/differences").json()
    assert [row["score"] for row in told] == sorted((row["score"] for row in told), reverse=True)
    assert person.post("/models/shadow/stop").status_code == 303
    assert person.post("/models/shadow/stop").status_code == 409
    assert person.post("/models/shadow/start", data={"model": CHALLENGER, "days": "3"}).status_code == 303
    assert person.post("/models/shadow/start", data={"model": CHAMPION, "days": "3"}).status_code == 409


def test_a_report_is_served_from_its_own_folder_alone(town: Town, person: TestClient) -> None:
    folder = f"/models/proposals/{town.proposal}/report"
    page = person.get(f"{folder}/report.html")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert person.get(f"{folder}/report.css").headers["content-type"].startswith("text/css")
    for name in ("missing.png", "gate.json", "..%2Fweights.pt", "%2E%2E/%2E%2E/streetpatrol.db", "a%00.png"):
        assert person.get(f"{folder}/{name}").status_code in (404, 422), name


def test_no_report_folder_leads_out_of_the_home(tmp_path: Path) -> None:
    home, outside = tmp_path / "var", tmp_path / "elsewhere"
    for folder in (home / REPORT, outside):
        folder.mkdir(parents=True)
        (folder / "report.html").write_text("x", "utf-8")
    (home / "link").symlink_to(outside)
    assert report_file(home, REPORT, "report.html").read_text("utf-8") == "x"
    astray = (
        ("../elsewhere", "report.html"), (str(outside), "report.html"), ("link", "report.html"),
        (REPORT, "../report/report.html/.."), (REPORT, "none.html"),
    )  # fmt: skip
    for named, name in astray:
        with pytest.raises(NotFound):
            report_file(home, named, name)
