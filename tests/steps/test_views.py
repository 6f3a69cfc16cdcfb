"""What people set on a view: it binds rounds, is audited, and never overwrites what somebody else drew meanwhile."""

from datetime import time, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.adapters import tables
from pipeline.adapters.camera_queries import CameraFilter, camera_page, cameras_by_attention, one_camera_view
from pipeline.adapters.database import reading, writing
from pipeline.adapters.fleet import SqlFleet
from pipeline.adapters.rounds import SqlRounds
from pipeline.adapters.tables_errands import errands
from pipeline.adapters.tables_people import audit_entries
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.camera import PermittedHours, View, ViewThreshold, Zone, ZoneKind
from pipeline.domain.errors import BadInput, NotFound, TransitionRefused
from pipeline.domain.patrol import Plan
from pipeline.domain.repair import Repair
from pipeline.steps import plans, views
from tests.adapters.test_store import a_camera_row
from tests.builders import START, minutes

SOUTH = ((0.0, 0.6), (1.0, 0.6), (1.0, 1.0), (0.0, 1.0))
CLOCK = ((0.02, 0.02), (0.3, 0.02), (0.3, 0.08), (0.02, 0.08))
EVENINGS = PermittedHours(time(18), time(23), frozenset({4, 5}), frozenset({"street_business"}))
PAVEMENT = Zone(ZoneKind.pavement, SOUTH, frozenset({"street_business"}), (EVENINGS,), "南侧人行道")


@pytest.fixture
def engine(sqlite_engine: Engine) -> Engine:
    """Both databases: tests/adapters/test_view_settings.py."""
    return sqlite_engine


@pytest.fixture
def units(engine: Engine) -> SqlUnitsOfWork:
    """One camera with one view."""
    fleet_of(engine).import_cameras([a_camera_row()], {}, START)
    return SqlUnitsOfWork(engine)


def fleet_of(engine: Engine) -> SqlFleet:
    return SqlFleet(engine, lambda _credentials: b"sealed")


def the_view(engine: Engine) -> View:
    return fleet_of(engine).views()[0]


def audited(engine: Engine) -> list[tuple[str, str]]:
    with reading(engine) as connection:
        query = sa.select(audit_entries.c.who, audit_entries.c.action).order_by(audit_entries.c.id)
        return [(row.who, row.action) for row in connection.execute(query)]


def test_zones_that_are_drawn_bind_the_next_round_and_are_audited(units: SqlUnitsOfWork, engine: Engine) -> None:
    views.draw_zones(units, 1, [PAVEMENT], "李工", START)
    assert the_view(engine).zones == (PAVEMENT,)
    assert audited(engine) == [("李工", "zones_drawn")]


def test_zones_and_masks_leave_one_another_alone(units: SqlUnitsOfWork, engine: Engine) -> None:
    views.draw_zones(units, 1, [PAVEMENT], "李工", START)
    views.draw_masks(units, 1, [CLOCK], "李工", START)
    assert [zone.kind for zone in the_view(engine).zones] == [ZoneKind.pavement, ZoneKind.text]
    views.draw_zones(units, 1, [], "李工", START)
    assert [zone.kind for zone in the_view(engine).zones] == [ZoneKind.text]
    assert len(the_view(engine).masks()) == 1


def test_what_somebody_else_drew_meanwhile_is_not_overwritten(units: SqlUnitsOfWork) -> None:
    before = views.version_of(())
    views.draw_zones(units, 1, [PAVEMENT], "李工", START, before)
    with pytest.raises(TransitionRefused, match="meanwhile"):
        views.draw_zones(units, 1, [], "王工", START, before)
    views.draw_zones(units, 1, [], "王工", START, views.version_of([PAVEMENT]))


def test_saved_masks_take_the_place_of_text_that_was_found(units: SqlUnitsOfWork, engine: Engine) -> None:
    memory = {"view_id": 1, "references": {}, "facts": {}, "text_areas": [[0.6, 0.9, 0.9, 0.97]]}
    with writing(engine) as connection:
        connection.execute(sa.insert(tables.view_memories).values(memory))
    with units.reading() as uow:
        assert len(uow.views.text_found(1)) == 1
        revision = uow.visits.revisions([1])[1]
    views.draw_masks(units, 1, [CLOCK], "李工", START)
    with units.reading() as uow:
        assert uow.views.text_found(1) == ()
        assert uow.visits.revisions([1])[1] > revision, "a round under way must not put the found text back"


@pytest.mark.parametrize(
    ("zone", "word"),
    [
        (Zone(ZoneKind.road, ((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9))), "zone 1: its outline crosses"),
        (Zone(ZoneKind.road, SOUTH, frozenset({"castles"}), (), "路"), "路: no category 'castles'"),
        (Zone(ZoneKind.road, SOUTH, name="长" * 41), "longer than 40"),
        (Zone(ZoneKind.text, SOUTH), "mask"),
        (Zone(ZoneKind.road, SOUTH, permitted=(PermittedHours(time(1), time(2), frozenset()),)), "day of the week"),
        (Zone(ZoneKind.road, SOUTH, permitted=(PermittedHours(time(1), time(2), categories=frozenset({"x"})),)), "'x'"),
    ],
)
def test_an_impossible_zone_is_named_and_nothing_is_changed(
    units: SqlUnitsOfWork, engine: Engine, zone: Zone, word: str
) -> None:
    with pytest.raises(BadInput, match=word):
        views.draw_zones(units, 1, [zone], "李工", START)
    assert the_view(engine).zones == ()
    assert audited(engine) == []


