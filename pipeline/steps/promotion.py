"""Decide which model version looks: approve or reject a challenger, promote by hand, roll back; all is audited.

Weights are not touched here: the next worker loads what is promoted, and says so, or says why it cannot.
"""

from dataclasses import replace
from datetime import datetime

from pipeline.domain.audit import Audit
from pipeline.domain.errors import BadInput, TransitionRefused
from pipeline.domain.model_version import ModelVersion, Promotion, PromotionKind, Proposal, ProposalState
from pipeline.ports import UnitOfWork, UnitsOfWork


def start_with(units: UnitsOfWork, version: ModelVersion, who: str, at: datetime) -> Promotion:
    """Make the version known, and the champion if another one was until now; its measured thresholds come with it."""
    with units.writing() as uow:
        uow.models.add(version)
        current = uow.models.current()
        if current is not None and current.model == version.hash12:
            return current
        first = Promotion(version.hash12, current.model if current else None, PromotionKind.first, who, "", at)
        return _promoted(uow, first)


def carry_over(units: UnitsOfWork, version: ModelVersion, who: str, at: datetime) -> Promotion:
    """What looked before there was this record looks on, with the thresholds that people gave it."""
    with units.writing() as uow:
        uow.models.add(version)
        current = uow.models.current()
        first = Promotion(version.hash12, None, PromotionKind.first, who, "carried over", at)
        return current or _promoted(uow, first, keep_thresholds=True)


def add_version(units: UnitsOfWork, version: ModelVersion) -> ModelVersion:
    """Make weights known; whoever adds them again gets what is known of them already."""
    with units.writing() as uow:
        known = any(other.hash12 == version.hash12 for other in uow.models.all())
        if not known:
            uow.models.add(version)
            after = {"name": version.name, "dataset": version.dataset, "parents": list(version.parents)}
            uow.audit(Audit(version.created_at, version.created_by, "added", "model", version.hash12, after=after))
            uow.bump("models")
        return uow.models.get(version.hash12)


def promote(units: UnitsOfWork, model: str, who: str, at: datetime, words: str) -> Promotion:
    """By hand, whatever the gate said. Raises NotFound, TransitionRefused where it is the champion already."""
    with units.writing() as uow:
        return _promoted(uow, _next(uow, model, PromotionKind.promotion, who, at, words))


def approve(units: UnitsOfWork, proposal_id: int, who: str, at: datetime, words: str) -> Promotion:
    """A person takes the challenger; against the gate's advice only with words.

    Raises NotFound, BadInput, TransitionRefused where it waits no more.
    """
    with units.writing() as uow:
        proposal = _waiting(uow, proposal_id)
        if not proposal.passed and not words.strip():
            raise BadInput("the gate says no to this model: say in words why it is taken all the same")
        current = uow.models.current()
        if current is not None and current.model != proposal.champion:
            raise TransitionRefused(
                f"proposal {proposal_id} was measured against {proposal.champion}, which is champion no more: "
                "train again, or promote it by hand"
            )
        _decide(uow, proposal, ProposalState.approved, who, at, words)
        return _promoted(uow, _next(uow, proposal.model, PromotionKind.promotion, who, at, words))


def reject(units: UnitsOfWork, proposal_id: int, who: str, at: datetime, words: str) -> None:
    """Raises NotFound, TransitionRefused where it waits no more."""
    with units.writing() as uow:
        _decide(uow, _waiting(uow, proposal_id), ProposalState.rejected, who, at, words)
        uow.bump("models")


def roll_back(units: UnitsOfWork, who: str, at: datetime, words: str) -> Promotion:
    """Back to the champion before this one, and to the thresholds of then. Raises TransitionRefused for none before."""
    with units.writing() as uow:
        current = uow.models.current()
        if current is None or current.previous is None:
            raise TransitionRefused("there is no model before this one to go back to")
        return _promoted(uow, _next(uow, current.previous, PromotionKind.rollback, who, at, words))


def take_up(units: UnitsOfWork, promotion: Promotion, at: datetime) -> None:
    """A worker looks with it."""
    if promotion.taken_up_at is None:
        with units.writing() as uow:
            uow.models.take_up(replace(promotion, taken_up_at=at))
            uow.bump("models")


def refuse(units: UnitsOfWork, promotion: Promotion, why: str, at: datetime) -> None:
    """A worker cannot load it: the champion before it is champion again, with the thresholds of then."""
    with units.writing() as uow:
        current = uow.models.current()
        if current is not None and current.id == promotion.id:
            uow.models.refuse(replace(promotion, refused_at=at, refused_why=why))
            uow.audit(Audit(at, "patrol", "refused", "model", promotion.model, after={"why": why}))
            uow.bump("models")


def _next(uow: UnitOfWork, model: str, kind: PromotionKind, who: str, at: datetime, words: str) -> Promotion:
    uow.models.get(model)
    current = uow.models.current()
    if current is not None and current.model == model:
        raise TransitionRefused(f"model {model} is the champion already")
    return Promotion(model, current.model if current else None, kind, who, words, at)


def _promoted(uow: UnitOfWork, promotion: Promotion, keep_thresholds: bool = False) -> Promotion:
    done = uow.models.promote(promotion, keep_thresholds)
    for waiting in uow.models.proposals(ProposalState.waiting):
        outdated = replace(waiting, state=ProposalState.outdated, decided_by="patrol", decided_at=promotion.at)
        uow.models.decide(outdated)
    before, after = {"model": promotion.previous}, {"model": promotion.model, "words": promotion.words}
    uow.audit(Audit(promotion.at, promotion.who, promotion.kind.value, "model", promotion.model, before, after))
    uow.bump("models")
    return done


def _waiting(uow: UnitOfWork, proposal_id: int) -> Proposal:
    proposal = uow.models.proposal(proposal_id)
    if proposal.state is not ProposalState.waiting:
        raise TransitionRefused(
            f"proposal {proposal_id} waits no more: it was {proposal.state} by {proposal.decided_by}"
        )
    return proposal


def _decide(uow: UnitOfWork, proposal: Proposal, state: ProposalState, who: str, at: datetime, words: str) -> None:
    decided = replace(proposal, state=state, decided_by=who, decided_at=at, words=words)
    uow.models.decide(decided)
    facts = {"gate": "passed" if proposal.passed else "not passed", "words": words}
    uow.audit(Audit(at, who, state.value, "model", proposal.model, after=facts))
