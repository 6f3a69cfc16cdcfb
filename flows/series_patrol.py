"""The real patrol over composed days: its own gauge, detector, tracking and store; only clock and cameras are ours."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from pydantic import SecretStr

from datasets.series.day import Stay
from flows.series_scores import Filed
from flows.wiring import Town, announce_model, assess_rules, open_town, set_up_database, world_of
from models.card import ModelCard
from models.registry import Registry
from pipeline.adapters import tables
from pipeline.adapters.camera_lists import CameraRow
from pipeline.adapters.database import reading, writing
from pipeline.adapters.picture import Picture
from pipeline.adapters.secrets import new_key
from pipeline.domain.camera import SourceKind, View, Zone
from pipeline.domain.detection import Pass
from pipeline.domain.frame import Frame
from pipeline.domain.geometry import Box
from pipeline.domain.patrol import Plan
from pipeline.domain.site import Site, SiteKind
from pipeline.ports import Detector, FrameSource
from pipeline.settings import Settings
from pipeline.steps.visit import visit_views
from pipeline.steps.world import Terms, World

ROUND_EVERY = timedelta(minutes=5)
FOLLOW_UPS_EVERY = timedelta(minutes=1)
"""As the deployments run them."""
PLAN, FOLLOW_UPS = "core", "follow-up"
"""The plan that a new installation starts with, and that of rounds which look again at candidates."""


class Scene(Protocol):
    """A view's day: see `datasets.series`."""

    @property
    def name(self) -> str: ...
    @property
    def stays(self) -> tuple[Stay, ...]: ...
    @property
    def zones(self) -> tuple[Zone, ...]: ...
    def jpeg_at(self, elapsed_s: float) -> bytes: ...
    def boxes_at(self, elapsed_s: float) -> Mapping[Stay, Box]: ...


@dataclass
class SteppedClock:
    """Stands still until it is set."""

    at: datetime

    def now(self) -> datetime:
        return self.at


@dataclass(frozen=True)
class SceneSource:
    """Port FrameSource: the frame of each view's scene at the clock's time, as JPEG, as if by HTTP."""

    scenes: Mapping[int, Scene]
    clock: SteppedClock
    starts_at: datetime

    def capture(self, views: Sequence[View], deliver: Callable[[View, Frame | Exception], None]) -> None:
        now = self.clock.now()
        for view in views:
            picture = Picture.from_bytes(self.scenes[view.id].jpeg_at((now - self.starts_at).total_seconds()))
            deliver(view, Frame(picture, picture.width, picture.height, now, now, SourceKind.http))


@dataclass(frozen=True, slots=True)
class Looking:
    """The weights of this card look, or in their place `detector`."""

    registry: Registry
    card: ModelCard
    detector: Detector | None = None

    def world(self, town: Town) -> World:
        world = world_of(town)
        return world if self.detector is None else replace(world, detector=self.detector)


@dataclass(frozen=True, slots=True)
class Patrolled:
    """What the patrol filed, and what its visits came to by view."""

    filed: tuple[Filed, ...]
    outcomes: Mapping[str, Counter[str]] = field(default_factory=dict)


def patrol_scenes(
    scenes: Sequence[Scene], starts_at: datetime, lasts: timedelta, home: Path, looking: Looking,
    tick: Callable[[str], None] = lambda _: None,
) -> Patrolled:  # fmt: skip
    """Patrol all scenes side by side from `starts_at` for `lasts`; `home` is an empty folder for the store.

    `tick` is called after every minute of the day with how many tickets there are.
    """
    with open_town(_settings(home)) as opened:
        clock = SteppedClock(starts_at)
        town = replace(opened, clock=clock, registry=looking.registry)  # type: ignore[arg-type]  # a clock all the same
        set_up_database(town)
        announce_model(town, looking.card)
        views = _add_cameras(town, scenes, starts_at)
        source: FrameSource = SceneSource(views, clock, starts_at)
        world = replace(looking.world(town), source=source)
        plan = town.rounds.plan(PLAN)
        filed = 0
        for minute in range(int(lasts / FOLLOW_UPS_EVERY)):
            clock.at = starts_at + minute * FOLLOW_UPS_EVERY
            is_round = (minute * FOLLOW_UPS_EVERY) % ROUND_EVERY == timedelta(0)
            filed += _round(town, world, plan) if is_round else 0
            filed += _follow_up(town, world, plan)
            tick(f"{filed} tickets")
        return Patrolled(tuple(_filed(town, starts_at, views)), _outcomes(town, views))


