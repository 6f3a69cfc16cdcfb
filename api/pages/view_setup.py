"""The engineer's pages of one view: probe, picture, zones, references, thresholds, and what to do when it moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.camera_forms import MOST_SIGHTINGS, Sent, change_camera, fleet_of, new_repair, zone_out
from api.dependencies import Asking, RowId, Services, Wired
from api.pages.cameras import Filled
from api.pages.drawing import Drawn
from api.routes.view_settings import ask_alignment, drawn_on, old_picture
from api.words import SITE_KINDS
from pipeline.adapters import camera_queries, queries
from pipeline.adapters.addresses import place_of
from pipeline.adapters.camera_queries import Asked
from pipeline.adapters.keyset import FlatRow
from pipeline.domain.camera import ViewThreshold, Zone, ZoneKind
from pipeline.domain.errors import BadInput
from pipeline.domain.patrol import MOVED_ALARM, Mode, Outcome
from pipeline.domain.shape import Transform
from pipeline.steps import views

router = APIRouter(include_in_schema=False)

KINDS = (views.PROBE, views.CAPTURE, views.ALIGN, views.REFERENCE)
PICTURED = 60
"""Stored sightings whose pictures the threshold page shows."""
DRAWN_KINDS = [kind.value for kind in ZoneKind if kind is not ZoneKind.text]
Digest = Annotated[str, Form(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class SetUp:
    """All that the page of one view shows."""

    row: FlatRow
    units: dict[int, str]
    errands: dict[str, Asked]
    picture: str | None
    """The newest: captured because somebody asked, else the last frame."""
    old: str | None
    approved: dict[str, FlatRow]
    known_modes: frozenset[str]
    moved_in_a_row: int
    repairs: Sequence[FlatRow]
    zones: list[Zone]
    masks: list[Zone]

    @property
    def is_pending(self) -> bool:
        return any(errand.is_pending for errand in self.errands.values())

    @property
    def is_moved(self) -> bool:
        return bool(self.row.last_outcome == Outcome.moved)

    @property
    def is_moved_for_sure(self) -> bool:
        return self.is_moved and self.moved_in_a_row >= MOVED_ALARM

    @property
    def fresh(self) -> str | None:
        """A picture captured on request, done."""
        captured = self.errands.get(views.CAPTURE)
        return captured.answer.get("image") if captured and captured.state == "done" else None

    @property
    def place(self) -> str:
        return place_of(self.row.source)


def set_up_of(services: Services, view_id: int) -> SetUp:
    """Raises NotFound."""
    old = old_picture(services, view_id)
    zones, masks = drawn_on(services, view_id)
    with services.look() as connection:
        row = camera_queries.one_camera_view(connection, view_id)
        approved, known = camera_queries.references_of(connection, view_id)
        asked = camera_queries.latest_errands(connection, view_id, KINDS)
        return SetUp(
            row=row,
            units=camera_queries.units_of_site(connection, row.site),
            errands=asked,
            picture=_newest_picture(row, asked.get(views.CAPTURE)),
            old=old,
            approved=approved,
            known_modes=known,
            moved_in_a_row=camera_queries.moved_in_a_row(connection, view_id),
            repairs=camera_queries.repairs_of(connection, view_id),
            zones=zones,
            masks=masks,
        )


def _newest_picture(row: FlatRow, captured: Asked | None) -> str | None:
    """One captured on request, unless the patrol saw the view since."""
    image = captured.answer.get("image") if captured and captured.state == "done" else None
    last: str | None = row.last_image
    if captured is None or image is None:
        return last
    taken_at = datetime.fromisoformat(captured.answer["at"])
    return last if row.last_good_at and row.last_good_at > taken_at else str(image)


@router.get("/cameras/{view_id}")
def show_set_up(request: Request, services: Wired, drawing: Drawn, view_id: RowId) -> Response:
    with services.look() as connection:
        sites, units = queries.site_names(connection), queries.unit_names(connection)
    return drawing.page(
        request, "cameras_view.html", facts=set_up_of(services, view_id), modes=list(Mode), now=services.clock.now(),
        sites=sites, units=units, site_kinds=list(SITE_KINDS),
    )  # fmt: skip


@router.post("/cameras/{view_id}/probe")
def probe(services: Wired, person: Asking, view_id: RowId) -> Response:
    views.ask_worker(services.units, views.PROBE, view_id, {}, person.name, services.clock.now())
    return RedirectResponse(f"/cameras/{view_id}", 303)


@router.post("/cameras/{view_id}/capture")
def capture(
    services: Wired, person: Asking, view_id: RowId, page: Annotated[str, Form(pattern="^(moved|zones)?$")] = ""
) -> Response:
    views.ask_worker(services.units, views.CAPTURE, view_id, {}, person.name, services.clock.now())
    return RedirectResponse(f"/cameras/{view_id}/{page}".rstrip("/"), 303)


@router.post("/cameras/{view_id}/change")
def change(services: Wired, person: Asking, view_id: RowId, form: Filled) -> Response:
    with services.look() as connection:
        camera_id = camera_queries.one_camera_view(connection, view_id).camera_id
    change_camera(services, camera_id, form.given, person.name)
    return RedirectResponse(f"/cameras/{view_id}", 303)


@router.post("/cameras/{view_id}/active")
def set_active(services: Wired, person: Asking, view_id: RowId, active: Annotated[bool, Form()]) -> Response:
    with services.look() as connection:
        camera_id = camera_queries.one_camera_view(connection, view_id).camera_id
    fleet_of(services).set_active(camera_id, active, person.name, services.clock.now())
    return RedirectResponse(f"/cameras/{view_id}", 303)


@router.post("/cameras/{view_id}/reference")
def approve(
    services: Wired,
    person: Asking,
    view_id: RowId,
    image: Digest,
    mode: Annotated[str, Form(pattern="^(day|night|infra_red)?$")] = "",
    moved: Annotated[bool, Form()] = False,
) -> Response:
    approval = views.Approval(image, Mode(mode) if mode else None, moved)
    views.approve_reference(services.units, view_id, approval, person.name, services.clock.now())
    return RedirectResponse(f"/cameras/{view_id}", 303)


@router.post("/cameras/{view_id}/repairs")
def open_repair(
    services: Wired, person: Asking, view_id: RowId, words: Annotated[str, Form(max_length=300)]
) -> Response:
    views.open_repair(services.units, new_repair(services, view_id, words, person.name))
    return RedirectResponse(f"/cameras/{view_id}", 303)


@router.get("/cameras/{view_id}/moved")
def show_moved(request: Request, services: Wired, drawing: Drawn, view_id: RowId) -> Response:
    return drawing.page(request, "cameras_moved.html", facts=set_up_of(services, view_id), now=services.clock.now())


@router.post("/cameras/{view_id}/align")
def align(services: Wired, person: Asking, view_id: RowId, image: Digest) -> Response:
    ask_alignment(services, view_id, image, person.name)
    return RedirectResponse(f"/cameras/{view_id}/moved", 303)


@router.get("/cameras/{view_id}/zones")
def show_zones(
    request: Request,
    services: Wired,
    drawing: Drawn,
    view_id: RowId,
    shift: Annotated[bool, Query(description="zones where the worker's estimate puts them")] = False,
) -> Response:
    facts = set_up_of(services, view_id)
    alignment = _alignment(facts) if shift else None
    picture = str(alignment.answer["new"]) if alignment else facts.picture
    zones, lost = facts.zones, list[Zone]()
    if alignment:
        zones, lost = views.shifted(facts.zones, _transform(alignment))
    with services.units.reading() as uow:
        found = uow.views.text_found(view_id)
    with services.look() as connection:
        categories = queries.all_categories(connection)
    drawn = {
        "version": views.version_of(facts.zones),
        "masksVersion": views.version_of(facts.masks),
        "zones": [zone_out(zone).model_dump(mode="json", by_alias=True) for zone in zones],
        "masks": [list(mask.polygon) for mask in facts.masks],
        "found": [list(views.outline_of(box)) for box in found],
        "moved": alignment is not None,
    }
    return drawing.page(
        request, "cameras_zones.html", facts=facts, drawn=drawn, picture=picture, categories=categories,
        kinds=DRAWN_KINDS, lost=lost, alignment=alignment,
    )  # fmt: skip


def _alignment(facts: SetUp) -> Asked:
    """Raises BadInput where none is there to shift by."""
    asked = facts.errands.get(views.ALIGN)
    if asked is None or asked.state != "done":
        raise BadInput("no estimate of how the view moved is there yet: ask for it on the page of the moved view")
    return asked


def _transform(alignment: Asked) -> Transform:
    a, b, c, d, e, f, g, h, i = (float(number) for number in alignment.answer["transform"])
    return (a, b, c, d, e, f, g, h, i)


@router.get("/cameras/{view_id}/thresholds")
def show_thresholds(request: Request, services: Wired, drawing: Drawn, view_id: RowId) -> Response:
    with services.look() as connection:
        row = camera_queries.one_camera_view(connection, view_id)
        categories = queries.all_categories(connection)
        own = camera_queries.thresholds_of(connection, view_id)
        sightings = camera_queries.stored_sightings(connection, view_id, MOST_SIGHTINGS)
    by_category = {
        code: list(rows) for code, rows in groupby(sorted(sightings, key=_by_category), key=lambda row: row.category)
    }
    pictured = [row for row in sightings if row.image][:PICTURED]
    return drawing.page(
        request, "cameras_thresholds.html", view=row, categories=categories, own=own, by_category=by_category,
        pictured=pictured, most=MOST_SIGHTINGS, now=services.clock.now(),
    )  # fmt: skip


def _by_category(row: FlatRow) -> str:
    return str(row.category)


@router.post("/cameras/{view_id}/thresholds")
def set_thresholds(services: Wired, person: Asking, view_id: RowId, form: Sent) -> Response:
    """Fields `own-CODE`, `fast-CODE` and `fine-CODE` a category; without the first it goes by the table."""
    wanted = []
    for code in (name.removeprefix("own-") for name in form if name.startswith("own-")):
        fast, fine = (form.get(f"{found_by}-{code}", [""])[0] for found_by in ("fast", "fine"))
        wanted.append(ViewThreshold(code, _share(fast, code), _share(fine, code) if fine else None))
    views.set_thresholds(services.units, view_id, wanted, person.name, services.clock.now())
    return RedirectResponse(f"/cameras/{view_id}/thresholds", 303)


def _share(given: str, code: str) -> float:
    try:
        return round(float(given), 4)
    except ValueError:
        raise BadInput(f"{code[:40]}: a threshold is a number between 0 and 1") from None
