"""People's photos: their rows, and the folder in which their files lie until a worker has redacted them."""

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters.images import NO_ROOM
from pipeline.adapters.rows import AnyRow
from pipeline.adapters.tables import sites, tickets
from pipeline.adapters.tables_errands import ticket_photos
from pipeline.domain.errors import DiskFull, NotFound, StoreFailed, TransitionRefused
from pipeline.domain.photo import Complaint, ComplaintCode, Photo, PhotoState, Place

PHOTO_ID = re.compile(r"[0-9a-f]{32}")


class SqlPhotos:
    """Port Photos."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, photo: Photo) -> None:
        self._connection.execute(sa.insert(ticket_photos).values(_columns(photo)))

    def save(self, photo: Photo) -> None:
        self._connection.execute(sa.update(ticket_photos).where(ticket_photos.c.id == photo.id).values(_columns(photo)))

    def get(self, photo_id: str) -> Photo:
        row = self._connection.execute(sa.select(ticket_photos).where(ticket_photos.c.id == photo_id)).first()
        if row is None:
            raise NotFound("no such photo")
        return photo_of(row)

    def of_ticket(self, number: str) -> tuple[Photo, ...]:
        mine = sa.select(ticket_photos).where(ticket_photos.c.number == number)
        ordered = mine.order_by(ticket_photos.c.begun_at, ticket_photos.c.id)
        return tuple(photo_of(row) for row in self._connection.execute(ordered))

    def remove(self, photo_id: str) -> None:
        self._connection.execute(sa.delete(ticket_photos).where(ticket_photos.c.id == photo_id))

    def site_of(self, number: str) -> Place | None:
        placed = sa.select(sites.c.latitude, sites.c.longitude).join(tickets, tickets.c.site == sites.c.name)
        row = self._connection.execute(placed.where(tickets.c.number == number)).first()
        return None if row is None or None in tuple(row) else (float(row.latitude), float(row.longitude))


def photo_of(row: AnyRow) -> Photo:
    complaints = tuple(Complaint(ComplaintCode(code), figure) for code, figure in row.complaints)
    return Photo(
        row.id, row.number, row.name, row.size_bytes, row.sha256, row.by, row.begun_at, PhotoState(row.state),
        row.image, row.taken_at, row.distance_m, complaints, row.why,
    )  # fmt: skip


def _columns(photo: Photo) -> Mapping[str, object]:
    return {
        "id": photo.id,
        "number": photo.number,
        "state": photo.state.value,
        "name": photo.name,
        "size_bytes": photo.size_bytes,
        "sha256": photo.sha256,
        "by": photo.by,
        "begun_at": photo.begun_at,
        "image": photo.image,
        "taken_at": photo.taken_at,
        "distance_m": photo.distance_m,
        "complaints": [[complaint.code.value, complaint.figure] for complaint in photo.complaints],
        "why": photo.why,
    }


class PhotoInbox:
    """Port PhotoInbox: one file a photo, outside the image store, which nothing but the worker ever reads."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def size(self, photo_id: str) -> int:
        try:
            return self._path(photo_id).stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, photo_id: str, offset: int, chunk: bytes) -> int:
        path = self._path(photo_id)
        with _clear_errors():
            self._root.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                there = os.fstat(file.fileno()).st_size
                if offset != there:
                    raise TransitionRefused(f"the next byte wanted is {there}, not {offset}")
                file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
        return offset + len(chunk)

    def sha256(self, photo_id: str) -> str:
        with _clear_errors(), self._path(photo_id).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def read(self, photo_id: str) -> bytes:
        try:
            return self._path(photo_id).read_bytes()
        except FileNotFoundError:
            raise NotFound("the photo's file is gone: send it again") from None

    def drop(self, photo_id: str) -> None:
        with _clear_errors():
            self._path(photo_id).unlink(missing_ok=True)

    def sweep(self, before: datetime) -> int:
        """Drop what was begun, and left untouched since then; how many."""
        swept = 0
        for path in self._root.glob("*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()
                    swept += 1
        return swept

    def _path(self, photo_id: str) -> Path:
        if not PHOTO_ID.fullmatch(photo_id):
            raise NotFound("no such photo")
        return self._root / photo_id


@contextmanager
def _clear_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise DiskFull("no room for photos: free some disk, then send it again") from error
        raise StoreFailed(f"a photo could not be kept: {error.strerror}") from error
