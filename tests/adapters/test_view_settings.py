"""What is set up on a view is kept and read back the same on both databases."""

from datetime import time

import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.adapters import camera_queries, tables
from pipeline.adapters.database import reading, writing
from pipeline.adapters.fleet import SqlFleet
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.camera import PermittedHours, ViewThreshold, Zone, ZoneKind
from pipeline.domain.patrol import Mode
from pipeline.domain.repair import Repair
from tests.adapters.test_store import a_camera_row
from tests.builders import START, minutes

SOUTH = ((0.0, 0.6), (1.0, 0.6), (1.0, 1.0), (0.0, 1.0))
NIGHTS = PermittedHours(time(18), time(2), frozenset({4, 5}), frozenset({"street_business"}))


def test_a_view_that_was_set_up_reads_the_same(engine: Engine) -> None:
    fleet = SqlFleet(engine, lambda _credentials: b"sealed")
    fleet.import_cameras([a_camera_row()], {}, START)
    zone = Zone(ZoneKind.pavement, SOUTH, frozenset({"litter", "street_business"}), (NIGHTS,), "南侧")
    with SqlUnitsOfWork(engine).writing() as uow:
        uow.views.save_zones(1, [zone])
        uow.views.save_thresholds(1, [ViewThreshold("litter", 0.6, 0.7)], "李工", START)
        uow.views.approve(1, Mode.day, "a" * 64, "李工", START)
        uow.views.approve(1, Mode.day, "b" * 64, "王工", minutes(1))
        uow.views.approve(1, Mode.infra_red, "c" * 64, "王工", minutes(2))
        number = uow.views.add_repair(Repair(1, "被风吹偏", "李工", START, "moved"))
    (view,) = fleet.views()
    assert (view.zones, view.thresholds) == ((zone,), (ViewThreshold("litter", 0.6, 0.7),))
    with reading(engine) as connection:
        row = camera_queries.one_camera_view(connection, 1)
        approved, _ = camera_queries.references_of(connection, 1)
        (repair,) = camera_queries.repair_page(connection, False, None, 10).rows
    assert (row.zones, row.own_thresholds, row.references_approved, row.repairs_open) == (1, 1, 2, 1)
    assert (approved["day"].image, approved["day"].approved_by) == ("b" * 64, "王工")
    assert (repair.id, repair.words, repair.site) == (number, "被风吹偏", "东门")


def test_permitted_hours_of_a_former_release_still_hold(engine: Engine) -> None:
    fleet = SqlFleet(engine, lambda _credentials: b"sealed")
    fleet.import_cameras([a_camera_row()], {}, START)
    former = {"view_id": 1, "kind": "pavement", "polygon": [list(point) for point in SOUTH], "categories": [],
              "permitted": [["18:00", "22:30"]]}  # fmt: skip
    with writing(engine) as connection:
        connection.execute(sa.insert(tables.zones).values(former))
    assert fleet.views()[0].zones[0].permitted == (PermittedHours(time(18), time(22, 30)),)
