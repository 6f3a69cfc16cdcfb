"""What pages and JSON routes of cameras share: forms into rows, what a view's set-up shows, plans with their times."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Connection

from api.camera_schemas import CameraIn, HoursIO, PlanOut, ZoneIO
from api.dependencies import Services
from pipeline.adapters import camera_queries
from pipeline.adapters.addresses import Credentials, source_kind_of, split_credentials
from pipeline.adapters.camera_lists import CameraRow, camera_row
from pipeline.adapters.fleet import SqlFleet
from pipeline.adapters.keyset import FlatRow
from pipeline.adapters.rows import hours_columns
from pipeline.adapters.secrets import SecretBox
from pipeline.domain.camera import SourceKind, Zone
from pipeline.domain.category import Category
from pipeline.domain.cron import cron_of
from pipeline.domain.detection import Pass
from pipeline.domain.errors import BadInput, NotFound
from pipeline.domain.repair import Repair
from pipeline.domain.ticket import Status
from pipeline.steps.thresholds import Scored

MOST_SIGHTINGS = 1000
NEXT_RUNS = 3


async def sent_form(request: Request) -> dict[str, list[str]]:
    """All texts of a form by name; a box that is ticked comes as often as it is."""
    form = await request.form()
    return {name: [str(value) for value in form.getlist(name)] for name in form}


Sent = Annotated[dict[str, list[str]], Depends(sent_form)]


def fleet_of(services: Services) -> SqlFleet:
    """Seals with the keys of the settings, as the commands do; these are read only where there is something to seal."""

    def seal(credentials: Credentials) -> bytes:
        return SecretBox(services.settings.secret_keys.get_secret_value()).seal(credentials)

    return SqlFleet(services.engine, seal)


def row_of(fleet: SqlFleet, given: CameraIn, source: str) -> CameraRow:
    """Checked as a line of a list is; `source` stands where the form leaves the address blank.

    Raises BadInput, showing no secret; NotFound for a site that is to be known and is not.
    """
    cells = {
        "name": given.name, "site": given.site, "site_kind": given.site_kind.value, "address": given.address,
        "key_point": str(int(given.key_point)), "core_zone": str(int(given.core_zone)),
        "latitude": "" if given.latitude is None else repr(given.latitude),
        "longitude": "" if given.longitude is None else repr(given.longitude), "datum": given.datum,
        "leader": given.leader, "department": given.department, "community": given.community,
        "source": given.source.strip() or source,
    }  # fmt: skip
    row = camera_row({name: cell.strip() for name, cell in cells.items()})
    if given.username or given.password.get_secret_value():
        if source_kind_of(row.source) is SourceKind.replay:
            raise BadInput("a file or folder takes no user name and password")
        row = replace(row, credentials=Credentials(given.username, given.password.get_secret_value()))
    return replace(row, site=fleet.site_of(given.site)) if given.keep_site else row


def add_camera(services: Services, given: CameraIn, who: str) -> int:
    """Gives the number of its view."""
    if not given.source.strip():
        raise BadInput("source is empty")
    fleet = fleet_of(services)
    return fleet.add_camera(row_of(fleet, given, ""), who, services.clock.now())


def change_camera(services: Services, camera_id: int, given: CameraIn, who: str) -> None:
    with services.look() as connection:
        known = camera_queries.first_view_of(connection, camera_id)
    fleet = fleet_of(services)
    source, _ = split_credentials(known.source)
    fleet.change_camera(camera_id, row_of(fleet, given, source), who, services.clock.now())


def zone_out(zone: Zone) -> ZoneIO:
    hours = [HoursIO.model_validate(hours_columns(hours)) for hours in zone.permitted]
    return ZoneIO.model_validate(
        {
            "kind": zone.kind.value,
            "name": zone.name,
            "polygon": [list(point) for point in zone.polygon],
            "categories": sorted(zone.categories),
            "permitted": [one.model_dump(by_alias=True) for one in hours],
        }
    )


def scored(rows: Sequence[FlatRow]) -> list[Scored]:
    return [Scored(row.category, row.score, Pass(row.found_by), row.finding_id, _confirmed(row.status)) for row in rows]


def _confirmed(status: str | None) -> bool | None:
    if status is None or status == Status.awaiting_review:
        return None
    return status != Status.dismissed


def with_thresholds(
    categories: Mapping[str, Category], tried: Mapping[str, tuple[float, float | None]]
) -> dict[str, Category]:
    """The categories as they would be with the thresholds that are tried. Raises BadInput for an unknown one."""
    if unknown := sorted(set(tried) - set(categories)):
        raise BadInput(f"no category {unknown[0]!r}")
    changed = {
        code: replace(categories[code], threshold=fast, fine_threshold=fine) for code, (fast, fine) in tried.items()
    }
    return {**categories, **changed}


def check_picture(connection: Connection, view_id: int, image: str) -> None:
    """Raises NotFound where this is no stored picture of this view."""
    if not camera_queries.is_picture_of(connection, view_id, image):
        raise NotFound(f"view {view_id} has no picture {image[:12]}")


def new_repair(services: Services, view_id: int, words: str, who: str) -> Repair:
    """With what the view's last visit came to, and its latest picture."""
    with services.look() as connection:
        row = camera_queries.one_camera_view(connection, view_id)
        latest = camera_queries.latest_picture(connection, view_id)
        stored = [image for image in (latest, row.last_image) if image]
        shown = next((image for image in stored if camera_queries.is_picture_of(connection, view_id, image)), None)
    return Repair(view_id, words, who, services.clock.now(), row.last_outcome, shown)


@dataclass(frozen=True, slots=True)
class PlanFacts:
    row: FlatRow
    views: int
    next_runs: list[datetime]


def plan_facts(services: Services, connection: Connection) -> list[PlanFacts]:
    now, zone = services.clock.now(), services.settings.town_zone
    facts = []
    for row in camera_queries.all_plans(connection):
        views = camera_queries.views_of_plan(connection, row.core_zone_only, row.site_names)
        runs = islice(cron_of(row.cron).after(now, zone), NEXT_RUNS) if row.active else ()
        facts.append(PlanFacts(row, views, list(runs)))
    return facts


def plan_out(facts: PlanFacts) -> PlanOut:
    row = facts.row._asdict()
    return PlanOut.model_validate({**row, "views": facts.views, "next_runs": facts.next_runs})
