"""The rows of reasons, as people change them: words, what they teach and suppress, their order on the number keys."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from pipeline.domain.audit import Audit
from pipeline.domain.errors import BadInput, NotFound, TransitionRefused
from pipeline.domain.review import Reason
from pipeline.ports import UnitOfWork, UnitsOfWork

CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")
LONGEST_WORDS = 60
LONGEST_DAYS = 3650


def add_reason(units: UnitsOfWork, reason: Reason, who: str, at: datetime) -> None:
    """Last in the order. Raises BadInput."""
    _check(reason)
    with units.writing() as uow:
        if reason.code in uow.reviews.all_reasons():
            raise BadInput(f"there is a reason {reason.code} already: change that one")
        uow.reviews.save_reason(reason, None)
        uow.audit(Audit(at, who, "added", "reason", reason.code, after=_told(reason)))


def change_reason(units: UnitsOfWork, reason: Reason, who: str, at: datetime) -> None:
    """Binds verdicts from now on; labels and suppressions that are there stay. Raises BadInput, NotFound."""
    _check(reason)
    with units.writing() as uow:
        before = _known(uow, reason.code)
        after = replace(reason, retired_at=before.retired_at)
        uow.reviews.save_reason(after, None)
        uow.audit(Audit(at, who, "changed", "reason", reason.code, _told(before), _told(after)))


def retire_reason(units: UnitsOfWork, code: str, retired: bool, who: str, at: datetime) -> None:
    """Offer it no more, or again. Raises NotFound."""
    with units.writing() as uow:
        before = _known(uow, code)
        after = replace(before, retired_at=at if retired else None)
        uow.reviews.save_reason(after, None)
        uow.audit(Audit(at, who, "retired" if retired else "restored", "reason", code, _told(before), _told(after)))


def remove_reason(units: UnitsOfWork, code: str, who: str, at: datetime) -> None:
    """Raises NotFound, TransitionRefused where a verdict names it: then it can only be retired."""
    with units.writing() as uow:
        before = _known(uow, code)
        if uow.reviews.is_used(code):
            raise TransitionRefused(f"verdicts name {code}: retire it instead")
        uow.reviews.remove_reason(code)
        uow.audit(Audit(at, who, "removed", "reason", code, before=_told(before)))


def order_reasons(units: UnitsOfWork, codes: Sequence[str], who: str, at: datetime) -> None:
    """Number keys follow this order; what is not named comes after. Raises BadInput for a code that is none."""
    with units.writing() as uow:
        known = uow.reviews.all_reasons()
        unknown = [code for code in codes if code not in known]
        if unknown:
            raise BadInput(f"{unknown[0]!r} is no reason")
        wanted = list(dict.fromkeys((*codes, *known)))
        for position, code in enumerate(wanted):
            uow.reviews.save_reason(known[code], position)
        uow.audit(Audit(at, who, "ordered", "reason", "*", {"order": list(known)}, {"order": wanted}))


def move_reason(units: UnitsOfWork, code: str, step: int, who: str, at: datetime) -> None:
    """One place up (-1) or down (1) among those that are offered. Raises NotFound."""
    with units.reading() as uow:
        known = uow.reviews.all_reasons()
    offered = [one for one, reason in known.items() if reason.retired_at is None]
    if code not in offered:
        raise NotFound(f"no reason {code!r} is offered")
    place = offered.index(code)
    other = min(max(place + step, 0), len(offered) - 1)
    offered[place], offered[other] = offered[other], offered[place]
    order_reasons(units, offered, who, at)


def _known(uow: UnitOfWork, code: str) -> Reason:
    reason = uow.reviews.all_reasons().get(code)
    if reason is None:
        raise NotFound(f"no reason {code!r}")
    return reason


def _check(reason: Reason) -> None:
    if not CODE.fullmatch(reason.code):
        raise BadInput("a code is 2 to 40 small letters, digits and _, and starts with a letter")
    for words in (reason.name_zh, reason.name_en):
        if not words.strip() or len(words) > LONGEST_WORDS or not words.isprintable():
            raise BadInput(f"a reason has words in both languages, of at most {LONGEST_WORDS} characters")
    if reason.days is not None and not 1 <= reason.days <= LONGEST_DAYS:
        raise BadInput(f"a suppression until a date lasts 1 to {LONGEST_DAYS} days")


def _told(reason: Reason) -> dict[str, object]:
    return {
        "name_zh": reason.name_zh,
        "name_en": reason.name_en,
        "teaches": reason.teaches.value,
        "suppresses": reason.suppresses.value,
        "days": reason.days,
        "retired": reason.retired_at is not None,
    }
