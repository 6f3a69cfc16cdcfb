"""A photo from a phone, opened with care: what it states of place and time, and its pixels upright, nothing else."""

import io
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageOps
from PIL.Image import DecompressionBombError, DecompressionBombWarning

from pipeline.adapters.picture import Bgr
from pipeline.domain.errors import BadInput
from pipeline.domain.photo import Place

MOST_PIXELS = 120_000_000
LONGEST_SIDE_PX = 2560
"""Of what is kept; enough to judge by, and a third of the room."""
OTHER_KINDS = (
    (b"\x89PNG", 0, "PNG"),
    (b"ftyp", 4, "HEIC"),
    (b"RIFF", 0, "WebP"),
    (b"GIF8", 0, "GIF"),
    (b"%PDF", 0, "PDF"),
)
EXIF_TIME = "%Y:%m:%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class OpenedPhoto:
    bgr: Bgr
    """(h, w, 3), upright, at most LONGEST_SIDE_PX."""
    taken_at: datetime | None
    """Aware UTC."""
    place: Place | None


def open_photo(content: bytes, zone: tzinfo) -> OpenedPhoto:
    """`zone` is that of times that state none. Raises BadInput in words for who sent it."""
    if content[:2] != b"\xff\xd8":
        raise BadInput(f"{_kind_of(content)} is no photo that can be used: send the camera's JPEG")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DecompressionBombWarning)  # a limit of our own follows
            picture = Image.open(io.BytesIO(content), formats=("JPEG", "MPO"))
        with picture:
            return _opened(picture, zone)
    except DecompressionBombError:
        raise BadInput("the picture claims far too many pixels") from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise BadInput("the JPEG is damaged: take the photo again") from error


def _kind_of(content: bytes) -> str:
    found = (kind for mark, at, kind in OTHER_KINDS if content[at : at + len(mark)] == mark)
    return f"a {kind} file" if (kind := next(found, None)) else "this file"


def _opened(picture: Image.Image, zone: tzinfo) -> OpenedPhoto:
    if picture.width * picture.height > MOST_PIXELS:
        raise BadInput(f"the picture has {picture.width} × {picture.height} pixels: take it at a lower resolution")
    exif = picture.getexif()
    taken_at, place = _taken_at(exif, zone), _place(exif)
    picture.draft("RGB", (LONGEST_SIDE_PX, LONGEST_SIDE_PX))  # decodes a huge one at half or a quarter of its size
    upright = ImageOps.exif_transpose(picture).convert("RGB")
    upright.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return OpenedPhoto(np.asarray(upright, np.uint8)[:, :, ::-1].copy(), taken_at, place)


def _taken_at(exif: Image.Exif, zone: tzinfo) -> datetime | None:
    details = exif.get_ifd(ExifTags.IFD.Exif)
    stated = details.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
    offset = details.get(ExifTags.Base.OffsetTimeOriginal) or details.get(ExifTags.Base.OffsetTime)
    try:
        naive = datetime.strptime(str(stated).strip("\x00 "), EXIF_TIME)  # noqa: DTZ007  # its zone follows
        return naive.replace(tzinfo=_offset(offset) or zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _offset(stated: Any) -> tzinfo | None:  # Any: what a file claims
    """Of `+08:00`."""
    text = str(stated or "").strip("\x00 ")
    try:
        hours, minutes = (int(part) for part in text[1:].split(":"))
        span = timedelta(hours=hours, minutes=minutes)
        return timezone(-span if text[0] == "-" else span)
    except (ValueError, IndexError):
        return None


def _place(exif: Image.Exif) -> Place | None:
    gps: Mapping[int, Any] = exif.get_ifd(ExifTags.IFD.GPSInfo)
    latitude = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "S")
    longitude = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "W")
    if latitude is None or longitude is None or not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return None
    return None if latitude == longitude == 0 else (latitude, longitude)  # a phone without a fix says 0, 0


def _degrees(parts: Any, reference: Any, negative: str) -> float | None:  # Any: what a file claims
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value):
        return None
    return -value if str(reference or "").strip("\x00 ").upper() == negative else value
