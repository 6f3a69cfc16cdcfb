"""People's photos, sent in pieces that survive a lost connection, and the errands of a worker."""

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.dependencies import Asking, RowId, Services, TicketNumber, Wired
from api.errors import problems
from api.photo_schemas import ErrandAsked, ErrandOut, PhotoIn, PhotoOut, PhotosOut, photo_out
from pipeline.adapters.photos import PhotoInbox
from pipeline.domain.errors import BadInput, NotFound
from pipeline.domain.photo import LARGEST_BYTES
from pipeline.domain.ticket import Role
from pipeline.steps import photos, verify

router = APIRouter(prefix="/api/v1", tags=["photos"])

LARGEST_PIECE_BYTES = 4 * 1024 * 1024
PhotoId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", examples=["6f1d5ab2d0c14b0e9d6a0b7f5f1c2e3d"])]
Offset = Annotated[int, Query(ge=0, le=LARGEST_BYTES, description="where this piece begins")]
PIECE = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def inbox_of(services: Services) -> PhotoInbox:
    return PhotoInbox(services.settings.quarantine)


async def piece_in(request: Request) -> bytes:
    """The body, refused as soon as it grows too large. Raises BadInput."""
    piece = bytearray()
    async for part in request.stream():
        piece += part
        if len(piece) > LARGEST_PIECE_BYTES:
            raise BadInput(f"a piece has at most {LARGEST_PIECE_BYTES} bytes")
    return bytes(piece)


@router.get("/tickets/{number}/photos", responses=problems(404, 422))
def list_photos(services: Wired, number: TicketNumber) -> PhotosOut:
    """The oldest first, with those that are still on their way."""
    inbox = inbox_of(services)
    with services.units.reading() as uow:
        uow.tickets.get(number)
        known = uow.photos.of_ticket(number)
    return PhotosOut(rows=[photo_out(photo, photos.received_bytes(photo, inbox)) for photo in known])


@router.post("/tickets/{number}/photos", status_code=201, responses=problems(403, 404, 409, 422))
def begin(services: Wired, person: Asking, number: TicketNumber, announced: PhotoIn) -> PhotoOut:
    """Announces a JPEG and gives the place to send it to; the same one again for the same file.

    Then send it in pieces by PATCH, from `offset` on. It is hidden from everybody until a worker has redacted it.
    """
    told = photos.Announced(announced.name, announced.size_bytes, announced.sha256)
    photo = photos.begin(services.units, number, told, uuid4().hex, person.name, services.clock.now())
    return photo_out(photo, photos.received_bytes(photo, inbox_of(services)))


@router.get("/tickets/{number}/photos/{photo_id}", responses=problems(404, 422))
def read(services: Wired, number: TicketNumber, photo_id: PhotoId) -> PhotoOut:
    """How far it is; after a lost connection send on from `offset`."""
    photo = photos.find(services.units, number, photo_id)
    return photo_out(photo, photos.received_bytes(photo, inbox_of(services)))


@router.patch(
    "/tickets/{number}/photos/{photo_id}",
    responses=problems(403, 404, 409, 422, 507),
    openapi_extra=PIECE,
)
def receive(
    services: Wired,
    person: Asking,
    number: TicketNumber,
    photo_id: PhotoId,
    offset: Offset,
    piece: Annotated[bytes, Depends(piece_in)],
) -> PhotoOut:
    """The next piece, at most 4 MiB. 409 where another byte is wanted: ask for `offset` and go on from there."""
    inbox = inbox_of(services)
    photo = photos.find(services.units, number, photo_id)
    photo = photos.receive(services.units, inbox, photo, offset, piece, person.name, services.clock.now())
    return photo_out(photo, photos.received_bytes(photo, inbox))


@router.delete(
    "/tickets/{number}/photos/{photo_id}",
    status_code=204,
    response_class=Response,
    responses=problems(403, 404, 409, 422),
)
def withdraw(services: Wired, person: Asking, number: TicketNumber, photo_id: PhotoId) -> None:
    """By who sent it, as long as it is not shown yet."""
    photo = photos.find(services.units, number, photo_id)
    photos.withdraw(services.units, inbox_of(services), photo, person.name)


@router.post("/tickets/{number}/look-again", status_code=202, responses=problems(403, 404, 409, 422))
def look_again(services: Wired, person: Asking, number: TicketNumber) -> ErrandAsked:
    """Asks a worker to look at the ticket's view now; what it saw is at /tickets/{number}/look then."""
    return ErrandAsked(errand=verify.ask_look(services.units, number, person.name, services.clock.now()))


@router.get("/errands/{errand_id}", tags=["errands"], responses=problems(404, 422))
def read_errand(services: Wired, person: Asking, errand_id: RowId) -> ErrandOut:
    """What a page asked of a worker, and its answer. A unit's account sees only what it asked for itself."""
    with services.units.reading() as uow:
        errand = uow.errands.get(errand_id)
    if person.role is Role.handler and errand.asked_by != person.name:
        raise NotFound(f"no errand {errand_id}")
    return ErrandOut.model_validate(errand)
