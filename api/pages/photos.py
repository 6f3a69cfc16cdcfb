"""People's photos on pages: a ticket's photos, sending without a script, and looking at a view again."""

from hashlib import sha256
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from api.addresses import own_path
from api.dependencies import Asking, TicketNumber, Wired
from api.design_tokens import PAIRS, READABLE, VISIBLE, themes
from api.pages.drawing import Drawn
from api.routes.photos import LARGEST_PIECE_BYTES, PhotoId, inbox_of
from pipeline.domain.errors import BadInput
from pipeline.domain.photo import LARGEST_BYTES, LONGEST_NAME, TAKES_PHOTOS
from pipeline.steps import photos, verify

router = APIRouter(include_in_schema=False)

MOST_AT_ONCE = 10
Next = Annotated[str, Form(alias="next", max_length=200)]


@router.get("/tickets/{number}/photos")
def show_photos(request: Request, services: Wired, drawing: Drawn, number: TicketNumber) -> Response:
    inbox = inbox_of(services)
    with services.units.reading() as uow:
        ticket = uow.tickets.get(number)
        known = uow.photos.of_ticket(number)
    return drawing.page(
        request, "photos.html", number=number, ticket=ticket, photos=known, takes_photos=ticket.status in TAKES_PHOTOS,
        there={photo.id: photos.received_bytes(photo, inbox) for photo in known},
    )  # fmt: skip


@router.post("/tickets/{number}/photos")
def send_photos(
    services: Wired, person: Asking, number: TicketNumber, photo: list[UploadFile], wanted: Next = ""
) -> Response:
    """Whole files of a form, for browsers that run no script."""
    chosen = [file for file in photo if file.filename]
    if not chosen:
        raise BadInput("no photo was chosen")
    for file in chosen[:MOST_AT_ONCE]:
        content = file.file.read(LARGEST_BYTES + 1)
        told = photos.Announced(_name_of(file), len(content), sha256(content).hexdigest())
        at = services.clock.now()
        begun = photos.begin(services.units, number, told, uuid4().hex, person.name, at)
        there = photos.received_bytes(begun, inbox_of(services))
        for offset in range(there, len(content), LARGEST_PIECE_BYTES):
            piece = content[offset : offset + LARGEST_PIECE_BYTES]
            photos.receive(services.units, inbox_of(services), begun, offset, piece, person.name, at)
    return RedirectResponse(own_path(wanted) if wanted else f"/tickets/{number}/photos", 303)


def _name_of(file: UploadFile) -> str:
    """Of a path a browser may send, the last part."""
    name = (file.filename or "").replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in name if sign.isprintable())[-LONGEST_NAME:].strip() or "photo.jpg"


@router.post("/tickets/{number}/photos/{photo_id}/withdraw")
def withdraw(services: Wired, person: Asking, number: TicketNumber, photo_id: PhotoId) -> Response:
    photo = photos.find(services.units, number, photo_id)
    photos.withdraw(services.units, inbox_of(services), photo, person.name)
    return RedirectResponse(f"/tickets/{number}/photos", 303)


@router.post("/tickets/{number}/look-again")
def look_again(services: Wired, person: Asking, number: TicketNumber, wanted: Next = "") -> Response:
    verify.ask_look(services.units, number, person.name, services.clock.now())
    return RedirectResponse(own_path(wanted) if wanted else f"/tickets/{number}", 303)


@router.get("/design")
def show_design(request: Request, drawing: Drawn) -> Response:
    """The design system: tokens, components and their states on one page."""
    return drawing.page(
        request, "design.html", themes=themes()[:2], pairs=PAIRS, limits={"ink": READABLE, "edge": VISIBLE}
    )
