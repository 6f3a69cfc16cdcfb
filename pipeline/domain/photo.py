"""Photos that people take of a ticket's place: what they are, and whether place and time fit."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import asin, cos, radians, sin, sqrt

from pipeline.domain.ticket import Status

LARGEST_BYTES = 30 * 1024 * 1024
LONGEST_NAME = 120
MOST_OF_TICKET = 24
"""Photos of one ticket that were not refused."""
FAR_M = 500.0
"""From the site. Phones are right to some 50 m; a camera may look at what lies a street away."""
OLD = timedelta(hours=24)
AHEAD = timedelta(minutes=15)
EARTH_RADIUS_M = 6_371_000.0

TAKES_PHOTOS = frozenset({Status.dispatched, Status.in_progress, Status.rectified, Status.reworked})

Place = tuple[float, float]
"""Latitude and longitude, degrees, WGS-84."""


class PhotoState(StrEnum):
    receiving = "receiving"
    received = "received"
    """Whole, and hidden until a worker has redacted it."""
    redacted = "redacted"
    refused = "refused"


class ComplaintCode(StrEnum):
    no_place = "no_place"
    far = "far"
    """Figure: metres."""
    no_time = "no_time"
    old = "old"
    """Figure: hours."""
    ahead = "ahead"
    """Taken later than it arrived; figure: hours."""
    before_dispatch = "before_dispatch"
    """Figure: hours."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What does not fit; shown beside the photo, for a person to judge."""

    code: ComplaintCode
    figure: float | None = None


@dataclass(frozen=True, slots=True)
class Photo:
    id: str
    number: str
    """Of its ticket."""
    name: str
    """As the phone calls the file."""
    size_bytes: int
    sha256: str
    by: str
    begun_at: datetime
    state: PhotoState = PhotoState.receiving
    image: str | None = None
    """Digest of the redacted picture."""
    taken_at: datetime | None = None
    distance_m: float | None = None
    """From the site."""
    complaints: tuple[Complaint, ...] = ()
    why: str = ""
    """Of a refusal."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the photo of a ticket should show by its own statement."""

    arrived_at: datetime
    dispatched_at: datetime | None
    site: Place | None


def complaints_of(taken_at: datetime | None, distance_m: float | None, expected: Expected) -> tuple[Complaint, ...]:
    """`distance_m` is None where the photo states no place, or the site has none."""
    return (*_of_place(distance_m, expected), *_of_time(taken_at, expected))


def _of_place(distance_m: float | None, expected: Expected) -> tuple[Complaint, ...]:
    if expected.site is None:
        return ()
    if distance_m is None:
        return (Complaint(ComplaintCode.no_place),)
    return (Complaint(ComplaintCode.far, round(distance_m)),) if distance_m > FAR_M else ()


def _of_time(taken_at: datetime | None, expected: Expected) -> tuple[Complaint, ...]:
    if taken_at is None:
        return (Complaint(ComplaintCode.no_time),)
    age = expected.arrived_at - taken_at
    if age < -AHEAD:
        return (Complaint(ComplaintCode.ahead, _hours(-age)),)
    if expected.dispatched_at is not None and taken_at < expected.dispatched_at:
        return (Complaint(ComplaintCode.before_dispatch, _hours(expected.dispatched_at - taken_at)),)
    return (Complaint(ComplaintCode.old, _hours(age)),) if age > OLD else ()


def _hours(span: timedelta) -> float:
    return round(span.total_seconds() / 3600, 1)


def distance_m(one: Place, other: Place) -> float:
    """On a sphere (haversine): off by less than 0.6 %."""
    (lat1, lon1), (lat2, lon2) = ((radians(degrees) for degrees in place) for place in (one, other))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(sqrt(min(1.0, half)))
