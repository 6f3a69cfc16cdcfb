"""A worker's answer to a person's photo: read what it states, redact it, show it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from geocoordinates_ffi import Gcj02, gcj02_to_wgs84_refined

from flows.errand_world import ErrandWorld
from flows.wiring import Town
from pipeline.adapters.photo_file import OpenedPhoto, open_photo
from pipeline.adapters.photos import PhotoInbox
from pipeline.adapters.picture import Picture
from pipeline.domain.camera import SourceKind, View
from pipeline.domain.errand import Errand
from pipeline.domain.errors import BadInput, NotFound
from pipeline.domain.frame import Frame
from pipeline.domain.photo import Expected, Photo, PhotoState, Place, complaints_of, distance_m
from pipeline.ports import ImageKind, KeptImage
from pipeline.steps import photos
from pipeline.steps.detect import detect
from pipeline.steps.keep import stamped
from pipeline.steps.look_again import BOTH_PASSES


def redact_photo(town: Town, means: ErrandWorld, errand: Errand) -> Mapping[str, object]:
    """The photo as evidence of its ticket, or refused in words; its raw file goes either way.

    Raises NotFound, DiskFull, StoreFailed, WeightsRefused.
    """
    inbox = PhotoInbox(town.settings.quarantine)
    with town.units.reading() as uow:
        photo = uow.photos.get(errand.subject)
        ticket = uow.tickets.get(photo.number)
        site = uow.photos.site_of(photo.number)
    if photo.state is PhotoState.received:
        expected = Expected(errand.asked_at, ticket.dispatched_at, site)
        photo = _settled(town, means, (photo, ticket.view_id), (inbox, expected))
    if photo.state is not PhotoState.receiving:
        inbox.drop(photo.id)
    return {"state": photo.state.value, "image": photo.image, "why": photo.why}


def _settled(town: Town, means: ErrandWorld, sent: tuple[Photo, int], knows: tuple[PhotoInbox, Expected]) -> Photo:
    (photo, view_id), (inbox, expected) = sent, knows
    try:
        opened = open_photo(inbox.read(photo.id), town.settings.town_zone)
    except (BadInput, NotFound) as unusable:
        photos.refuse(town.units, photo, str(unusable))
        return replace(photo, state=PhotoState.refused, why=str(unusable))
    jpeg = _redacted(means, photo, opened, town.clock.now())
    away_m = _away_m(opened.place, expected.site)
    photo = replace(
        photo, taken_at=opened.taken_at, distance_m=away_m, complaints=complaints_of(opened.taken_at, away_m, expected)
    )
    at = town.clock.now()
    digest = town.images.put(jpeg, ImageKind.evidence)
    photos.show(town.units, photo, KeptImage(digest, ImageKind.evidence, view_id, len(jpeg), at), at)
    return replace(photo, state=PhotoState.redacted, image=digest)


def _redacted(means: ErrandWorld, photo: Photo, opened: OpenedPhoto, at: datetime) -> bytes:
    """Encoded anew from its pixels, so that nothing the phone wrote beside them is left."""
    world, terms = means.world(), means.terms()
    picture = Picture.from_pixels(opened.bgr)
    frame = Frame(picture, picture.width, picture.height, at, at, SourceKind.replay)
    bare = View(0, 0, "", "", SourceKind.replay, "")
    seen = detect([(bare, frame, BOTH_PASSES)], world.detector, terms.categories, terms.zone)[0]
    return stamped(world.redactor.redact(frame, seen.faint_helpers), f"photo {photo.id}")


def _away_m(place: Place | None, site: Place | None) -> float | None:
    """Some phones state GCJ-02, up to 700 m beside the truth: the nearer reading counts."""
    if place is None or site is None:
        return None
    readings = (place, _from_gcj02(place))
    return round(min(distance_m(reading, site) for reading in readings), 1)


def _from_gcj02(place: Place) -> Place:
    truth = gcj02_to_wgs84_refined(Gcj02(lat=place[0], lon=place[1]))
    return float(truth.lat), float(truth.lon)
