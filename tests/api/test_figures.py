"""Figures through page, API and exports; each leads to the tickets behind it."""

import csv
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from io import BytesIO, StringIO
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook

from api.pages.figures import tickets_address
from api.pages.site_map import HEIGHT, WIDTH, drawn_map
from pipeline.adapters import tables
from pipeline.adapters.database import open_engine, writing
from pipeline.adapters.figure_queries import FigureFilter
from pipeline.settings import Settings
from tests.api.conftest import VIEWER, SetClock, log_in

TRICKY = '=HYPERLINK("http://x","y")'


def change(settings: Settings, *statements: sa.Update) -> None:
    engine = open_engine(settings.sql_url)
    with writing(engine) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.execute(sa.update(tables.changes).values(sequence=tables.changes.c.sequence + 1))
    engine.dispose()


def as_json(href: str) -> str:
    """The address of the same list as JSON."""
    return unescape(href).replace("/tickets", "/api/v1/tickets", 1)


PAGES = (
    "/figures", "/figures?period=all&unit=青禾社区&category=litter", "/figures?since=2026-11-01&until=2026-11-02",
    "/figures?period=30&since=&until=&unit=&category=&site=", "/figures/map", "/figures/map?period=7&site=老街北巷",
)  # fmt: skip


def test_the_pages_render_in_both_languages(person: TestClient) -> None:
    for language in ("zh", "en"):
        person.cookies.set("lang", language)
        for page in PAGES:
            assert person.get(page).status_code == 200, page


def test_every_figure_leads_to_as_many_tickets(person: TestClient, settings: Settings, clock: SetClock) -> None:
    change(
        settings,
        sa.update(tables.tickets).where(tables.tickets.c.view_id <= 3).values(
            status="dispatched", due_at=clock.now() - timedelta(hours=1)
        ),
        sa.update(tables.tickets).where(tables.tickets.c.view_id == 5).values(
            status="in_progress", due_at=clock.now() + timedelta(hours=1)
        ),
        sa.update(tables.tickets).where(tables.tickets.c.view_id == 6).values(status="filed"),
        sa.update(tables.tickets).where(tables.tickets.c.view_id == 4).values(
            status="closed", due_at=clock.now(), rectified_at=clock.now() - timedelta(minutes=1), closed_at=clock.now()
        ),
    )  # fmt: skip
    page = person.get("/figures").text
    linked = re.findall(r'data-value="(\d+)"><a href="(/tickets[^"]*)">', page)
    assert len(linked) > 30
    for told, href in linked:
        rows = person.get(as_json(href)).json()["rows"]
        assert len(rows) == int(told), href


def test_a_rate_shows_its_parts(program: TestClient, settings: Settings, clock: SetClock) -> None:
    change(
        settings,
        sa.update(tables.tickets).where(tables.tickets.c.view_id <= 2).values(status="closed", closed_at=clock.now()),
        sa.update(tables.tickets).where(tables.tickets.c.view_id == 3).values(status="void"),
    )
    figures = program.get("/api/v1/figures").json()
    # Views 1 and 2 bear two tickets each, of fourteen over twelve views; the third view one.
    assert figures["whole"]["put_right"] == {"part": 4, "whole": 5, "share": 0.8}
    assert figures["whole"]["put_right_without_void"]["whole"] == 4
    assert sum(figures["whole"]["by_status"].values()) == figures["whole"]["total"] == 14
    assert sum(part["total"] for part in figures["by_unit"]) == 14
    assert {part["code"] for part in figures["by_unit"]} == {"青禾社区", "滨河社区", None}
    assert figures["whole"]["median"]["closed"] == 4


def test_figures_follow_a_change_at_once(program: TestClient) -> None:
    before = program.get("/api/v1/figures").json()["whole"]["by_status"]
    assert program.post("/api/v1/tickets/XJ-20261123-0001/confirm").status_code == 200
    after = program.get("/api/v1/figures").json()["whole"]["by_status"]
    assert (before["awaiting_review"], after["awaiting_review"], after["filed"]) == (14, 13, 1)


def test_coverage_and_precision_are_told(program: TestClient) -> None:
    assert program.post("/api/v1/tickets/XJ-20261123-0001/confirm").status_code == 200
    figures = program.get("/api/v1/figures").json()
    assert figures["coverage"]["rounds"] == 12
    assert {site["site"]: site["key_point"] for site in figures["coverage"]["sites"]}["站前大道"] is True
    [precision] = figures["precision_by_category"]
    assert (precision["right"], precision["wrong"], precision["share"]) == (1, 0, 1.0)
    # Wilson for one of one: 1 / (1 + 3.84) to 1.
    assert (precision["low"], precision["high"]) == (pytest.approx(0.2065, abs=1e-4), 1.0)
    assert figures["recall"] is None


