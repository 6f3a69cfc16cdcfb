"""Figures on both databases, over tickets few enough to be counted by hand."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from pipeline.adapters import figure_looks, figure_queries, queries, tables
from pipeline.adapters.database import writing
from pipeline.adapters.figure_queries import FigureFilter
from pipeline.adapters.queries import TicketFilter
from pipeline.adapters.tables_desk import sample_readings
from pipeline.adapters.ticket_cuts import TicketCut
from pipeline.domain.figures import Rate, tallies, tally

TOWN = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
BOX = {"left": 0.1, "top": 0.1, "right": 0.2, "bottom": 0.2}
A, B = "青禾社区", "综合执法队"
ANY = FigureFilter()


def hours(count: float) -> datetime:
    return NOW + timedelta(hours=count)


def a_ticket(connection: Connection, place: int, status: str, **columns: object) -> None:
    """Litter of the first site and of A, found 12 hours ago, unless told otherwise."""
    created = hours(-12)
    told = {
        "number": f"XJ-20261123-{place:04d}", "finding_id": f"f{place}", "view_id": 1, "category": "litter",
        "kind": "clean_up", "site": "东门", "unit": A, "status": status, "recurring": False, "created_at": created,
        "updated_at": created, "reworked": 0,
    } | columns  # fmt: skip
    finding = {
        "id": f"f{place}", "view_id": told["view_id"], "category": told["category"], **BOX, "look": bytes(64),
        "score": 0.7, "state": "open", "first_seen_at": created, "last_seen_at": created, "marks": "sss", "sights": [],
        "born_on_switch": False, "noted_area": 0.01, "clear_in_a_row": 0,
    }  # fmt: skip
    connection.execute(sa.insert(tables.findings).values(finding))
    connection.execute(sa.insert(tables.tickets).values(told))


def a_verdict(connection: Connection, place: int, kind: str, teaches: str, category: str = "litter") -> None:
    connection.execute(
        sa.insert(tables.verdicts).values(
            number=f"XJ-20261123-{place:04d}", at=hours(-1), who="李", kind=kind, teaches=teaches, category=category,
            view_id=1, **BOX,
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def built_town(module_engine: Engine) -> Engine:
    with writing(module_engine) as connection:
        for place, (name, key) in enumerate((("东门", True), ("西门", False)), start=1):
            site = {"name": name, "kind": "shop", "key_point": key, "core_zone": True, "address": ""}
            connection.execute(sa.insert(tables.sites).values(id=place, **site))
            connection.execute(
                sa.insert(tables.cameras).values(
                    id=place, site_id=place, name=name, source_kind="rtsp", source="rtsp://x/1", active=True,
                    created_at=NOW,
                )
            )  # fmt: skip
            connection.execute(
                sa.insert(tables.views).values(id=place, camera_id=place, name=name, preset=0, active=True)
            )
        b = {"unit": B, "site": "西门", "view_id": 2, "category": "street_business", "kind": "enforcement"}
        # closed after 10, 20 and 40 hours; the second was put right after it was due
        a_ticket(
            connection,
            1,
            "closed",
            created_at=hours(-50),
            due_at=hours(-40),
            rectified_at=hours(-41),
            closed_at=hours(-40),
        )
        a_ticket(
            connection,
            2,
            "closed",
            created_at=hours(-50),
            due_at=hours(-40),
            rectified_at=hours(-39),
            closed_at=hours(-30),
        )
        a_ticket(
            connection,
            3,
            "closed",
            created_at=hours(-50),
            due_at=hours(-20),
            rectified_at=hours(-20),
            closed_at=hours(-10),
            **b,
        )
        a_ticket(connection, 4, "dispatched", created_at=hours(-48), due_at=hours(-1))
        a_ticket(connection, 5, "in_progress", due_at=hours(5))
        a_ticket(connection, 6, "suspended", created_at=hours(-240), **b)
        a_ticket(connection, 7, "void", **b)
        a_ticket(connection, 8, "reworked", reworked=1, due_at=hours(1))
        a_ticket(connection, 9, "awaiting_review", unit=None, created_at=hours(-960))
        a_ticket(connection, 10, "dismissed")
        a_ticket(connection, 11, "rectified", recurring=True, due_at=hours(-1), rectified_at=hours(-2), **b)
    return module_engine


@pytest.fixture
def town(built_town: Engine, tried: Connection) -> Connection:
    """The town in a transaction that is rolled back."""
    assert built_town is not None
    return tried


def test_the_rate_put_right_hides_nothing(town: Connection) -> None:
    whole = tally(figure_queries.counted(town, ANY, NOW))
    assert whole.total == 11
    # 1 to 8 and 11 were confirmed, the suspended and the void one among them; three are closed.
    assert whole.put_right == Rate(3, 9)
    assert whole.put_right_without_void == Rate(3, 8)
    # In time: 1, 3 and 11. Late: 2. Overdue: 4. The others are not due, or the clock stands still.
    assert whole.on_time == Rate(3, 5)
    assert (whole.open, whole.overdue, whole.reworked, whole.recurring) == (6, 1, 1, 1)
    assert whole.by_status["suspended"] == whole.by_status["void"] == 1


def test_tickets_are_told_by_unit_with_those_of_none(town: Connection) -> None:
    by_unit = tallies(figure_queries.counted(town, ANY, NOW), lambda row: row.unit)
    assert {unit: its.total for unit, its in by_unit.items()} == {A: 6, B: 4, None: 1}
    assert next(iter(by_unit)) == A


def test_the_median_is_that_of_the_middle(town: Connection) -> None:
    assert figure_queries.median_hours(town, ANY)[None] == pytest.approx((20.0, 3))
    by_unit = figure_queries.median_hours(town, ANY, tables.tickets.c.unit)
    nothing = figure_queries.median_hours(town, FigureFilter(site="无"))
    assert set(by_unit) == {A, B}
    assert by_unit[A] == pytest.approx((15.0, 2))
    assert by_unit[B] == pytest.approx((40.0, 1))
    assert nothing == {}


def test_open_tickets_by_age(town: Connection) -> None:
    # 5, 8 and 11 are half a day old, 4 two days, 6 ten, 9 forty.
    assert figure_queries.ages(town, ANY, NOW) == [3, 1, 0, 1, 1]


def test_days_are_local_days(town: Connection) -> None:
    days = figure_queries.by_day(town, FigureFilter(since=hours(-60)), TOWN, NOW)
    # 8:00 UTC is 16:00 in town: 50 hours before is the 21st at 14:00, 12 hours before the 23rd at 4:00;
    # closed on the 22nd at 0:00 and 10:00, and on the 23rd at 6:00.
    assert [(row.day, row.filed, row.closed) for row in days] == [
        ("2026-11-21", 4, 0),
        ("2026-11-22", 0, 2),
        ("2026-11-23", 5, 1),
    ]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (FigureFilter(unit=B), 4),
        (FigureFilter(category="litter"), 7),
        (FigureFilter(site="西门"), 4),
        (FigureFilter(since=hours(-13)), 5),
        (FigureFilter(since=hours(-50), until=hours(-48)), 3),
    ],
)
def test_figures_are_narrowed(town: Connection, wanted: FigureFilter, count: int) -> None:
    assert tally(figure_queries.counted(town, wanted, NOW)).total == count


def test_recurring_places_come_with_how_often(town: Connection) -> None:
    places = figure_queries.recurring_places(town, ANY)
    assert [tuple(row._mapping[name] for name in ("site", "category", "recurring", "count")) for row in places] == [
        ("西门", "street_business", 1, 4)
    ]


def test_precision_counts_as_the_desk_does(town: Connection) -> None:
    a_verdict(town, 1, "confirmed", "positive")
    a_verdict(town, 2, "redrawn", "positive")
    a_verdict(town, 10, "dismissed", "negative")
    a_verdict(town, 4, "dismissed", "positive")
    a_verdict(town, 5, "relabelled", "negative")
    a_verdict(town, 5, "relabelled", "positive", category="illegal_ad")
    a_verdict(town, 8, "added", "positive")
    rows = figure_queries.verdict_counts(town, ANY)
    of_b = figure_queries.verdict_counts(town, FigureFilter(unit=B))
    later = figure_queries.verdict_counts(town, FigureFilter(since=NOW))
    assert [(row.view_id, row.category, row.right, row.wrong, row.allowed) for row in rows] == [(1, "litter", 2, 3, 1)]
    assert (of_b, later) == ([], [])


def test_coverage_counts_planned_views_that_were_not_looked_at(town: Connection) -> None:
    for number in (1, 2):
        begun = {"id": number, "plan": "core", "started_at": hours(-number), "planned": 2, "view_ids": [1, 2]}
        town.execute(sa.insert(tables.rounds).values(findings_opened=0, **begun))
    # View 1: unreachable and then seen in round 1, stale in round 2. View 2: unchanged in round 1 only.
    looks = ((1, 1, 1, "unreachable"), (1, 1, 2, "seen"), (2, 1, 1, "stale"), (1, 2, 1, "unchanged"))
    town.execute(
        sa.insert(tables.visits),
        [
            {"round_id": number, "view_id": view, "attempt": attempt, "outcome": outcome, "started_at": NOW,
             "passes": "", "why": "", "inference_s": 0.0, "found": 0}
            for number, view, attempt, outcome in looks
        ],
    )  # fmt: skip
    told = figure_looks.coverage(town, ANY)
    none = figure_looks.coverage(town, FigureFilter(since=NOW))
    assert [(site.site, site.key_point, site.covered, site.planned) for site in told.sites] == [
        ("东门", True, 1, 2),
        ("西门", False, 1, 2),
    ]
    assert (told.rounds, told.since) == (2, hours(-2))
    assert none.sites == ()


def test_recall_is_estimated_from_the_frames_that_were_read(town: Connection) -> None:
    assert figure_looks.estimated_recall(town, ANY, NOW) is None
    # Ten frames were kept of five hundred; five of them were read, one holds something.
    for place in range(10):
        kept = {"digest": f"{place:064x}", "kind": "sample", "view_id": 1, "size_bytes": 1, "share": 0.02}
        town.execute(sa.insert(tables.images).values(created_at=hours(-5), **kept))
        if place < 5:
            read = {"image": f"{place:064x}", "view_id": 1, "share": 0.02, "review": f"r{place}", "who": "李"}
            town.execute(sa.insert(sample_readings).values(frame_at=hours(-5), at=NOW, missed=int(place == 0), **read))
    # Two sightings of confirmed tickets in one frame, one in another; one of a dismissed ticket.
    for finding, number in (("f5", 1), ("f8", 1), ("f5", 2), ("f10", 3)):
        sighting = {"finding_id": finding, "round_id": number, "attempt": 1, "at": hours(-4), **BOX}
        if number <= 3 and town.scalar(sa.select(tables.rounds.c.id).where(tables.rounds.c.id == number)) is None:
            begun = {"id": number, "plan": "core", "started_at": hours(-4), "planned": 1, "view_ids": [1]}
            town.execute(sa.insert(tables.rounds).values(findings_opened=0, **begun))
        town.execute(sa.insert(tables.sightings).values(score=0.7, found_by="fast", model="m", **sighting))
    estimate = figure_looks.estimated_recall(town, ANY, NOW)
    assert figure_looks.estimated_recall(town, FigureFilter(unit=A), NOW) is None
    assert estimate is not None
    told, since = estimate
    assert (told.found, told.read, told.missed) == (2, 5, 1)
    assert told.sampling_share == pytest.approx(0.01)
    # One in five of 500 empty frames: 100 missed; 2 / 102.
    assert told.share == pytest.approx(2 / 102)
    assert since == NOW - figure_looks.SAMPLES_KEPT


@pytest.mark.parametrize(
    ("cut", "places"),
    [
        (TicketCut(overdue_at=NOW), [4]),
        (TicketCut(on_course_at=NOW), [1, 2, 3, 5, 6, 7, 8, 9, 10, 11]),
        (TicketCut(put_right="in_time"), [1, 3, 11]),
        (TicketCut(put_right="late"), [2]),
        (TicketCut(recurring=True), [11]),
        (TicketCut(reworked=True), [8]),
        (TicketCut(unitless=True), [9]),
        (TicketCut(kind="enforcement"), [3, 6, 7, 11]),
        (TicketCut(since=hours(-50), until=hours(-48)), [1, 2, 3]),
    ],
)
def test_a_list_shows_just_the_tickets_behind_a_figure(town: Connection, cut: TicketCut, places: list[int]) -> None:
    page = queries.ticket_page(town, TicketFilter(cut=cut), "created_at", None, 50)
    assert sorted(int(row.number[-4:]) for row in page.rows) == places


def test_sites_tell_their_open_and_overdue_tickets(town: Connection) -> None:
    rows = figure_queries.by_site(town, ANY, NOW)
    assert [tuple(row._mapping[name] for name in ("name", "count", "open", "overdue")) for row in rows] == [
        ("东门", 7, 4, 1),
        ("西门", 4, 2, 0),
    ]


def test_an_export_reads_every_ticket_once(town: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figure_queries, "EXPORTED_AT_ONCE", 4)
    numbers: list[str] = []
    cursor, pages = None, 0
    while pages == 0 or cursor:
        page = figure_queries.exported_page(town, ANY, cursor)
        numbers += [row.number for row in page.rows]
        cursor, pages = page.cursor, pages + 1
    assert (len(numbers), len(set(numbers)), pages) == (11, 11, 3)
