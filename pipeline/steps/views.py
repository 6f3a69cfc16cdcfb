"""Set up a view: its zones, masks, thresholds, references and repairs; each change is audited where it is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from pipeline.domain.audit import Audit, JsonValue
from pipeline.domain.camera import PermittedHours, ViewThreshold, Zone, ZoneKind
from pipeline.domain.errors import BadInput, TransitionRefused
from pipeline.domain.geometry import Box, Polygon
from pipeline.domain.patrol import Mode
from pipeline.domain.repair import Repair, checked_words
from pipeline.domain.shape import Transform, checked_polygon, moved
from pipeline.ports import ImageKind, UnitOfWork, UnitsOfWork

MOST_ZONES = 60
MOST_HOURS = 14
LONGEST_NAME = 40

PROBE = "probe_source"
CAPTURE = "capture_view"
ALIGN = "align_view"
REFERENCE = "take_reference"
DEPLOY = "deploy_plans"
"""Kinds of errands that these pages ask of a worker."""


def version_of(zones: Sequence[Zone]) -> str:
    """Changes whenever a zone does: who saves says which version was looked at."""
    return sha256(repr([_zone_facts(zone) for zone in zones]).encode()).hexdigest()[:12]


def draw_zones(
    units: UnitsOfWork, view_id: int, zones: Sequence[Zone], who: str, at: datetime, seen: str | None = None
) -> tuple[Zone, ...]:
    """Put these in place of the view's zones; masks of on-screen text stay. Gives the zones as they are kept.

    Raises BadInput by the zone's name, NotFound, and TransitionRefused where `seen` is no longer the version there is.
    """
    if any(zone.kind is ZoneKind.text for zone in zones):
        raise BadInput("on-screen text is drawn as a mask, not as a zone")
    return _draw(units, view_id, zones, (who, at, seen), masks=False)


def draw_masks(
    units: UnitsOfWork, view_id: int, areas: Sequence[Polygon], who: str, at: datetime, seen: str | None = None
) -> tuple[Zone, ...]:
    """Put these in place of the view's masks of on-screen text, those that the gauge found by itself included.

    Raises as `draw_zones`.
    """
    masks = [Zone(ZoneKind.text, area) for area in areas]
    return _draw(units, view_id, masks, (who, at, seen), masks=True)


def _draw(
    units: UnitsOfWork, view_id: int, drawn: Sequence[Zone], by: tuple[str, datetime, str | None], masks: bool
) -> tuple[Zone, ...]:
    who, at, seen = by
    if len(drawn) > MOST_ZONES:
        raise BadInput(f"{len(drawn)} are too many for one view; at most {MOST_ZONES}")
    with units.writing() as uow:
        name = uow.views.name_of(view_id)
        known = frozenset(uow.categories())
        checked = tuple(checked_zone(zone, place, known) for place, zone in enumerate(drawn, 1))
        whole = uow.views.zones(view_id)
        before = [zone for zone in whole if (zone.kind is ZoneKind.text) is masks]
        kept = [zone for zone in whole if (zone.kind is ZoneKind.text) is not masks]
        if seen is not None and seen != version_of(before):
            raise TransitionRefused("somebody else has drawn here meanwhile; load the page again")
        uow.views.save_zones(view_id, [*kept, *checked])
        if masks:
            uow.views.forget_found_text(view_id)
        what = "masks" if masks else "zones"
        facts = ({what: [_zone_facts(zone) for zone in zones]} for zones in (before, checked))
        uow.audit(Audit(at, who, f"{what}_drawn", "view", f"{view_id} {name}", *facts))
    return checked


def checked_zone(zone: Zone, place: int, categories: frozenset[str]) -> Zone:
    """Raises BadInput by the zone's name or number."""
    name = " ".join(zone.name.split())
    called = name or f"zone {place}"
    if len(name) > LONGEST_NAME:
        raise BadInput(f"zone {place}: its name is longer than {LONGEST_NAME} characters")
    if len(zone.permitted) > MOST_HOURS:
        raise BadInput(f"{called}: more than {MOST_HOURS} permitted hours")
    named = zone.categories.union(*(hours.categories for hours in zone.permitted))
    if unknown := sorted(named - categories):
        raise BadInput(f"{called}: no category {unknown[0]!r}")
    if any(not hours.days or not hours.days <= frozenset(range(7)) for hours in zone.permitted):
        raise BadInput(f"{called}: permitted hours need at least one day of the week")
    return replace(zone, name=name, polygon=checked_polygon(zone.polygon, called))


def _zone_facts(zone: Zone) -> dict[str, JsonValue]:
    return {
        "kind": zone.kind.value,
        "name": zone.name,
        "polygon": [[round(x, 4), round(y, 4)] for x, y in zone.polygon],
        "categories": sorted(zone.categories),
        "permitted": [_hours_words(hours) for hours in zone.permitted],
    }


def _hours_words(hours: PermittedHours) -> str:
    days = "".join(str(day + 1) for day in sorted(hours.days))
    return f"{hours.start:%H:%M}-{hours.end:%H:%M} days {days} {','.join(sorted(hours.categories)) or 'all'}"


