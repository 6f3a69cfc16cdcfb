"""Write a chunk of visits with all that they changed in one transaction, after its images were stored."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from pipeline.domain.asking import DoubtfulFrame
from pipeline.domain.detection import Pass
from pipeline.domain.errors import Overtaken
from pipeline.domain.finding import Sighting
from pipeline.domain.frame import ViewMemory
from pipeline.domain.patrol import Outcome, RoundRef, Visit
from pipeline.ports import UnitOfWork
from pipeline.steps.assess import remember
from pipeline.steps.detect import first_fine_at
from pipeline.steps.file_tickets import file_tickets
from pipeline.steps.shadow import note_shadow
from pipeline.steps.world import Look, Summary, Terms, World

FOLLOW_UP_AFTER = timedelta(seconds=90)
LONGEST_FOLLOWED_DWELL = timedelta(minutes=10)
"""What must stay longer than this is left to the regular rounds."""


def write(looks: Sequence[Look], key: tuple[RoundRef, int], world: World, terms: Terms) -> Summary:
    """One transaction for the chunk; then what nothing names any more is dropped.

    Raises Overtaken, having written nothing, where another round wrote to one of the views meanwhile.
    """
    remembered = {look.view.id: _remembered(look, terms) for look in looks if look.reading is not None}
    staged = world.memories.stage(remembered)
    visits = [
        replace(_visit(look, key), moved_in_a_row=remembered[look.view.id].moved_in_a_row)
        if look.view.id in remembered
        else _visit(look, key)
        for look in looks
    ]
    opened: list[str] = []
    with world.units.writing() as uow:
        now = uow.visits.revisions([look.view.id for look in looks])
        if any(now[look.view.id] != look.revision for look in looks):
            raise Overtaken("another round visits the same views")
        uow.save_memories(staged)
        dropped = uow.visits.add(visits)
        uow.visits.finish_follow_ups([look.view.id for look in looks], world.clock.now())
        uow.findings.save([finding for look in looks for finding in look.tracked.findings])
        uow.keep_images([image for look in looks for image in look.kept.images])
        uow.findings.add_sightings([sighting for look in looks for sighting in _sightings(look, key)])
        for look in looks:
            opened += _filed(uow, look, terms)
        uow.asked.note_doubtful([frame for look in looks for frame in _doubtful(look)])
        note_shadow(uow, looks, key[0].id, world)
        uow.bump("visits")
    world.memories.forget_prints(staged)
    for digest in dropped:
        world.images.delete(digest)
    outcomes = Counter(visit.outcome.value for visit in visits)
    return Summary(outcomes, tuple(opened), sum(visit.found for visit in visits))


def _sightings(look: Look, key: tuple[RoundRef, int]) -> list[Sighting]:
    return look.kept.sightings(key[0].id, key[1], look.tracked, look.frame.at) if look.frame else []


def _doubtful(look: Look) -> list[DoubtfulFrame]:
    if not (look.undecided and look.kept.asked and look.frame and look.seen):
        return []
    return [DoubtfulFrame(look.kept.asked, look.view.id, look.frame.at, look.undecided, look.seen.model)]


def _filed(uow: UnitOfWork, look: Look, terms: Terms) -> list[str]:
    """Tickets and follow-ups of one visit; the numbers of the tickets filed."""
    tracked = look.tracked
    if look.frame is None:
        return []
    filed = file_tickets(uow, look.view, tracked, look.kept.evidence, look.frame.at, (terms.categories, terms.zone))
    followed = [
        finding
        for finding in tracked.waiting
        if terms.categories[finding.category].persistence.dwell <= LONGEST_FOLLOWED_DWELL
    ]
    if followed:
        fine = any(Pass.fast not in {sight.found_by for sight in finding.sights} for finding in followed)
        uow.visits.queue_follow_up(look.view.id, look.started_at + FOLLOW_UP_AFTER, Pass.fine if fine else Pass.fast)
    return [ticket.number for ticket in filed]


def _remembered(look: Look, terms: Terms) -> ViewMemory:
    assert look.frame is not None and look.reading is not None and look.assessment is not None
    detected = look.seen is not None
    memory = remember(look.memory, look.frame, look.reading, look.assessment, detected, look.under, terms.rules)
    if look.seen is not None and Pass.fine in look.seen.passes:
        return replace(memory, fine_at=look.frame.at)
    if memory.fine_at is None and detected:
        return replace(memory, fine_at=first_fine_at(look.view.id, look.frame.at, terms.fine_every))
    return memory


def _visit(look: Look, key: tuple[RoundRef, int]) -> Visit:
    frame, assessment = look.frame, look.assessment
    return Visit(
        round_id=key[0].id,
        view_id=look.view.id,
        attempt=key[1],
        outcome=assessment.outcome if assessment else Outcome.unreachable,
        started_at=look.started_at,
        frame_at=frame.at if frame else None,
        passes=look.seen.passes if look.seen else frozenset(),
        mode=assessment.mode if assessment else None,
        fault=look.failure.fault if look.failure else None,
        why=str(look.failure) if look.failure else assessment.why if assessment else "",
        inference_s=look.inference_s,
        found=len(look.tracked.sightings) + len(look.tracked.carried),
        image=look.kept.last,
        skew_s=frame.skew_s if frame else None,
    )
