"""The way of a batch of views in one round: capture, assess, detect, track, redact what is kept, write, file.

A visit is written with all that it changed in one transaction, after its images are stored: killed at any point
and run again, a round loses nothing and doubles nothing.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from queue import Empty, SimpleQueue

from pipeline.domain.camera import View
from pipeline.domain.detection import Pass
from pipeline.domain.errors import CaptureFailed, Overtaken, StoreFailed
from pipeline.domain.finding import Finding
from pipeline.domain.frame import Frame
from pipeline.domain.patrol import COVERAGE, PAUSED, Outcome, RoundRef
from pipeline.steps.assess import assess
from pipeline.steps.detect import detect, fine_is_due, terms_in_force
from pipeline.steps.doubt import undecided_of
from pipeline.steps.foreground import with_foreground
from pipeline.steps.keep import keep
from pipeline.steps.shadow import compared
from pipeline.steps.track import Scene, covering, track
from pipeline.steps.world import Known, Look, Summary, Terms, World
from pipeline.steps.write import write

CHUNK_VIEWS = 16
"""Frames decoded, detected and written together by one worker."""
RECURS_WITHIN = timedelta(days=90)
MOST_TRIES = 5
"""Of a chunk that other rounds overtake."""


def visit_views(round_ref: RoundRef, views: Sequence[View], world: World, terms: Terms, attempt: int = 1) -> Summary:
    """Visit each view that has no visit in this round yet. Raises StoreFailed, DiskFull: then run the round again."""
    now = world.clock.now()
    known = _known(round_ref, [view.id for view in views], world, now)
    waiting = [view for view in views if view.id in known.memories]
    resting = [view for view in waiting if view.paused_until is not None and view.paused_until > now]
    tried = [view for view in waiting if view not in resting]
    looks: SimpleQueue[Look | None] = SimpleQueue()
    for view in resting:
        looks.put(_begun(view, _rest(view), now, known))

    def deliver(view: View, got: Frame | Exception) -> None:
        looks.put(_begun(view, got, now, known))

    with ThreadPoolExecutor(terms.workers, thread_name_prefix="visit") as pool:
        settled = [
            pool.submit(_settle_all, looks, known, (round_ref, attempt), world, terms) for _ in range(terms.workers)
        ]
        try:
            world.source.capture(tried, deliver)
        finally:
            for _ in settled:
                looks.put(None)
        summary = Summary()
        for future in settled:
            summary = summary.plus(future.result())
    return summary


def _known(round_ref: RoundRef, view_ids: Sequence[int], world: World, now: datetime) -> Known:
    """What is known of those views that have no visit in this round yet."""
    with world.units.reading() as uow:
        done = uow.visits.done(round_ref.id)
        ids = [view_id for view_id in view_ids if view_id not in done]
        revisions = uow.visits.revisions(ids)
        live, ended = uow.findings.live(ids), uow.findings.recently_cleared(ids, now - RECURS_WITHIN)
        doubted_at = uow.asked.doubted_at(ids)
        differences = uow.shadow.known(world.shadow.run_id, ids) if world.shadow else {}
    return Known(world.memories.load(ids), revisions, live, ended, doubted_at, differences)


def _rest(view: View) -> CaptureFailed:
    return CaptureFailed(PAUSED, f"keeps failing; left alone until {view.paused_until:%H:%M:%S} UTC")


def _begun(view: View, got: Frame | Exception, now: datetime, known: Known) -> Look:
    begun = Look(view, now, known.memories[view.id], known.revisions[view.id])
    if isinstance(got, CaptureFailed):
        return replace(begun, failure=got)
    if isinstance(got, Exception):
        return replace(begun, failure=CaptureFailed("internal", type(got).__name__))
    return replace(begun, frame=got)


def _settle_all(
    looks: "SimpleQueue[Look | None]", known: Known, key: tuple[RoundRef, int], world: World, terms: Terms
) -> Summary:
    """A worker: take what has arrived, a chunk at a time, until the capture is over."""
    summary, over = Summary(), False
    while not over:
        chunk, over = _next_chunk(looks)
        if chunk:
            summary = summary.plus(_settle(chunk, known, key, world, terms))
    return summary


def _next_chunk(looks: "SimpleQueue[Look | None]") -> tuple[list[Look], bool]:
    """At least one look, then what is there already; True once this worker's end mark came."""
    chunk: list[Look] = []
    first = looks.get()
    while first is not None:
        chunk.append(first)
        if len(chunk) == CHUNK_VIEWS:
            return chunk, False
        try:
            first = looks.get_nowait()
        except Empty:
            return chunk, False
    return chunk, True


def _settle(chunk: Sequence[Look], known: Known, key: tuple[RoundRef, int], world: World, terms: Terms) -> Summary:
    """All the way for a chunk; again from what is known by then, where another round overtook it."""
    for _ in range(MOST_TRIES):
        try:
            return _settle_once(chunk, known, key, world, terms)
        except Overtaken:
            known = _known(key[0], [look.view.id for look in chunk], world, world.clock.now())
            left = [look for look in chunk if look.view.id in known.memories]
            chunk = [_begun(look.view, _got(look), look.started_at, known) for look in left]
    raise StoreFailed(f"other rounds keep visiting the same views; round {key[0].id} gave up after {MOST_TRIES} tries")


