"""Match what one visit saw with what was known of the view, and decide what opens, stays and clears."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pipeline.domain.category import COVERING_CLASSES, Category
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.finding import (
    OTHER_LOOK,
    PASSING_LOOK,
    SAME_LOOK,
    Finding,
    FindingState,
    Mark,
    Sight,
    same_place,
    similarity,
)
from pipeline.domain.geometry import Box, touching
from pipeline.domain.patrol import Mode, Outcome

PART_OF_ITSELF = 0.8
"""A box that lies in the known one to this share is a part of it."""
COVERED_SHARE = 0.2
"""One person or vehicle that hides this share of a place covers it: half-hidden heaps are missed."""
BLIND_SHARE = 0.5
WIDE_BLINDNESS = 4.0
"""Times the area of a place."""

Look = Callable[[Box], bytes]


@dataclass(frozen=True, slots=True)
class Scene:
    """What one covered visit to a view saw. `look` gives the look of a place in this frame, taken when asked for."""

    view_id: int
    at: datetime
    outcome: Outcome
    mode: Mode
    mode_changed: bool
    passes: frozenset[Pass]
    detections: tuple[Detection, ...]
    """Of categories, inside the zones, above their thresholds."""
    hidden: tuple[Box, ...]
    """Persons, vehicles, umbrellas."""
    look: Look
    before: datetime | None = None
    """Frame time of the last frame detected before this one."""
    blind: tuple[Box, ...] = ()
    """Areas that lost what the reference shows there."""
    faint: tuple[Detection, ...] = ()
    """Of categories, below their thresholds: no sighting, but no proof of absence either."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """`findings` holds those that changed, the new ones too; the other fields name some of them by id."""

    findings: tuple[Finding, ...] = ()
    sightings: dict[str, Detection] = field(default_factory=dict)
    opened: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()
    grown: tuple[str, ...] = ()
    born: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()
    """Seen again without a look: the view is unchanged."""
    due_a_picture: tuple[str, ...] = ()
    """Seen in this visit, and not in a stored picture for a while."""
    waiting: tuple[Finding, ...] = ()
    """Candidates that want a follow-up visit."""


def covering(helpers: Sequence[Detection]) -> tuple[Box, ...]:
    """What stands before places: the helper boxes of persons, vehicles and umbrellas."""
    return tuple(helper.box for helper in helpers if helper.category in COVERING_CLASSES)


def merge_neighbours(detections: Sequence[Detection], categories: Mapping[str, Category]) -> list[Detection]:
    """Neighbouring boxes of one category become one, with the best score; best first."""
    groups: list[Detection] = []
    for detection in sorted(detections, key=lambda one: (-one.score, one.box.left, one.box.top)):
        merged = detection
        while (near := _neighbour(merged, groups, categories)) is not None:
            groups.remove(near)
            best = max(near, merged, key=lambda one: one.score)
            merged = replace(best, box=near.box.union(merged.box))
        groups.append(merged)
    return sorted(groups, key=lambda one: -one.score)


def _neighbour(one: Detection, groups: Sequence[Detection], categories: Mapping[str, Category]) -> Detection | None:
    for other in groups:
        if other.category == one.category and same_place(other.box, one.box, categories[one.category]):
            return other
    return None


def track(
    live: Sequence[Finding],
    ended: Sequence[Finding],
    scene: Scene,
    categories: Mapping[str, Category],
    new_id: Callable[[], str],
) -> Tracked:
    """The view's live findings after this visit.

    `ended` are recently cleared ones, to tell what recurs. A visit that is no coverage never comes here; one in
    which the camera changed its mode only adds sightings: it opens nothing and clears nothing.
    """
    known = [finding for finding in live if finding.category in categories and not finding.suppression_over(scene.at)]
    over = [finding.cleared(scene.at) for finding in live if finding.suppression_over(scene.at)]
    if scene.outcome is Outcome.unchanged:
        return _carry_on(known, over, scene, categories)
    detections = merge_neighbours(scene.detections, categories)
    matches = {index: _matches(detection, known, scene, categories) for index, detection in enumerate(detections)}
    after = {finding.id: finding for finding in known}
    sightings: dict[str, Detection] = {}
    born: list[str] = []
    for index, detection in enumerate(detections):
        if not matches[index]:
            finding = _newborn(detection, ended, scene, categories[detection.category], new_id())
            after[finding.id] = finding
            sightings[finding.id] = detection
            born.append(finding.id)
    for finding in known:
        mine = [detections[index] for index, matched in matches.items() if finding in matched]
        alone = all(len(matched) == 1 for matched in matches.values() if finding in matched)
        if mine:
            sightings[finding.id] = _joined(mine)
            box = _box_after(finding, sightings[finding.id], alone, known, categories[finding.category])
            after[finding.id] = _seen_again(finding, replace(sightings[finding.id], box=box), scene, categories)
        else:
            after[finding.id] = _after_miss(finding, scene, categories[finding.category])
    tracked = _conclude(known, after, frozenset(sightings), scene, categories)
    due = tuple(
        finding.id for finding in known if finding.id in sightings and _hour(finding.last_seen_at) != _hour(scene.at)
    )
    return replace(
        tracked, findings=(*tracked.findings, *over), sightings=sightings, born=tuple(born), due_a_picture=due
    )


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _matches(
    detection: Detection, known: Sequence[Finding], scene: Scene, categories: Mapping[str, Category]
) -> list[Finding]:
    """Every live finding at this place, but for those that look too different now to be the same thing."""
    category = categories[detection.category]
    return [
        finding
        for finding in known
        if finding.category == detection.category
        and same_place(finding.box, detection.box, category)
        and not _looks_other(finding, scene)
    ]


def _looks_other(finding: Finding, scene: Scene) -> bool:
    """An open finding stays what it is; of a candidate seen in one mode only, looks of that mode are compared.

    What a switch of the mode brought up is held until the other mode shows it, whatever it looks like until then.
    """
    if finding.state is FindingState.open or finding.held_since_switch:
        return False
    if finding.state is FindingState.dismissed:
        return similarity(finding.look, scene.look(finding.box)) < OTHER_LOOK
    comparable = {sight.mode.is_colour for sight in finding.sights} == {scene.mode.is_colour}
    return comparable and similarity(finding.look, scene.look(finding.box)) < PASSING_LOOK


def _joined(detections: Sequence[Detection]) -> Detection:
    best = max(detections, key=lambda one: one.score)
    box = best.box
    for detection in detections:
        box = box.union(detection.box)
    return replace(best, box=box)


def _box_after(finding: Finding, seen: Detection, alone: bool, known: Sequence[Finding], category: Category) -> Box:
    """The box follows what is seen, but neither shrinks to a part of itself nor reaches into another's place."""
    if not alone or seen.box.covered_by([finding.box]) >= PART_OF_ITSELF:
        return finding.box
    reaches = any(
        other.id != finding.id and other.category == finding.category and same_place(other.box, seen.box, category)
        for other in known
    )
    return finding.box if reaches else seen.box


