"""Cameras as JSON: the list, one by one, and whole lists from a spreadsheet."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Response, UploadFile

from api.camera_forms import add_camera, change_camera, fleet_of
from api.camera_schemas import ActiveIn, CameraAdded, CameraIn, CameraRow, CamerasAsked, ImportOut, RowOut
from api.dependencies import Asking, RowId, Services, Wired
from api.errors import problems
from api.schemas import Listing
from pipeline.adapters import camera_queries
from pipeline.adapters.camera_lists import camera_list_of
from pipeline.adapters.fleet import Came
from pipeline.domain.errors import BadInput

router = APIRouter(prefix="/api/v1", tags=["cameras"])

PAGE_ROWS = 25
LARGEST_FILE_BYTES = 4 * 1024 * 1024


@router.get("/cameras", responses=problems(403, 422))
def list_cameras(services: Wired, asked: Annotated[CamerasAsked, Query()]) -> Listing[CameraRow]:
    """A row a view, with its set-up; those that need a person first, switched-off cameras last."""
    with services.look() as connection:
        page = camera_queries.camera_page(connection, asked.filter, asked.cursor, asked.size or PAGE_ROWS)
    return Listing(rows=[CameraRow.model_validate(row) for row in page.rows], next=page.cursor)


@router.post("/cameras", status_code=201, responses=problems(403, 404, 422))
def add(services: Wired, person: Asking, camera: CameraIn) -> CameraAdded:
    """One camera with one view. The password is sealed and shown to nobody again."""
    return CameraAdded(view_id=add_camera(services, camera, person.name))


@router.put("/cameras/{camera_id}", status_code=204, response_class=Response, responses=problems(403, 404, 422))
def change(services: Wired, person: Asking, camera_id: RowId, camera: CameraIn) -> None:
    """A blank address stays as it is; a stored password stays as long as the host does and none is given."""
    change_camera(services, camera_id, camera, person.name)


@router.post("/cameras/{camera_id}/active", status_code=204, response_class=Response, responses=problems(403, 404, 422))
def set_active(services: Wired, person: Asking, camera_id: RowId, wanted: ActiveIn) -> None:
    """A camera that is switched off is in no round; what is known of it stays."""
    fleet_of(services).set_active(camera_id, wanted.active, person.name, services.clock.now())


@router.post("/cameras/import", responses=problems(403, 422))
def import_list(
    services: Wired,
    person: Asking,
    file: Annotated[UploadFile, File(description="CSV or XLSX; the first line names the columns")],
    dry_run: Annotated[bool, Form(description="say what would become of each row, and change nothing")] = True,
) -> ImportOut:
    """Good rows go in, bad ones are named with the reason; a camera that is known by name is brought up to date."""
    return take_list(services, file, dry_run, person.name)


def take_list(services: Services, file: UploadFile, dry_run: bool, who: str) -> ImportOut:
    """Raises BadInput where the file itself is of no use."""
    content = file.file.read(LARGEST_FILE_BYTES + 1)
    if len(content) > LARGEST_FILE_BYTES:
        raise BadInput(f"the file is larger than {LARGEST_FILE_BYTES // 1024 // 1024} MiB; cut it into parts")
    name = " ".join((file.filename or "file").split())[:80]
    reports = fleet_of(services).take_list(camera_list_of(content, name), (who, services.clock.now()), dry_run)
    counted = {came: sum(report.came is came for report in reports) for came in Came}
    return ImportOut(
        dry_run=dry_run,
        added=counted[Came.added],
        updated=counted[Came.updated],
        refused=counted[Came.refused],
        rows=[RowOut.model_validate(report) for report in reports],
    )