def shifted(zones: Sequence[Zone], transform: Transform) -> tuple[list[Zone], list[Zone]]:
    """The zones where they lie after a view moved, and those of which nothing is in the picture any more."""
    kept: list[Zone] = []
    lost: list[Zone] = []
    for zone in zones:
        polygon = moved(zone.polygon, transform)
        if polygon is None:
            lost.append(zone)
        else:
            kept.append(replace(zone, polygon=polygon))
    return kept, lost


def outline_of(box: Box) -> Polygon:
    return ((box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom))


def set_thresholds(
    units: UnitsOfWork, view_id: int, thresholds: Sequence[ViewThreshold], who: str, at: datetime
) -> None:
    """Put these in place of the view's own thresholds; a category that is not among them goes by its row again.

    Raises BadInput, NotFound.
    """
    with units.writing() as uow:
        put_thresholds(uow, view_id, thresholds, who, at)


def put_thresholds(uow: UnitOfWork, view_id: int, thresholds: Sequence[ViewThreshold], who: str, at: datetime) -> None:
    """The same in a transaction that the caller holds."""
    name = uow.views.name_of(view_id)
    _check_thresholds(thresholds, uow.categories())
    before = _threshold_facts(uow.views.thresholds(view_id))
    uow.views.save_thresholds(view_id, thresholds, who, at)
    after = _threshold_facts(thresholds)
    uow.audit(Audit(at, who, "thresholds_set", "view", f"{view_id} {name}", before, after))


def _check_thresholds(thresholds: Sequence[ViewThreshold], known: Mapping[str, object]) -> None:
    codes = [one.category for one in thresholds]
    if len(set(codes)) < len(codes):
        raise BadInput("a category is named twice")
    for one in thresholds:
        if one.category not in known:
            raise BadInput(f"no category {one.category!r}")
        if not all(0 < value < 1 for value in (one.threshold, one.fine_threshold) if value is not None):
            raise BadInput(f"{one.category}: a threshold lies between 0 and 1")


def _threshold_facts(thresholds: Sequence[ViewThreshold]) -> dict[str, JsonValue]:
    return {one.category: [one.threshold, one.fine_threshold] for one in thresholds}


def ask_worker(
    units: UnitsOfWork, kind: str, view_id: int, payload: Mapping[str, JsonValue], who: str, at: datetime
) -> int:
    """Ask a worker for something that needs pixels; gives the errand's number. Raises NotFound."""
    with units.writing() as uow:
        uow.views.name_of(view_id)
        return ask(uow, kind, str(view_id), payload, (who, at))


def ask(uow: UnitOfWork, kind: str, subject: str, payload: Mapping[str, JsonValue], by: tuple[str, datetime]) -> int:
    return uow.errands.ask(kind, subject, dict(payload), *by)


@dataclass(frozen=True, slots=True)
class Approval:
    """A stored picture that a person approves as what a view looks like."""

    image: str
    mode: Mode | None = None
    """None: as the worker reads it from the picture."""
    moved: bool = False
    """The view has a new pose: references of the old one go."""


def approve_reference(units: UnitsOfWork, view_id: int, approval: Approval, who: str, at: datetime) -> int:
    """Ask a worker to take this picture as the view's reference; gives the errand's number.

    Raises NotFound; also where it is no stored picture of this view.
    """
    mode = approval.mode.value if approval.mode else None
    payload: dict[str, JsonValue] = {"image": approval.image, "mode": mode, "moved": approval.moved}
    with units.writing() as uow:
        uow.views.name_of(view_id)
        uow.views.hold_picture(view_id, approval.image, ImageKind.reference)
        return ask(uow, REFERENCE, str(view_id), payload, (who, at))


def open_repair(units: UnitsOfWork, repair: Repair) -> int:
    """Gives the repair's number. Raises BadInput, NotFound."""
    checked = replace(repair, words=checked_words(repair.words, "what is to be repaired"))
    with units.writing() as uow:
        name = uow.views.name_of(repair.view_id)
        if checked.image is not None:
            uow.views.hold_picture(repair.view_id, checked.image, ImageKind.evidence)
        number = uow.views.add_repair(checked)
        subject = f"{repair.view_id} {name}"
        after: dict[str, JsonValue] = {"repair": number, "words": checked.words}
        uow.audit(Audit(repair.opened_at, repair.opened_by, "repair_opened", "view", subject, None, after))
    return number


def close_repair(units: UnitsOfWork, repair_id: int, words: str, who: str, at: datetime) -> None:
    """The view is tried again at the next round. Raises BadInput, NotFound, TransitionRefused."""
    said = checked_words(words, "what was done")
    with units.writing() as uow:
        repair = uow.views.repair(repair_id)
        uow.views.close_repair(repair_id, said, who, at)
        uow.views.rest_no_longer(repair.view_id)
        subject = f"{repair.view_id} {uow.views.name_of(repair.view_id)}"
        after: dict[str, JsonValue] = {"repair": repair_id, "words": said}
        uow.audit(Audit(at, who, "repair_closed", "view", subject, {"words": repair.words}, after))
