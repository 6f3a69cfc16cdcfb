"""The calendar and deadlines through pages, API and command line."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from flows.cli import app as commands
from pipeline.settings import Settings
from tests.api.conftest import VIEWER, log_in

RULE = {"category": "litter", "unit": "青禾社区", "amount": 2, "clock": "working_days", "amber_share": 0.5}


def trial(client: TestClient, **asked: str) -> dict[str, object]:
    answer = client.get("/api/v1/deadlines/trial", params={"category": "litter", **asked})
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()
    return told


PAGES = (
    "/calendar", "/calendar?year=2027", "/calendar?day=2026-02-14", "/calendar/deadlines",
    "/calendar/deadlines?category=litter&unit=&start=2026-12-31T16:00",
)  # fmt: skip


def test_the_pages_render_in_both_languages(person: TestClient) -> None:
    for language in ("zh", "en"):
        person.cookies.set("lang", language)
        for page in PAGES:
            assert person.get(page).status_code == 200, page


def test_a_year_says_what_each_day_is(program: TestClient) -> None:
    year = program.get("/api/v1/calendar/2026").json()
    days = {day["day"]: day for day in year["days"]}
    assert (year["known"], year["working_days"], len(days)) == (True, 248, 365)
    assert (days["2026-02-14"]["kind"], days["2026-02-17"]["name_zh"]) == ("make_up", "春节")
    assert "2027" in year["warning"]
    assert program.get("/api/v1/calendar/2027").json()["known"] is False


def test_a_day_overridden_on_the_page_moves_deadlines_and_back(person: TestClient) -> None:
    start = "2026-12-31T16:00"
    assert trial(person, start=start)["due_at"] == "2027-01-04T02:00:00Z"
    answer = person.post("/calendar/days/2027-01-02", data={"arranged": "work", "note": "年终集中整治"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/calendar?day=2027-01-02")
    assert trial(person, start=start)["due_at"] == "2027-01-02T02:00:00Z"
    assert "年终集中整治" in person.get("/calendar?day=2027-01-02").text
    assert person.post("/calendar/days/2027-01-02/revert").status_code == 303
    assert trial(person, start=start)["due_at"] == "2027-01-04T02:00:00Z"


def test_a_trial_shows_the_hours_counted_and_what_is_not_known(program: TestClient) -> None:
    told = trial(program, start="2026-12-31T16:00:00+08:00")
    assert told["counted"] == [
        {"opens": "2026-12-31T08:00:00Z", "closes": "2026-12-31T10:00:00Z"},
        {"opens": "2027-01-04T00:00:00Z", "closes": "2027-01-04T02:00:00Z"},
    ]
    assert (told["known"], told["amount"], told["clock"]) == (False, 4, "working_hours")
    # A quarter of four hours is left at 09:00 on the 4th.
    assert told["amber_at"] == "2027-01-04T01:00:00Z"


def test_a_year_typed_on_the_page_ends_the_warning(person: TestClient) -> None:
    assert "calendar-warning" in person.get("/calendar").text
    assert person.get("/readyz").json()["warnings"]
    sheet = "2027-01-01~2027-01-03,休,元旦\n2027-02-05~2027-02-11,休,春节\n2027-02-14,班,春节调休"
    assert person.post("/calendar/2027/arrangement", data={"sheet": sheet, "note": "国办"}).status_code == 303
    assert "calendar-warning" not in person.get("/calendar").text
    assert person.get("/readyz").json()["warnings"] == []
    refused = person.post("/calendar/2028/arrangement", data={"sheet": "2028-01-01,可能"})
    assert refused.status_code == 422
    assert "line 1" in refused.text


def test_rules_and_hours_are_set_and_dropped_by_api(program: TestClient) -> None:
    assert program.put("/api/v1/deadlines", json=RULE).json() == RULE
    assert program.get("/api/v1/deadlines").json() == [RULE]
    hours = {"unit": "青禾社区", "hours": "9:00-17:00"}
    assert program.put("/api/v1/working-hours", json=hours).json()["hours"] == "09:00-17:00"
    # Friday 06-12 is not counted: Monday 15th, Tuesday 16th to 17:00.
    assert trial(program, unit="青禾社区", start="2026-06-12T10:00")["due_at"] == "2026-06-16T09:00:00Z"
    its = {"unit": "青禾社区"}
    assert program.delete("/api/v1/deadlines", params={"category": "litter", **its}).status_code == 204
    assert program.delete("/api/v1/deadlines", params={"category": "litter", **its}).status_code == 404
    assert program.delete("/api/v1/working-hours", params=its).status_code == 204
    assert program.put("/api/v1/working-hours", json=hours | {"hours": "17-9-3"}).status_code == 422
    assert program.put("/api/v1/deadlines", json=RULE | {"unit": "无此单位"}).status_code == 422


def test_rules_and_hours_are_set_and_dropped_on_the_page(person: TestClient) -> None:
    rule = {"category": "litter", "unit": "", "amount": "3", "clock": "urgent_hours", "amber": "50"}
    assert person.post("/calendar/deadlines", data=rule).status_code == 303
    assert trial(person, start="2026-06-12T10:00")["amber_at"] == "2026-06-12T03:30:00Z"
    assert person.post("/calendar/deadlines/drop", data={"category": "litter", "unit": ""}).status_code == 303
    assert person.post("/calendar/hours", data={"unit": "", "hours": "09:00-17:00"}).status_code == 303
    assert "09:00-17:00" in person.get("/calendar/deadlines").text
    assert person.post("/calendar/hours/drop", data={"unit": ""}).status_code == 303


def test_only_an_admin_changes_them(anonymous: TestClient) -> None:
    log_in(anonymous, VIEWER)
    assert "day-note" not in anonymous.get("/calendar?day=2026-12-30").text
    assert anonymous.post("/calendar/days/2026-12-30", data={"arranged": "off"}).status_code == 403
    assert anonymous.put("/api/v1/deadlines", json=RULE).status_code == 403


def test_days_left_of_the_calendar_are_a_figure_to_watch(program: TestClient) -> None:
    assert "streetpatrol_calendar_known_days 38.0" in program.get("/metrics").text


def test_the_command_line_shows_sets_and_imports(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETPATROL_SECRET_KEYS", "k" * 43 + "=")
    sheet = tmp_path / "2027.csv"
    sheet.write_text("\ufeff2027-01-01~2027-01-03,休,元旦\n2027-02-14,班,春节调休\n", "utf-8")
    run = CliRunner()

    def patrol(*words: str) -> str:
        answer = run.invoke(commands, ["calendar", *words, "--home", str(settings.home)])
        return f"{answer.exit_code} {answer.output}"

    assert "known until 2027-12-31" in patrol("import", str(sheet), "--year", "2027")
    assert "班 work" in patrol("set", "2026-12-27", "--work", "--note", "元旦调休")
    shown = patrol("show", "2026")
    assert "2026-12-27" in shown
    assert "249 working days" in shown
    assert patrol("set", "2026-12-27").startswith("1 ")
    assert patrol("set", "26-12-27", "--off").startswith("1 ")