def test_a_period_that_is_none_is_bad_input(program: TestClient) -> None:
    none = "since=2026-11-02&until=2026-11-01", "since=1999-01-01", "until=2200-01-01", "period=13", "since=x"
    for asked in none:
        assert program.get(f"/api/v1/figures?{asked}").status_code == 422, asked


def test_a_period_is_of_local_days(program: TestClient) -> None:
    # 14:30 of the 23rd in town; the oldest of fourteen tickets came five hours before.
    figures = program.get("/api/v1/figures?since=2026-11-23&until=2026-11-23").json()
    assert (figures["since"], figures["until"]) == ("2026-11-23T00:00:00+08:00", "2026-11-24T00:00:00+08:00")
    assert figures["whole"]["total"] == 14
    assert program.get("/api/v1/figures?until=2026-11-22").json()["whole"]["total"] == 0


def test_csv_opens_in_excel_and_reckons_nothing(program: TestClient, settings: Settings) -> None:
    change(settings, sa.update(tables.tickets).where(tables.tickets.c.view_id == 1).values(unit=TRICKY))
    answer = program.get("/api/v1/figures/export.csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 14
    assert {row["责任单位 unit"] for row in rows} == {f"'{TRICKY}", "青禾社区", "滨河社区", ""}
    assert rows[0]["发现 created"].startswith("2026-11-23 ")


def test_xlsx_bears_figures_and_tickets(program: TestClient, settings: Settings) -> None:
    change(settings, sa.update(tables.tickets).where(tables.tickets.c.view_id == 1).values(unit=TRICKY))
    book = CalamineWorkbook.from_filelike(BytesIO(program.get("/api/v1/figures/export.xlsx").content))
    figures, listed = (book.get_sheet_by_name(name).to_python() for name in book.sheet_names)
    assert figures[1][:2] == ["合计 all", 14.0]
    assert len(listed) == 15
    assert TRICKY in {row[5] for row in listed}
    assert isinstance(listed[1][8], datetime)


def test_an_export_is_narrowed_like_the_page(person: TestClient) -> None:
    answer = person.get("/figures/export.csv?category=litter")
    assert len(answer.text.splitlines()) == 1 + 4


def test_who_may_look_may_see_figures(anonymous: TestClient) -> None:
    log_in(anonymous, VIEWER)
    assert anonymous.get("/figures").status_code == 200


def test_an_address_keeps_the_figures_filter_and_may_replace_it() -> None:
    wanted = FigureFilter(since=datetime(2026, 11, 1, tzinfo=UTC), unit="甲&乙", category="litter")
    assert tickets_address(wanted, "with_a_unit", category="illegal_ad", recurring=True) == (
        "/tickets?created_from=2026-11-01T00%3A00%3A00%2B00%3A00&unit=%E7%94%B2%26%E4%B9%99&category=illegal_ad"
        "&status=dispatched&status=in_progress&status=reworked&recurring=true"
    )
    assert tickets_address(FigureFilter()) == "/tickets"


def a_site(name: str, latitude: float | None, longitude: float | None, tickets: int = 0) -> Any:  # Any: a row
    return SimpleNamespace(name=name, latitude=latitude, longitude=longitude, open=tickets, overdue=0, count=tickets)


def test_the_map_keeps_directions_and_distances() -> None:
    # 0.01 degrees of latitude are 1113 m; of longitude at 30 degrees, 964 m.
    drawn = drawn_map(
        [
            a_site("中", 30.0, 120.0, 9),
            a_site("北", 30.01, 120.0, 1),
            a_site("东", 30.0, 120.01),
            a_site("无", None, None),
        ]
    )
    at = {dot.site.name: dot for dot in drawn.dots}
    assert at["北"].y < at["中"].y == at["东"].y
    assert at["东"].x > at["中"].x == at["北"].x
    north, east = at["中"].y - at["北"].y, at["东"].x - at["中"].x
    assert east / north == pytest.approx(0.866, abs=0.002)
    assert north / drawn.scale_length == pytest.approx(1113.2 / drawn.scale_m, rel=0.01)
    assert all(0 < dot.x < WIDTH and 0 < dot.y < HEIGHT for dot in drawn.dots)
    assert at["中"].radius > at["北"].radius > at["东"].radius
    assert [site.name for site in drawn.unplaced] == ["无"]


def test_a_map_of_one_site_or_none_is_drawn() -> None:
    assert drawn_map([a_site("中", 30.0, 120.0)]).scale_m > 0
    assert drawn_map([]).dots == ()