def _got(look: Look) -> Frame | Exception:
    got = look.failure or look.frame
    assert got is not None, "a look begins with a frame or a failure"
    return got


def _settle_once(chunk: Sequence[Look], known: Known, key: tuple[RoundRef, int], world: World, terms: Terms) -> Summary:
    looks = [_assessed(look, known, world, terms) for look in chunk]
    looks = _detected(looks, known, world, terms)
    looks = [_tracked(look, known, world, terms) for look in looks]
    looks = _with_pictures(looks, known, world, terms)
    looks = [_kept(look, known, key, (world, terms)) for look in looks]
    return write(looks, key, world, terms)


def _assessed(look: Look, known: Known, world: World, terms: Terms) -> Look:
    if look.frame is None:
        return look
    try:
        reading = world.gauge.read(look.frame, look.memory, look.view.masks())
    except CaptureFailed as failure:
        return replace(look, frame=None, failure=failure)
    under = terms_in_force(world.looks_with, terms.categories, look.view)
    assessment = assess(reading, look.frame, look.memory, under, terms.rules)
    asked = terms.passes.get(look.view.id, frozenset()) | _going_passes(known.live.get(look.view.id, []))
    if fine_is_due(look.memory, look.frame.at, terms.fine_every):
        asked |= {Pass.fine}
    passes: frozenset[Pass] = frozenset()
    if assessment.outcome in COVERAGE and (asked or assessment.outcome is Outcome.seen):
        passes = asked | {Pass.fast}
        assessment = replace(assessment, outcome=Outcome.seen)
    return replace(look, reading=reading, assessment=assessment, under=under, passes=passes)


def _going_passes(live: Sequence[Finding]) -> frozenset[Pass]:
    """The passes that can tell whether what went missing is gone."""
    return frozenset(sight.found_by for finding in live if finding.is_going for sight in finding.sights)


def _detected(looks: Sequence[Look], known: Known, world: World, terms: Terms) -> list[Look]:
    """Each look that has passes to run, with what they saw; the time of inference is shared evenly."""
    wanted = [(look.view, look.frame, look.passes) for look in looks if look.passes and look.frame is not None]
    if not wanted:
        return list(looks)
    started = world.clock.now()
    seen = detect(wanted, world.detector, terms.categories, terms.zone, world.second_look)
    each_s = (world.clock.now() - started).total_seconds() / len(wanted)
    found = [replace(look, inference_s=each_s) for look in looks if look.passes and look.frame is not None]
    both = zip(compared(found, seen, known, world, terms), seen, strict=True)
    done = (with_foreground(replace(look, seen=one), known, world, terms) for look, one in both)
    return [next(done) if look.passes and look.frame is not None else look for look in looks]


def _tracked(look: Look, known: Known, world: World, terms: Terms) -> Look:
    if look.assessment is None or look.frame is None or look.assessment.outcome not in COVERAGE:
        return look
    frame, seen, view_id = look.frame, look.seen, look.view.id
    scene = Scene(
        view_id=view_id,
        at=frame.at,
        outcome=look.assessment.outcome,
        mode=look.assessment.mode,
        mode_changed=look.assessment.mode_changed,
        passes=seen.passes if seen else frozenset(),
        detections=seen.findable if seen else (),
        faint=seen.faint if seen else (),
        hidden=covering(seen.helpers) if seen else (),
        blind=look.assessment.blind,
        look=lambda box: world.gauge.looks(frame, [box])[0],
        before=look.memory.detected_at,
    )
    live, ended = known.live.get(view_id, []), known.ended.get(view_id, [])
    return replace(look, tracked=track(live, ended, scene, terms.categories, world.new_id))


def _with_pictures(looks: Sequence[Look], known: Known, world: World, terms: Terms) -> list[Look]:
    """A ticket needs a redacted picture, so an unchanged frame on which one would open is detected after all."""
    if not any(look.tracked.opened and look.seen is None for look in looks):
        return list(looks)
    again = [
        replace(look, passes=frozenset({Pass.fast}), assessment=replace(look.assessment, outcome=Outcome.seen))
        if look.tracked.opened and look.seen is None and look.assessment
        else replace(look, passes=frozenset())
        for look in looks
    ]
    detected = _detected(again, known, world, terms)
    return [
        _tracked(new, known, world, terms) if new.passes else replace(old)
        for old, new in zip(looks, detected, strict=True)
    ]


def _kept(look: Look, known: Known, key: tuple[RoundRef, int], means: tuple[World, Terms]) -> Look:
    frame, seen = look.frame, look.seen
    if frame is None or seen is None:
        return look
    world, terms = means
    empty = not look.tracked.sightings
    sampled = empty and _draw(key[0].id, look.view.id) < terms.sample_share
    if not sampled and empty:
        look = replace(look, undecided=undecided_of(look, known, terms))
    kept = keep(look, (frame, seen), world, terms.categories, terms.sample_share if sampled else None)
    return replace(look, kept=kept)


def _draw(round_id: int, view_id: int) -> float:
    """A fixed number from 0 to 1 for each visit, so that a round run again samples the same frames."""
    return int.from_bytes(sha256(f"{round_id} {view_id}".encode()).digest()[:4], "big") / 0x100000000
