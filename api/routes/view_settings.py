"""What is set up on a view as JSON: zones, masks, thresholds, references, repairs, and errands to a worker."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.camera_forms import (
    MOST_SIGHTINGS,
    check_picture,
    new_repair,
    scored,
    with_thresholds,
    zone_out,
)
from api.camera_schemas import (
    Asked,
    MasksIn,
    MasksOut,
    PictureIn,
    ReferenceIn,
    ReferenceOut,
    RepairIn,
    RepairOpened,
    RepairRow,
    RepairsAsked,
    ThresholdRow,
    ThresholdsIn,
    TrialOut,
    ZonesIn,
    ZonesOut,
    corners_of,
)
from api.dependencies import Asking, RowId, Services, Wired
from api.errors import problems
from api.schemas import Listing
from pipeline.adapters import camera_queries
from pipeline.domain.camera import Zone, ZoneKind
from pipeline.domain.errors import BadInput
from pipeline.domain.patrol import Mode
from pipeline.steps import views
from pipeline.steps.thresholds import tried

router = APIRouter(prefix="/api/v1", tags=["cameras"])

PAGE_ROWS = 25
NO_CONTENT = {"status_code": 204, "response_class": Response}


def drawn_on(services: Services, view_id: int) -> tuple[list[Zone], list[Zone]]:
    """Zones and masks as they are kept. Raises NotFound."""
    with services.units.reading() as uow:
        uow.views.name_of(view_id)
        whole = uow.views.zones(view_id)
    masks = [zone for zone in whole if zone.kind is ZoneKind.text]
    return [zone for zone in whole if zone.kind is not ZoneKind.text], masks


@router.get("/views/{view_id}/zones", responses=problems(403, 404, 422))
def read_zones(services: Wired, view_id: RowId) -> ZonesOut:
    zones, _ = drawn_on(services, view_id)
    return ZonesOut(version=views.version_of(zones), zones=[zone_out(zone) for zone in zones])


@router.put("/views/{view_id}/zones", responses=problems(403, 404, 409, 422))
def draw_zones(services: Wired, person: Asking, view_id: RowId, drawn: ZonesIn) -> ZonesOut:
    """All zones of the view, in place of those there were. The next visit looks anew."""
    zones = [zone.value for zone in drawn.zones]
    kept = views.draw_zones(services.units, view_id, zones, person.name, services.clock.now(), drawn.version)
    return ZonesOut(version=views.version_of(kept), zones=[zone_out(zone) for zone in kept])


@router.get("/views/{view_id}/masks", responses=problems(403, 404, 422))
def read_masks(services: Wired, view_id: RowId) -> MasksOut:
    """On-screen text, such as the clock: kept out of every comparison."""
    _, masks = drawn_on(services, view_id)
    return _masks_out(services, view_id, masks)


@router.put("/views/{view_id}/masks", responses=problems(403, 404, 409, 422))
def draw_masks(services: Wired, person: Asking, view_id: RowId, drawn: MasksIn) -> MasksOut:
    """All masks of the view, in place of those there were and of those found by itself."""
    areas = [corners_of(mask) for mask in drawn.masks]
    kept = views.draw_masks(services.units, view_id, areas, person.name, services.clock.now(), drawn.version)
    return _masks_out(services, view_id, list(kept))


def _masks_out(services: Services, view_id: int, masks: list[Zone]) -> MasksOut:
    with services.units.reading() as uow:
        found = uow.views.text_found(view_id)
    return MasksOut(
        version=views.version_of(masks),
        masks=[[list(corner) for corner in mask.polygon] for mask in masks],
        found=[[list(corner) for corner in views.outline_of(box)] for box in found],
    )


@router.get("/views/{view_id}/thresholds", responses=problems(403, 404, 422))
def read_thresholds(services: Wired, view_id: RowId) -> list[ThresholdRow]:
    """Where the view differs from the category table."""
    with services.look() as connection:
        camera_queries.one_camera_view(connection, view_id)
        own = camera_queries.thresholds_of(connection, view_id)
    return [ThresholdRow.model_validate(row) for row in own.values()]


@router.put("/views/{view_id}/thresholds", **NO_CONTENT, responses=problems(403, 404, 422))  # type: ignore[arg-type]  # FastAPI's own keywords
def set_thresholds(services: Wired, person: Asking, view_id: RowId, given: ThresholdsIn) -> None:
    """In place of all the view had; a category that is not named goes by the table again."""
    own = [one.value for one in given.thresholds]
    views.set_thresholds(services.units, view_id, own, person.name, services.clock.now())


@router.post("/views/{view_id}/thresholds/trial", responses=problems(403, 404, 422))
def try_thresholds(services: Wired, view_id: RowId, given: ThresholdsIn) -> list[TrialOut]:
    """Which stored sightings would still be found; runs no network and changes nothing.

    A category that is not named is tried with the table's own threshold.
    """
    with services.look() as connection:
        camera_queries.one_camera_view(connection, view_id)
        rows = camera_queries.stored_sightings(connection, view_id, MOST_SIGHTINGS)
    with services.units.reading() as uow:
        known = uow.categories()
    asked = {one.category: (one.threshold, one.fine_threshold) for one in given.thresholds}
    return [TrialOut.model_validate(trial) for trial in tried(scored(rows), with_thresholds(known, asked))]


@router.get("/views/{view_id}/reference", responses=problems(403, 404, 422))
def read_references(services: Wired, view_id: RowId) -> list[ReferenceOut]:
    """What the view is compared with, by mode."""
    with services.look() as connection:
        camera_queries.one_camera_view(connection, view_id)
        approved, known = camera_queries.references_of(connection, view_id)
    taken = [mode for mode in known if mode not in approved]
    return [
        *(ReferenceOut.model_validate(row) for row in approved.values()),
        *(ReferenceOut(mode=Mode(mode), image=None, approved_by=None, at=None) for mode in sorted(taken)),
    ]


@router.post("/views/{view_id}/reference", status_code=202, responses=problems(403, 404, 422))
def approve_reference(services: Wired, person: Asking, view_id: RowId, given: ReferenceIn) -> Asked:
    """Approve a stored picture as what the view looks like; a worker takes it, and the next visit looks anew."""
    approval = views.Approval(given.image, given.mode, given.moved)
    at = services.clock.now()
    return Asked(errand=views.approve_reference(services.units, view_id, approval, person.name, at))


@router.post("/views/{view_id}/probe", status_code=202, responses=problems(403, 404, 422))
def probe(services: Wired, person: Asking, view_id: RowId) -> Asked:
    """A worker fetches one frame and says its size, codec and time, or what went wrong."""
    at = services.clock.now()
    return Asked(errand=views.ask_worker(services.units, views.PROBE, view_id, {}, person.name, at))


@router.post("/views/{view_id}/capture", status_code=202, responses=problems(403, 404, 422))
def capture(services: Wired, person: Asking, view_id: RowId) -> Asked:
    """A worker fetches one frame, redacts and stores it."""
    at = services.clock.now()
    return Asked(errand=views.ask_worker(services.units, views.CAPTURE, view_id, {}, person.name, at))


@router.post("/views/{view_id}/alignment", status_code=202, responses=problems(403, 404, 422))
def align(services: Wired, person: Asking, view_id: RowId, given: PictureIn) -> Asked:
    """A worker estimates how the view moved between its reference and this picture."""
    return Asked(errand=ask_alignment(services, view_id, given.image, person.name))


def ask_alignment(services: Services, view_id: int, image: str, who: str) -> int:
    """Raises NotFound; BadInput where there is no picture of the former pose."""
    with services.look() as connection:
        check_picture(connection, view_id, image)
        old = old_picture(services, view_id)
    if old is None or old == image:
        raise BadInput("there is no picture of the former pose: draw the zones anew")
    payload = {"old": old, "new": image}
    return views.ask_worker(services.units, views.ALIGN, view_id, payload, who, services.clock.now())


def old_picture(services: Services, view_id: int) -> str | None:
    """What the view looked like before it moved: the approved reference of its mode, else its last good frame."""
    with services.look() as connection:
        row = camera_queries.one_camera_view(connection, view_id)
        approved, _ = camera_queries.references_of(connection, view_id)
        mode = camera_queries.last_mode(connection, view_id)
    if mode in approved:
        return str(approved[mode].image)
    first = next(iter(approved.values()), None)
    return row.last_image or (str(first.image) if first else None)


@router.get("/repairs", responses=problems(403, 422))
def list_repairs(services: Wired, asked: Annotated[RepairsAsked, Query()]) -> Listing[RepairRow]:
    """Works on views themselves, newest first."""
    with services.look() as connection:
        page = camera_queries.repair_page(connection, asked.closed, asked.cursor, asked.size or PAGE_ROWS)
    return Listing(rows=[RepairRow.model_validate(row) for row in page.rows], next=page.cursor)


@router.post("/views/{view_id}/repairs", status_code=201, responses=problems(403, 404, 422))
def open_repair(services: Wired, person: Asking, view_id: RowId, given: RepairIn) -> RepairOpened:
    repair = new_repair(services, view_id, given.words, person.name)
    return RepairOpened(id=views.open_repair(services.units, repair))


@router.post("/repairs/{repair_id}/close", **NO_CONTENT, responses=problems(403, 404, 409, 422))  # type: ignore[arg-type]  # FastAPI's own keywords
def close_repair(services: Wired, person: Asking, repair_id: RowId, given: RepairIn) -> None:
    """The view is tried again at the next round."""
    views.close_repair(services.units, repair_id, given.words, person.name, services.clock.now())
