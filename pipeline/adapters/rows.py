"""Rows to domain values and back."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row

from pipeline.domain.camera import PermittedHours, SourceKind, View, ViewThreshold, Zone, ZoneKind
from pipeline.domain.category import Category, Kind, Persistence
from pipeline.domain.deadline import Deadline, DeadlineClock
from pipeline.domain.detection import Pass
from pipeline.domain.finding import Finding, FindingState, Mark, Sight, Sighting
from pipeline.domain.frame import ViewMemory
from pipeline.domain.geometry import Box
from pipeline.domain.patrol import Mode, Outcome, Visit
from pipeline.domain.review import Reason, Suppresses, Teaches

Columns = dict[str, Any]  # Any: a column's value is what its type says in tables.py
AnyRow = Row[Any]


def box_columns(box: Box) -> Columns:
    return {"left": box.left, "top": box.top, "right": box.right, "bottom": box.bottom}


def box_of(row: AnyRow) -> Box:
    return Box(row.left, row.top, row.right, row.bottom)


def category_columns(category: Category, position: int) -> Columns:
    rule = category.persistence
    return {
        "code": category.code,
        "name_zh": category.name_zh,
        "name_en": category.name_en,
        "kind": category.kind.value,
        "city_code": category.city_code,
        "seen": rule.seen,
        "of": rule.of,
        "dwell_s": rule.dwell.total_seconds(),
        "clear_after": rule.clear_after,
        "threshold": category.threshold,
        "merge_gap": category.merge_gap,
        "position": position,
        "fine_threshold": category.fine_threshold,
        "deadline": category.deadline.amount if category.deadline else None,
        "deadline_clock": category.deadline.clock.value if category.deadline else None,
    }


def category_of(row: AnyRow) -> Category:
    rule = Persistence(row.seen, row.of, timedelta(seconds=row.dwell_s), row.clear_after)
    return Category(
        row.code, row.name_zh, row.name_en, Kind(row.kind), rule, row.threshold, row.city_code, row.merge_gap,
        row.fine_threshold, Deadline(row.deadline, DeadlineClock(row.deadline_clock)) if row.deadline else None,
    )  # fmt: skip


def reason_columns(reason: Reason, position: int) -> Columns:
    return {
        "code": reason.code,
        "name_zh": reason.name_zh,
        "name_en": reason.name_en,
        "teaches": reason.teaches.value,
        "suppresses": reason.suppresses.value,
        "days": reason.days,
        "position": position,
        "retired_at": reason.retired_at,
    }


def reason_of(row: AnyRow) -> Reason:
    return Reason(
        row.code, row.name_zh, row.name_en, Teaches(row.teaches), Suppresses(row.suppresses), row.days, row.retired_at
    )


def finding_columns(finding: Finding) -> Columns:
    return {
        "id": finding.id,
        "view_id": finding.view_id,
        "category": finding.category,
        **box_columns(finding.box),
        "look": finding.look,
        "score": finding.score,
        "state": finding.state.value,
        "first_seen_at": finding.first_seen_at,
        "last_seen_at": finding.last_seen_at,
        "not_before": finding.not_before,
        "marks": "".join(finding.marks),
        "sights": sorted(f"{sight.mode}:{sight.found_by}" for sight in finding.sights),
        "born_on_switch": finding.born_on_switch,
        "noted_area": finding.noted_area,
        "clear_in_a_row": finding.clear_in_a_row,
        "opened_at": finding.opened_at,
        "cleared_at": finding.cleared_at,
        "suppress_until": finding.suppress_until,
        "recurs": finding.recurs,
    }


def finding_of(row: AnyRow) -> Finding:
    sights = (sight.split(":") for sight in row.sights)
    return Finding(
        id=row.id,
        view_id=row.view_id,
        category=row.category,
        box=Box(row.left, row.top, row.right, row.bottom),
        look=bytes(row.look),
        score=row.score,
        state=FindingState(row.state),
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        not_before=row.not_before,
        marks=tuple(Mark(mark) for mark in row.marks),
        sights=frozenset(Sight(Mode(mode), Pass(found_by)) for mode, found_by in sights),
        born_on_switch=row.born_on_switch,
        noted_area=row.noted_area,
        clear_in_a_row=row.clear_in_a_row,
        opened_at=row.opened_at,
        cleared_at=row.cleared_at,
        suppress_until=row.suppress_until,
        recurs=row.recurs,
    )


def sighting_columns(sighting: Sighting) -> Columns:
    detection = sighting.detection
    return {
        "finding_id": sighting.finding_id,
        "round_id": sighting.round_id,
        "attempt": sighting.attempt,
        "at": sighting.at,
        **box_columns(detection.box),
        "score": detection.score,
        "found_by": detection.found_by.value,
        "model": detection.model,
        "image": sighting.image,
    }


def visit_columns(visit: Visit) -> Columns:
    return {
        "round_id": visit.round_id,
        "view_id": visit.view_id,
        "attempt": visit.attempt,
        "outcome": visit.outcome.value,
        "started_at": visit.started_at,
        "frame_at": visit.frame_at,
        "passes": ",".join(sorted(visit.passes)),
        "mode": visit.mode.value if visit.mode else None,
        "fault": visit.fault,
        "why": visit.why[:300],
        "inference_s": round(visit.inference_s, 4),
        "found": visit.found,
        "skew_s": visit.skew_s,
    }


def zone_of(row: AnyRow) -> Zone:
    polygon = tuple((float(x), float(y)) for x, y in row.polygon)
    daily = (PermittedHours(time.fromisoformat(start), time.fromisoformat(end)) for start, end in row.permitted)
    return Zone(
        ZoneKind(row.kind), polygon, frozenset(row.categories),
        (*daily, *(_hours_of(hours) for hours in row.hours or ())), row.name or "",
    )  # fmt: skip


def _hours_of(hours: Columns) -> PermittedHours:
    start, end = time.fromisoformat(hours["from"]), time.fromisoformat(hours["to"])
    return PermittedHours(start, end, frozenset(hours["days"]), frozenset(hours["categories"]))


def zone_columns(view_id: int, zone: Zone) -> Columns:
    """`permitted` stays empty: it knew neither days nor categories, and `hours` took its place."""
    return {
        "view_id": view_id,
        "kind": zone.kind.value,
        "name": zone.name,
        "polygon": [list(point) for point in zone.polygon],
        "categories": sorted(zone.categories),
        "permitted": [],
        "hours": [hours_columns(hours) for hours in zone.permitted],
    }


def hours_columns(hours: PermittedHours) -> Columns:
    return {
        "from": f"{hours.start:%H:%M}",
        "to": f"{hours.end:%H:%M}",
        "days": sorted(hours.days),
        "categories": sorted(hours.categories),
    }


def threshold_of(row: AnyRow) -> ViewThreshold:
    return ViewThreshold(row.category, row.threshold, row.fine_threshold)


def view_of(row: AnyRow, zones: tuple[Zone, ...], unit: str | None, thresholds: tuple[ViewThreshold, ...] = ()) -> View:
    kind = SourceKind(row.source_kind)
    paused_until = row.next_try_at if row.failures else None
    return View(row.id, row.camera_id, row.name, row.site_name, kind, row.source, zones, unit, paused_until, thresholds)


def memory_facts(memory: ViewMemory) -> Columns:
    """The small facts of a memory, as one JSON value."""
    return {
        "detected_at": _text(memory.detected_at),
        "detected_under": memory.detected_under,
        "fine_at": _text(memory.fine_at),
        "alive_at": _text(memory.alive_at),
        "stream_s": memory.stream_s,
        "modified_at": _text(memory.modified_at),
        "mode": memory.mode.value if memory.mode else None,
        "moved_in_a_row": memory.moved_in_a_row,
        "last_outcome": memory.last_outcome.value if memory.last_outcome else None,
    }


def memory_of(
    row: AnyRow, references: dict[Mode, bytes], backgrounds: dict[Mode, bytes], detected_print: bytes | None
) -> ViewMemory:
    facts = row.facts
    areas = row.text_areas
    return ViewMemory(
        references=references,
        backgrounds=backgrounds,
        detected_print=detected_print,
        detected_at=_time(facts["detected_at"]),
        detected_under=facts["detected_under"],
        fine_at=_time(facts["fine_at"]),
        pulse=bytes(row.pulse) if row.pulse else None,
        alive_at=_time(facts["alive_at"]),
        stream_s=facts["stream_s"],
        modified_at=_time(facts["modified_at"]),
        mode=Mode(facts["mode"]) if facts["mode"] else None,
        text_areas=None if areas is None else tuple(Box(*area) for area in areas),
        moved_in_a_row=facts["moved_in_a_row"],
        last_outcome=Outcome(facts["last_outcome"]) if facts["last_outcome"] else None,
    )


def prints_of(row: AnyRow) -> list[str]:
    """Digests of the prints that a row of view_memories names."""
    named = (*row.references.values(), *(row.backgrounds or {}).values(), row.detected_print)
    return [digest for digest in named if digest]


def _text(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