def test_thresholds_of_a_view_go_along_into_the_round(units: SqlUnitsOfWork, engine: Engine) -> None:
    views.set_thresholds(units, 1, [ViewThreshold("litter", 0.7, 0.8)], "李工", START)
    view = the_view(engine)
    with units.reading() as uow:
        in_force = view.in_force(uow.categories())
    assert (in_force["litter"].threshold, in_force["litter"].fine_threshold) == (0.7, 0.8)
    views.set_thresholds(units, 1, [], "李工", START)
    assert the_view(engine).thresholds == ()
    assert audited(engine) == [("李工", "thresholds_set")] * 2


@pytest.mark.parametrize(
    "thresholds",
    [
        [ViewThreshold("litter", 0.0)], [ViewThreshold("litter", 1.0)], [ViewThreshold("litter", 0.5, 1.5)],
        [ViewThreshold("castles", 0.5)], [ViewThreshold("litter", 0.5), ViewThreshold("litter", 0.6)],
    ],
)  # fmt: skip
def test_thresholds_that_make_no_sense_are_refused(units: SqlUnitsOfWork, thresholds: list[ViewThreshold]) -> None:
    with pytest.raises(BadInput):
        views.set_thresholds(units, 1, thresholds, "李工", START)


def test_a_repair_is_opened_and_done_once(units: SqlUnitsOfWork, engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(sa.update(tables.views).values(failures=5, next_try_at=minutes(30)))
    number = views.open_repair(units, Repair(1, "  被风吹偏 ", "李工", START, "moved"))
    with reading(engine) as connection:
        assert one_camera_view(connection, 1).repairs_open == 1
    views.close_repair(units, number, "重新固定", "王工", minutes(5))
    with pytest.raises(TransitionRefused):
        views.close_repair(units, number, "again", "王工", minutes(6))
    with reading(engine) as connection:
        row = one_camera_view(connection, 1)
    assert (row.repairs_open, row.failures) == (0, 0)
    assert [action for _, action in audited(engine)] == ["repair_opened", "repair_closed"]
    with pytest.raises(BadInput):
        views.open_repair(units, Repair(1, " ", "李工", START))


def test_what_is_not_there_cannot_be_set_up(units: SqlUnitsOfWork) -> None:
    for act in (
        lambda: views.draw_zones(units, 99, [], "李工", START),
        lambda: views.set_thresholds(units, 99, [], "李工", START),
        lambda: views.open_repair(units, Repair(99, "x", "李工", START)),
        lambda: views.ask_worker(units, views.PROBE, 99, {}, "李工", START),
        lambda: views.close_repair(units, 99, "x", "李工", START),
    ):
        with pytest.raises(NotFound):
            act()


def test_the_list_is_searched_and_tells_what_is_set_up(units: SqlUnitsOfWork, engine: Engine) -> None:
    views.draw_zones(units, 1, [PAVEMENT], "李工", START)
    views.draw_masks(units, 1, [CLOCK], "李工", START)
    with reading(engine) as connection:
        row = camera_page(connection, CameraFilter(text="青禾路"), None, 10).rows[0]
        assert (row.zones, row.unit, row.has_password, row.references_approved) == (1, "青禾社区", True, 0)
        assert len(camera_page(connection, CameraFilter(unit="青禾社区", site="东门"), None, 10).rows) == 1
        assert camera_page(connection, CameraFilter(unit="柳林社区"), None, 10).rows == []
        assert cameras_by_attention(connection) == {"in_vain": 0, "never": 1, "looked_at": 0, "off": 0}
    fleet_of(engine).set_active(1, False, "李工", START)
    with reading(engine) as connection:
        assert cameras_by_attention(connection)["off"] == 1
        assert len(camera_page(connection, CameraFilter(attention="off"), None, 10).rows) == 1
    assert fleet_of(engine).views() == []


EVENING = Plan("晚间", "*/10 18-22 * * *", site_names=("东门",), fine_every=timedelta(minutes=30))


def test_a_plan_is_added_changed_paused_and_removed_and_the_schedule_is_asked_to_follow(
    units: SqlUnitsOfWork, engine: Engine
) -> None:
    plans.add_plan(units, EVENING, "李工", START)
    plans.set_active(units, "晚间", False, "李工", START)
    plans.change_plan(units, Plan("晚间", "0 9 * * *"), "李工", START)
    kept = {plan.name: plan for plan in SqlRounds(engine).plans()}
    assert kept["晚间"] == Plan("晚间", "0 9 * * *")
    plans.remove_plan(units, "晚间", "李工", START)
    assert "晚间" not in {plan.name for plan in SqlRounds(engine).plans()}
    assert [action for _, action in audited(engine)] == ["added", "changed", "changed", "removed"]
    with reading(engine) as connection:
        assert set(connection.scalars(sa.select(errands.c.kind))) == {"deploy_plans"}


@pytest.mark.parametrize(
    "plan",
    [
        Plan("", "* * * * *"), Plan("a/b", "* * * * *"), Plan("follow-up", "* * * * *"), Plan("x", "bad"),
        Plan("x", "0 0 31 2 *"),
        Plan("x", "* * * * *", site_names=("无此点位",)), Plan("x", "* * * * *", fine_every=timedelta(seconds=1)),
        Plan("core", "* * * * *"),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_is_refused(units: SqlUnitsOfWork, engine: Engine, plan: Plan) -> None:
    with pytest.raises(BadInput):
        plans.add_plan(units, plan, "李工", START)
    assert audited(engine) == []


def test_a_plan_with_a_round_under_way_is_not_removed(units: SqlUnitsOfWork, engine: Engine) -> None:
    SqlRounds(engine).begin("core", [1], START)
    with pytest.raises(TransitionRefused, match="under way"):
        plans.remove_plan(units, "core", "李工", START)
