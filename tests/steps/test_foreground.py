"""Static foreground on the way of a visit: the real rules and store, a scripted foreground gauge."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.adapters import tables
from pipeline.adapters.database import writing
from pipeline.domain.foreground import Foreground, Standing
from pipeline.domain.frame import Frame, Reading, ViewMemory
from pipeline.domain.geometry import Box, Polygon
from pipeline.domain.patrol import Mode
from tests.fakes import BARE, LITTERED, Shot
from tests.steps.test_visit import Street

PLACE = Box(0.6, 0.6, 0.7, 0.75)
HAS_COME = Standing(PLACE, 1.2, 0.4, settled=0.0, arrived=1.0)
STAYS = Standing(PLACE, 1.2, 0.4, settled=1.0, arrived=0.0)
PAVEMENT: Polygon = ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0))


@dataclass
class ScriptedForeground:
    """Port ForegroundGauge: what stands there at each visit in turn, and a background that counts the frames."""

    standing: Iterator[Standing | None]
    kept_out: list[Sequence[Box]] = field(default_factory=list)
    pavements: list[Sequence[Polygon]] = field(default_factory=list)

    def read(self, frame: Frame, reading: Reading, memory: ViewMemory, pavement: Sequence[Polygon]) -> Foreground:
        self.pavements.append(pavement)
        thing = next(self.standing)
        return Foreground(True, (thing,) if thing else ())

    def learn(
        self, frame: Frame, reading: Reading, memory: ViewMemory, foreground: Foreground, keep_out: Sequence[Box]
    ) -> dict[Mode, bytes]:
        self.kept_out.append(keep_out)
        return {Mode.day: memory.backgrounds.get(Mode.day, b"") + b"."}


@pytest.fixture
def street(sqlite_engine: Engine, tmp_path: Path) -> Street:
    return Street(sqlite_engine, tmp_path)


def watched(
    street: Street, *standing: Standing | None, categories: Sequence[str] = ("street_business",)
) -> ScriptedForeground:
    """The street with a pavement zone, and as its foreground gauge the scripted one."""
    zone = {"view_id": 1, "kind": "pavement", "polygon": [list(point) for point in PAVEMENT], "permitted": []}
    with writing(street.engine) as connection:
        connection.execute(sa.insert(tables.zones), [{**zone, "categories": list(categories)}])
    gauge = ScriptedForeground(iter(standing))
    street.world = replace(street.world, foreground=gauge)
    return gauge


def test_a_stall_that_comes_and_stays_becomes_one_ticket(street: Street) -> None:
    gauge = watched(street, HAS_COME, STAYS, STAYS, STAYS)
    done = street.rounds_of(BARE, BARE, BARE, BARE)
    assert [len(summary.opened) for summary in done] == [0, 0, 1, 0]
    assert street.column(tables.findings.c.category) == ["street_business"]
    assert gauge.pavements == [(PAVEMENT,)] * 4
    assert not street.complaints()


def test_people_who_pass_one_after_another_open_nothing(street: Street) -> None:
    watched(street, *[HAS_COME] * 8)
    street.rounds_of(*[BARE] * 8)
    assert not street.tickets()


def test_the_background_is_learned_without_what_was_found_and_kept_between_visits(street: Street) -> None:
    gauge = watched(street, None, STAYS)
    street.rounds_of(LITTERED, LITTERED)
    assert list(gauge.kept_out[0]) == list(LITTERED.boxes)
    assert set(gauge.kept_out[1]) == {*LITTERED.boxes, PLACE}
    assert street.world.memories.load([1])[1].backgrounds == {Mode.day: b".."}


def test_litter_at_the_place_explains_it(street: Street) -> None:
    watched(street, *[STAYS] * 4)
    street.rounds_of(*[Shot(boxes=(PLACE,))] * 4)
    assert set(street.column(tables.findings.c.category)) == {"litter"}


def test_a_view_without_a_pavement_zone_for_it_is_left_alone(street: Street) -> None:
    gauge = watched(street, categories=("litter",))
    street.rounds_of(BARE, BARE)
    assert not gauge.pavements