def _seen_again(finding: Finding, seen: Detection, scene: Scene, categories: Mapping[str, Category]) -> Finding:
    rule = categories[finding.category].persistence
    return finding.seen_again(seen, scene.look(seen.box), scene.mode, scene.at, rule)


def _newborn(detection: Detection, ended: Sequence[Finding], scene: Scene, category: Category, new_id: str) -> Finding:
    before = [
        finding
        for finding in ended
        if finding.category == detection.category and same_place(finding.box, detection.box, category)
    ]
    last = max(before, key=lambda finding: finding.cleared_at or finding.last_seen_at, default=None)
    return Finding(
        id=new_id,
        view_id=scene.view_id,
        category=detection.category,
        box=detection.box,
        look=scene.look(detection.box),
        score=detection.score,
        state=FindingState.candidate,
        first_seen_at=scene.at,
        last_seen_at=scene.at,
        not_before=scene.before,
        marks=(Mark.seen,),
        sights=frozenset({Sight(scene.mode, detection.found_by)}),
        born_on_switch=scene.mode_changed,
        noted_area=detection.box.area,
        recurs=last.id if last else None,
    )


def _after_miss(finding: Finding, scene: Scene, category: Category) -> Finding:
    """Absent only where this visit could have seen it; on the way to clearing only if the place looks different now."""
    could_see = any(Sight(scene.mode, found_by) in finding.sights for found_by in scene.passes)
    if scene.mode_changed or _is_hidden(finding.box, scene) or not could_see:
        return finding
    hints = (faint.box for faint in scene.faint if faint.category == finding.category)
    hinted = any(same_place(finding.box, box, category) for box in hints)
    looks_different = not hinted and similarity(finding.look, scene.look(finding.box)) < SAME_LOOK
    return finding.missed(category.persistence, looks_different)


