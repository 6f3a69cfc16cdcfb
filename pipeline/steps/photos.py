"""A person's photo of a ticket: announced, received in pieces, hidden until redacted, then evidence."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline.domain.errors import BadInput, NotAllowed, NotFound, TransitionRefused
from pipeline.domain.photo import LARGEST_BYTES, LONGEST_NAME, MOST_OF_TICKET, TAKES_PHOTOS, Photo, PhotoState
from pipeline.domain.ticket import HistoryEntry
from pipeline.ports import KeptImage, PhotoInbox, UnitsOfWork

REDACT = "redact_photo"
"""Kind of errand."""
PHOTO = "photo"
"""Role of a ticket's image that a person took."""
SHA256 = re.compile(r"[0-9a-f]{64}")
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Announced:
    """What a phone is about to send."""

    name: str
    size_bytes: int
    sha256: str


def begin(units: UnitsOfWork, number: str, announced: Announced, new_id: str, who: str, at: datetime) -> Photo:
    """A place to send it to; the same one again for the same file, so that a phone that forgot goes on.

    Raises BadInput, NotFound, TransitionRefused for a ticket that takes no photos now.
    """
    _check(announced)
    with units.writing() as uow:
        ticket = uow.tickets.get(number)
        known = [photo for photo in uow.photos.of_ticket(number) if photo.state is not PhotoState.refused]
        for photo in known:
            if (photo.sha256, photo.by, photo.size_bytes) == (announced.sha256, who, announced.size_bytes):
                return photo
        if ticket.status not in TAKES_PHOTOS:
            raise TransitionRefused(f"{number}: a ticket that is {ticket.status} takes no photos")
        if len(known) >= MOST_OF_TICKET:
            raise TransitionRefused(f"{number}: it has {len(known)} photos already")
        photo = Photo(new_id, number, announced.name.strip(), announced.size_bytes, announced.sha256, who, at)
        uow.photos.add(photo)
    return photo


def _check(announced: Announced) -> None:
    name = announced.name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInput(f"a photo's name has 1 to {LONGEST_NAME} printable characters")
    if not 0 < announced.size_bytes <= LARGEST_BYTES:
        raise BadInput(f"a photo has at most {LARGEST_BYTES // MEBIBYTE} MiB and is not empty")
    if not SHA256.fullmatch(announced.sha256):
        raise BadInput("sha256 is 64 hexadecimal digits in lower case")


def find(units: UnitsOfWork, number: str, photo_id: str) -> Photo:
    """Raises NotFound; also where the photo is another ticket's."""
    with units.reading() as uow:
        photo = uow.photos.get(photo_id)
    if photo.number != number:
        raise NotFound("no such photo")
    return photo


def received_bytes(photo: Photo, inbox: PhotoInbox) -> int:
    """From which byte on to send."""
    return inbox.size(photo.id) if photo.state is PhotoState.receiving else photo.size_bytes


def receive(  # noqa: PLR0913, PLR0917 - a piece, and where it belongs
    units: UnitsOfWork, inbox: PhotoInbox, photo: Photo, offset: int, piece: bytes, who: str, at: datetime
) -> Photo:
    """Keep the next piece. With the last one a worker is asked to redact it.

    Raises TransitionRefused where another byte is wanted next, BadInput where it arrived damaged, DiskFull.
    """
    if photo.by != who:
        raise NotAllowed(f"{photo.by} sends this photo")
    if photo.state is not PhotoState.receiving:
        return photo
    if offset + len(piece) > photo.size_bytes:
        raise BadInput(f"more bytes than announced: {photo.size_bytes}")
    there = inbox.append(photo.id, offset, piece) if piece else inbox.size(photo.id)
    if there < photo.size_bytes:
        return photo
    if inbox.sha256(photo.id) != photo.sha256:
        inbox.drop(photo.id)
        raise BadInput("the photo arrived damaged: send it again from the start")
    return _received(units, photo, at)


def _received(units: UnitsOfWork, photo: Photo, at: datetime) -> Photo:
    with units.writing() as uow:
        now = uow.photos.get(photo.id)
        if now.state is not PhotoState.receiving:
            return now
        whole = replace(photo, state=PhotoState.received)
        uow.photos.save(whole)
        uow.errands.ask(REDACT, photo.id, {}, photo.by, at)
        uow.bump("tickets")
    return whole


def show(units: UnitsOfWork, photo: Photo, kept: KeptImage, at: datetime) -> None:
    """It is redacted and stored: evidence of its ticket from here on. A second call changes nothing."""
    with units.writing() as uow:
        if uow.photos.get(photo.id).state is PhotoState.redacted:
            return
        uow.keep_images([kept])
        uow.photos.save(replace(photo, state=PhotoState.redacted, image=kept.digest, why=""))
        uow.tickets.attach(photo.number, {PHOTO: kept.digest}, at)
        uow.tickets.note(HistoryEntry(photo.number, at, photo.by, "photographed", None, _told(photo)))
        uow.bump("tickets")


def _told(photo: Photo) -> str | None:
    """What does not fit stays in the history too."""
    told = (
        f"{complaint.code}" if complaint.figure is None else f"{complaint.code} {complaint.figure:g}"
        for complaint in photo.complaints
    )
    return ", ".join(told) or None


def refuse(units: UnitsOfWork, photo: Photo, why: str) -> None:
    with units.writing() as uow:
        uow.photos.save(replace(photo, state=PhotoState.refused, why=why[:300]))
        uow.bump("tickets")


def withdraw(units: UnitsOfWork, inbox: PhotoInbox, photo: Photo, who: str) -> None:
    """By who sent it, and only before it is shown: then it is evidence. Raises NotAllowed, TransitionRefused."""
    if photo.by != who:
        raise NotAllowed(f"only {photo.by}, who sent it, may take it back")
    with units.writing() as uow:
        if uow.photos.get(photo.id).state is PhotoState.redacted:
            raise TransitionRefused(f"{photo.number}: this photo is evidence by now")
        uow.photos.remove(photo.id)
        uow.bump("tickets")
    inbox.drop(photo.id)