def _settings(home: Path) -> Settings:
    """The shipped defaults, whatever the environment says; nothing is sampled."""
    return Settings(
        home=home,
        database_url=None,
        secret_keys=SecretStr(new_key()),
        zone="Asia/Shanghai",
        sample_share=0.0,
        dwell_scale=1.0,
        stale_after_s=1800,
    )


def _add_cameras(town: Town, scenes: Sequence[Scene], at: datetime) -> dict[int, Scene]:
    """Scenes by the number of their view; a source's address is never called."""
    rows = []
    for number, scene in enumerate(scenes):
        site = Site(f"{number:02d} {scene.name}", SiteKind.main_road, False, True, "", None, {})
        rows.append(CameraRow(site.name, site, f"http://127.0.0.1/{number}.jpg", None))
    town.fleet.import_cameras(rows, {}, at)
    views = {view.name: view.id for view in town.fleet.views()}
    numbered = {views[row.name]: scene for row, scene in zip(rows, scenes, strict=True)}
    zones = [
        {"view_id": view_id, "kind": zone.kind.value, "polygon": [list(point) for point in zone.polygon],
         "categories": sorted(zone.categories), "permitted": []}
        for view_id, scene in numbered.items() for zone in scene.zones
    ]  # fmt: skip
    if zones:
        with writing(town.engine) as connection:
            connection.execute(sa.insert(tables.zones), zones)
    return numbered


def _round(town: Town, world: World, plan: Plan) -> int:
    views = town.fleet.view_ids_of_plan(plan.core_zone_only, plan.site_names)
    return _visit(town, world, plan.name, views, {}, plan.fine_every)


def _follow_up(town: Town, world: World, plan: Plan) -> int:
    due = town.rounds.due_follow_ups(town.clock.now())
    passes = {view: frozenset({found_by}) for view, found_by in due.items() if found_by is Pass.fine}
    return _visit(town, world, FOLLOW_UPS, sorted(due), passes, Plan(FOLLOW_UPS, "").fine_every) if due else 0


def _visit(
    town: Town, world: World, plan: str, view_ids: Sequence[int], passes: Mapping[int, frozenset[Pass]],
    fine_every: timedelta,
) -> int:  # fmt: skip
    """One round as the flow runs it; the number of tickets filed."""
    begun = town.rounds.begin(plan, view_ids, town.clock.now())
    terms = Terms(
        categories=town.categories(),
        zone=town.settings.town_zone,
        rules=assess_rules(town.settings),
        fine_every=fine_every,
        passes=passes,
        sample_share=town.settings.sample_share,
        workers=1,
    )
    summary = visit_views(begun.ref, town.fleet.views(begun.view_ids), world, terms)
    town.rounds.finish(begun.ref.id, town.clock.now())
    return len(summary.opened)


def _filed(town: Town, starts_at: datetime, scenes: Mapping[int, Scene]) -> list[Filed]:
    """Every ticket in the order of time, with its box as it was seen then and its outlined picture."""
    tickets, sightings, images = tables.tickets.c, tables.sightings.c, tables.ticket_images.c
    query = (
        sa.select(
            tickets.number, tickets.view_id, tickets.category, tickets.created_at, images.digest,
            sightings.left, sightings.top, sightings.right, sightings.bottom, sightings.score,
        )
        .join(tables.sightings, (sightings.finding_id == tickets.finding_id) & (sightings.at == tickets.created_at))
        .join(tables.ticket_images, (images.number == tickets.number) & (images.at == tickets.created_at))
        .where(images.role == "outlined")
        .order_by(tickets.created_at, tickets.number)
    )  # fmt: skip
    with reading(town.engine) as connection:
        rows = connection.execute(query).all()
    return [
        Filed(
            row.number, scenes[row.view_id].name, row.category, (row.created_at - starts_at).total_seconds(),
            Box(row.left, row.top, row.right, row.bottom), row.score, town.images.get(row.digest),
        )
        for row in rows
    ]  # fmt: skip


def _outcomes(town: Town, scenes: Mapping[int, Scene]) -> dict[str, Counter[str]]:
    visits = tables.visits.c
    query = sa.select(visits.view_id, visits.outcome, sa.func.count()).group_by(visits.view_id, visits.outcome)
    found: dict[str, Counter[str]] = defaultdict(Counter)
    with reading(town.engine) as connection:
        for view_id, outcome, count in connection.execute(query):
            found[scenes[view_id].name][outcome] += int(count)
    return dict(found)
