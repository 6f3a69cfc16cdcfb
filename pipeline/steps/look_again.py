"""One view looked at outside of any round, because a person asks: a fresh frame, and whether a thing is still there.

The same steps as in a round say what the frame is worth and what is in it. Nothing that the rounds remember of the
view changes by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pipeline.domain.camera import View
from pipeline.domain.category import Category
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.errors import CaptureFailed
from pipeline.domain.finding import Finding, FindingState, same_place
from pipeline.domain.frame import Frame
from pipeline.domain.patrol import COVERAGE, Assessment, Outcome
from pipeline.domain.verification import AfterLook, Opinion
from pipeline.ports import FrameSource, ImageKind, KeptImage
from pipeline.steps.assess import assess
from pipeline.steps.detect import Seen, detect, terms_in_force
from pipeline.steps.foreground import with_foreground
from pipeline.steps.keep import stamped
from pipeline.steps.track import Scene, covering, track
from pipeline.steps.world import Known, Look, Terms, World

BOTH_PASSES = frozenset(Pass)
HIDDEN = "something stands before it, or the light is another than when it was found"
AS_BEFORE = "no box is left there, yet the place looks as it did"


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture that is stored by now; its row is still to be written."""

    image: KeptImage
    width: int
    height: int


def capture_one(source: FrameSource, view: View) -> Frame:
    """Raises CaptureFailed."""
    got: list[Frame | Exception] = []
    source.capture([view], lambda _view, delivered: got.append(delivered))
    if isinstance(got[0], Frame):
        return got[0]
    if isinstance(got[0], CaptureFailed):
        raise got[0]
    raise CaptureFailed("internal", type(got[0]).__name__)


def keep_frame(view: View, frame: Frame, world: World, terms: Terms, kind: ImageKind) -> Kept:
    """Store it in full, redacted. Raises CaptureFailed("corrupt"), DiskFull, StoreFailed."""
    seen = detect([(view, frame, BOTH_PASSES)], world.detector, terms.categories, terms.zone)[0]
    return _stored(view, frame, seen, world, kind)


def look_again(view: View, ticket: tuple[str, Finding], world: World, terms: Terms) -> tuple[AfterLook, Kept | None]:
    """Capture the view and say whether a ticket's finding is still there. Raises DiskFull, StoreFailed.

    A view that is dark, covered, stale, moved or not reached gives no opinion; where there is a frame it is kept.
    """
    number, finding = ticket
    view = _without_hours(view)
    try:
        frame = capture_one(world.source, view)
        look = _assessed(view, frame, world, terms)
    except CaptureFailed as failure:
        at = world.clock.now()
        return AfterLook(number, at, Outcome.unreachable, Opinion.unclear, why=str(failure)), None
    seen = detect([(view, frame, BOTH_PASSES)], world.detector, terms.categories, terms.zone, world.second_look)[0]
    kept = _stored(view, frame, seen, world, ImageKind.evidence)
    assert look.assessment is not None
    after = AfterLook(
        number, frame.at, look.assessment.outcome, Opinion.unclear, kept.image.digest, None, seen.model,
        look.assessment.why,
    )  # fmt: skip
    if look.assessment.outcome not in COVERAGE:
        return after, kept
    known = Known({view.id: look.memory}, {view.id: look.revision}, {view.id: [finding]}, {})
    looked = with_foreground(replace(look, seen=seen, passes=BOTH_PASSES), known, world, terms)
    assert looked.seen is not None
    return _judged(after, finding, (view, frame, looked.seen, look.assessment), (world, terms)), kept


def _without_hours(view: View) -> View:
    """A stall at an hour at which it may stand there has not gone."""
    return replace(view, zones=tuple(replace(zone, permitted=()) for zone in view.zones))


def _assessed(view: View, frame: Frame, world: World, terms: Terms) -> Look:
    memory = world.memories.load([view.id])[view.id]
    reading = world.gauge.read(frame, memory, view.masks())
    under = terms_in_force(world.looks_with, terms.categories, view)
    assessment = assess(reading, frame, memory, under, terms.rules)
    return Look(view, world.clock.now(), memory, 0, frame, reading, assessment, under=under)


def _stored(view: View, frame: Frame, seen: Seen, world: World, kind: ImageKind) -> Kept:
    jpeg = stamped(world.redactor.redact(frame, seen.faint_helpers), f"view {view.id} {frame.at.isoformat()}")
    digest = world.images.put(jpeg, kind)
    return Kept(KeptImage(digest, kind, view.id, len(jpeg), frame.at), frame.width, frame.height)


def _judged(
    after: AfterLook, finding: Finding, looked: tuple[View, Frame, Seen, Assessment], means: tuple[World, Terms]
) -> AfterLook:
    """By the rules of tracking, as if this were the next visit of a finding that is still open."""
    (view, frame, seen, assessment), (world, terms) = looked, means
    open_still = replace(finding, state=FindingState.open, cleared_at=None, suppress_until=None, clear_in_a_row=0)
    scene = Scene(
        view_id=view.id,
        at=frame.at,
        outcome=Outcome.seen,
        mode=assessment.mode,
        mode_changed=assessment.mode_changed,
        passes=seen.passes,
        detections=seen.findable,
        faint=seen.faint,
        hidden=covering(seen.helpers),
        blind=assessment.blind,
        look=lambda box: world.gauge.looks(frame, [box])[0],
    )
    tracked = track([open_still], [], scene, terms.categories, world.new_id)
    score = _best_score(finding, (*seen.findable, *seen.faint), terms.categories)
    if finding.id in tracked.sightings:
        return replace(after, opinion=Opinion.still_there, score=tracked.sightings[finding.id].score)
    now = next((one for one in tracked.findings if one.id == finding.id), open_still)
    if now.state is FindingState.cleared or now.clear_in_a_row:
        return replace(after, opinion=Opinion.gone, score=score)
    missed = now.marks != open_still.marks
    return replace(after, opinion=Opinion.unclear, score=score, why=AS_BEFORE if missed else HIDDEN)


def _best_score(
    finding: Finding, detections: tuple[Detection, ...], categories: Mapping[str, Category]
) -> float | None:
    """Of the boxes at its place, faint ones too."""
    category = categories[finding.category]
    mine = [one for one in detections if one.category == category.code]
    return max((one.score for one in mine if same_place(one.box, finding.box, category)), default=None)
