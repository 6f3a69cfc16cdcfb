"""Nightly: say where verdicts speak for a higher threshold in one view. A person approves or rejects."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from pipeline.domain.audit import Audit
from pipeline.domain.camera import ViewThreshold
from pipeline.domain.category import Category
from pipeline.domain.detection import Pass
from pipeline.domain.errors import TransitionRefused
from pipeline.domain.threshold_proposal import (
    JudgedFinding,
    Scored,
    ThresholdProposal,
    ThresholdState,
    ThresholdTerms,
    propose,
    scored,
)
from pipeline.ports import UnitOfWork, UnitsOfWork
from pipeline.steps.views import put_thresholds

EVIDENCE = timedelta(days=90)
"""Older verdicts speak of another season."""
SAME_THRESHOLD = 1e-9
NIGHTLY = "patrol"
TERMS = ThresholdTerms()

Place = tuple[int, str, Pass]
"""View, category and pass."""


def propose_thresholds(units: UnitsOfWork, at: datetime, terms: ThresholdTerms = TERMS) -> int:
    """Make what is new wait, and end what no longer holds; how many wait now. What stays the same stays as it is."""
    with units.reading() as uow:
        current = uow.models.current()
        if current is None:
            return 0
        judged = uow.threshold_proposals.judged(current.model, at - EVIDENCE)
        made = _made(uow, judged, current.model, at, terms)
    with units.writing() as uow:
        _end_outdated(uow, made, at)
        known = {proposal.place for proposal in uow.threshold_proposals.all(ThresholdState.waiting)}
        refused = _refused(uow)
        for place, proposal in made.items():
            if place not in known and not _was_refused(proposal, refused.get(place), terms):
                uow.threshold_proposals.add(proposal)
                uow.bump("models")
        return len(uow.threshold_proposals.all(ThresholdState.waiting))


def _made(
    uow: UnitOfWork, judged: Iterable[JudgedFinding], model: str, at: datetime, terms: ThresholdTerms
) -> dict[Place, ThresholdProposal]:
    categories = uow.categories()
    by_place: dict[Place, list[Scored]] = defaultdict(list)
    true_in_town: dict[tuple[str, Pass], list[float]] = defaultdict(list)
    for finding in judged:
        category = categories.get(finding.category)
        for found_by in Pass if category else ():
            one = scored(finding, found_by, category.persistence) if category else None
            if one is not None:
                by_place[finding.view_id, finding.category, found_by].append(one)
                true_in_town[finding.category, found_by] += [one.score] if one.true else []
    towns = {key: sorted(scores) for key, scores in true_in_town.items()}
    in_views = {view_id: in_force(uow, view_id, categories) for view_id in {view_id for view_id, _, _ in by_place}}
    made = {}
    for place, here in by_place.items():
        view_id, code, found_by = place
        before = in_views[view_id][code].threshold_of(found_by)
        proposed = propose(here, towns[code, found_by], before, terms)
        if proposed is not None:
            made[place] = ThresholdProposal(view_id, code, found_by, before, proposed, model, at)
    return made


def in_force(uow: UnitOfWork, view_id: int, categories: Mapping[str, Category]) -> dict[str, Category]:
    """The categories with the view's own thresholds."""
    own = {one.category: one for one in uow.views.thresholds(view_id) if one.category in categories}
    changed = {
        code: replace(categories[code], threshold=one.threshold, fine_threshold=one.fine_threshold)
        for code, one in own.items()
    }
    return {**categories, **changed}


def _end_outdated(uow: UnitOfWork, made: Mapping[Place, ThresholdProposal], at: datetime) -> None:
    for waiting in uow.threshold_proposals.all(ThresholdState.waiting):
        new = made.get(waiting.place)
        if new is None or not _alike(new, waiting):
            _decide(uow, waiting, ThresholdState.outdated, NIGHTLY, at)


def _alike(one: ThresholdProposal, other: ThresholdProposal) -> bool:
    near = abs(one.proposed.threshold - other.proposed.threshold) < SAME_THRESHOLD
    return near and one.model == other.model and abs(one.before - other.before) < SAME_THRESHOLD


def _refused(uow: UnitOfWork) -> dict[Place, ThresholdProposal]:
    """The newest that a person rejected, by place."""
    rejected = uow.threshold_proposals.all(ThresholdState.rejected)
    return {proposal.place: proposal for proposal in reversed(rejected)}


def _was_refused(new: ThresholdProposal, refused: ThresholdProposal | None, terms: ThresholdTerms) -> bool:
    """Asked again only of other weights, or with as many further false alarms as make a pattern."""
    if refused is None or refused.model != new.model:
        return False
    return new.proposed.cut.whole < refused.proposed.cut.whole + terms.least_false


def approve(units: UnitsOfWork, proposal_id: int, who: str, at: datetime) -> ThresholdProposal:
    """The threshold is in force from the next visit on. Raises NotFound, TransitionRefused where it holds no more."""
    with units.writing() as uow:
        proposal = _waiting(uow, proposal_id)
        current = uow.models.current()
        if current is None or current.model != proposal.model:
            raise TransitionRefused(f"proposal {proposal_id} speaks of scores by {proposal.model}, which looks no more")
        known = in_force(uow, proposal.view_id, uow.categories())
        category = known.get(proposal.category)
        if category is None or abs(category.threshold_of(proposal.found_by) - proposal.before) > SAME_THRESHOLD:
            raise TransitionRefused(f"the threshold is not {proposal.before:.3f} any more: a new night proposes anew")
        kept = [one for one in uow.views.thresholds(proposal.view_id) if one.category != proposal.category]
        put_thresholds(uow, proposal.view_id, [*kept, _raised(category, proposal)], who, at)
        return _decide(uow, proposal, ThresholdState.approved, who, at)


def _raised(category: Category, proposal: ThresholdProposal) -> ViewThreshold:
    """The other pass keeps what it has, also where it went by this one's."""
    both = {found_by: category.threshold_of(found_by) for found_by in Pass}
    both[proposal.found_by] = proposal.proposed.threshold
    return ViewThreshold(category.code, both[Pass.fast], both[Pass.fine])


def reject(units: UnitsOfWork, proposal_id: int, who: str, at: datetime) -> ThresholdProposal:
    """Raises NotFound, TransitionRefused where it waits no more."""
    with units.writing() as uow:
        return _decide(uow, _waiting(uow, proposal_id), ThresholdState.rejected, who, at)


def _waiting(uow: UnitOfWork, proposal_id: int) -> ThresholdProposal:
    proposal = uow.threshold_proposals.get(proposal_id)
    if proposal.state is not ThresholdState.waiting:
        raise TransitionRefused(
            f"proposal {proposal_id} waits no more: it was {proposal.state} by {proposal.decided_by}"
        )
    return proposal


def _decide(
    uow: UnitOfWork, proposal: ThresholdProposal, state: ThresholdState, who: str, at: datetime
) -> ThresholdProposal:
    decided = replace(proposal, state=state, decided_by=who, decided_at=at)
    uow.threshold_proposals.decide(decided)
    if state is not ThresholdState.outdated:
        facts = {"category": proposal.category, "pass": proposal.found_by.value}
        before, after = {**facts, "threshold": proposal.before}, {**facts, "threshold": proposal.proposed.threshold}
        subject = f"{proposal.view_id} {uow.views.name_of(proposal.view_id)}"
        uow.audit(Audit(at, who, state.value, "threshold", subject, before, after))
    uow.bump("models")
    return decided
