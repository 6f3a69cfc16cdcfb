"""Planted answers: what an admin knows of a ticket or sample measures every reader that meets it."""

from datetime import datetime

from pipeline.domain.audit import Audit
from pipeline.domain.desk import KnownAnswer, Reviewer
from pipeline.domain.errors import BadInput, NotAllowed, TransitionRefused
from pipeline.domain.review import DISMISSED, MISSED, NOTHING
from pipeline.domain.ticket import Role, Status
from pipeline.ports import UnitsOfWork


def plant(units: UnitsOfWork, known: KnownAnswer, reader: Reviewer, at: datetime) -> int:
    """Mark the answer of a ticket that has its verdict, or of a sample, as known; its id. Raises BadInput, NotFound."""
    if reader.role is not Role.admin:
        raise NotAllowed(f"a {reader.role} may not plant known answers; ask an admin")
    with units.writing() as uow:
        if known.number is not None:
            allowed = {DISMISSED, *uow.categories()}
            if uow.tickets.get(known.number).status is Status.awaiting_review:
                raise TransitionRefused(f"{known.number} awaits its verdict: judge it first, then mark it as known")
        elif known.image is not None:
            allowed = {NOTHING, MISSED}
            uow.dealing.sample(known.image)
        else:
            raise BadInput("a known answer is that of a ticket or of a sample")
        if known.answer not in allowed:
            raise BadInput(f"the answer is one of {', '.join(sorted(allowed))}")
        uow.audit(Audit(at, reader.name, "marked", "known_answer", _name(known), after={"answer": known.answer}))
        return uow.dealing.plant(known, reader.name, at)


def retire_known(units: UnitsOfWork, known_id: int, reader: Reviewer, at: datetime) -> None:
    """It is dealt no more; what readers said of it stays. Raises NotFound, NotAllowed."""
    if reader.role is not Role.admin:
        raise NotAllowed(f"a {reader.role} may not retire known answers; ask an admin")
    with units.writing() as uow:
        known = uow.dealing.known(known_id)
        uow.dealing.retire_known(known_id, at)
        uow.audit(Audit(at, reader.name, "retired", "known_answer", _name(known), before={"answer": known.answer}))


def _name(known: KnownAnswer) -> str:
    return known.number or known.image or ""