def _is_hidden(place: Box, scene: Scene) -> bool:
    """Something stands before it, or it lies in a blind area much larger than itself: litter that the reference shows
    leaves a blind spot of its own size when it is swept."""
    if place.covered_by(scene.hidden) >= COVERED_SHARE:
        return True
    blind = touching(scene.blind, place)
    covered = sum(area.shared_area(place) for area in blind)
    return covered >= BLIND_SHARE * place.area and sum(area.area for area in blind) >= WIDE_BLINDNESS * place.area


def _carry_on(
    known: Sequence[Finding], over: Sequence[Finding], scene: Scene, categories: Mapping[str, Category]
) -> Tracked:
    """Nothing changed since the last detected frame: what it saw still lies there; what it did not see says nothing."""
    carried = tuple(finding.id for finding in known if finding.seen_last_time)
    after = {
        finding.id: finding.carried_on(scene.at, categories[finding.category].persistence)
        if finding.id in carried
        else finding
        for finding in known
    }
    tracked = _conclude(known, after, frozenset(), scene, categories)
    return replace(tracked, findings=(*tracked.findings, *over), carried=carried)


def _conclude(
    before: Sequence[Finding],
    after: dict[str, Finding],
    sighted: frozenset[str],
    scene: Scene,
    categories: Mapping[str, Category],
) -> Tracked:
    """Apply the rule of each category to the findings as this visit left them."""
    opened, cleared, grown = [], [], []
    for finding in list(after.values()) if not scene.mode_changed else []:
        rule = categories[finding.category].persistence
        if finding.is_gone(rule) or _has_joined(finding, after.values(), sighted, categories[finding.category]):
            after[finding.id] = finding.cleared(scene.at)
            cleared.append(finding.id)
        elif finding.is_due(rule):
            after[finding.id] = finding.opened(scene.at)
            opened.append(finding.id)
        elif finding.has_grown:
            after[finding.id] = replace(finding, noted_area=finding.box.area)
            grown.append(finding.id)
    known = {finding.id: finding for finding in before}
    changed = tuple(finding for finding in after.values() if known.get(finding.id) != finding)
    waiting = tuple(finding for finding in after.values() if finding.wants_another_look)
    return Tracked(changed, opened=tuple(opened), cleared=tuple(cleared), grown=tuple(grown), waiting=waiting)


def _has_joined(finding: Finding, others: Collection[Finding], sighted: frozenset[str], category: Category) -> bool:
    """A candidate at the place of an open finding, or of a dismissed one seen just now, is no thing of its own."""
    if finding.state is not FindingState.candidate:
        return False
    return any(
        other.category == finding.category
        and (other.state is FindingState.open or (other.state is FindingState.dismissed and other.id in sighted))
        and same_place(other.box, finding.box, category)
        for other in others
    )
