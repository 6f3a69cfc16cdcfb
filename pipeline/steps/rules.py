"""The rules of dispatch as people change them; each change is audited."""

from collections.abc import Sequence
from dataclasses import replace

from pipeline.domain.audit import Audit, JsonValue
from pipeline.domain.dispatch import DispatchRule, Proposal, proposal_for
from pipeline.domain.errors import BadInput, NotFound
from pipeline.domain.site import Tier
from pipeline.domain.ticket import Mover
from pipeline.ports import UnitOfWork, UnitsOfWork
from pipeline.steps.dispatch import MOST_UNITS

LONGEST_NOTE = 200
RULE = "rule"


def add_rule(units: UnitsOfWork, rule: DispatchRule, mover: Mover) -> DispatchRule:
    """At the end of the table, with the id it gets. Raises BadInput."""
    with units.writing() as uow:
        _check(uow, rule)
        last = max((known.position for known in uow.rules.all()), default=-1)
        rule = replace(rule, id=uow.rules.add(rule), position=last + 1)
        uow.audit(Audit(mover.at, mover.who, "added", RULE, str(rule.id), None, _facts(rule)))
    return rule


def change_rule(units: UnitsOfWork, rule: DispatchRule, mover: Mover) -> DispatchRule:
    """By its id; it keeps its place in the order. Raises BadInput, NotFound."""
    with units.writing() as uow:
        before = _known(uow, rule.id)
        _check(uow, rule)
        rule = replace(rule, position=before.position)
        uow.rules.save(rule)
        uow.audit(Audit(mover.at, mover.who, "changed", RULE, str(rule.id), _facts(before), _facts(rule)))
    return rule


def remove_rule(units: UnitsOfWork, rule_id: int, mover: Mover) -> None:
    """Tickets it sent stay where they are. Raises NotFound."""
    with units.writing() as uow:
        before = _known(uow, rule_id)
        uow.rules.remove(rule_id)
        uow.audit(Audit(mover.at, mover.who, "removed", RULE, str(rule_id), _facts(before), None))


def move_rule(units: UnitsOfWork, rule_id: int, by: int, mover: Mover) -> None:
    """So many places down the table, or up below zero; the ends hold it. Raises NotFound."""
    with units.writing() as uow:
        known = list(uow.rules.all())
        moved = _known(uow, rule_id)
        before = known.index(moved)
        known.remove(moved)
        known.insert(max(0, before + by), moved)
        for position, rule in enumerate(known):
            if rule.position != position:
                uow.rules.save(replace(rule, position=position))
        places: tuple[dict[str, JsonValue], ...] = ({"place": before}, {"place": known.index(moved)})
        uow.audit(Audit(mover.at, mover.who, "changed", RULE, str(rule_id), *places))


def try_rules(units: UnitsOfWork, site: str, category: str) -> Proposal:
    """Whom a ticket of this category at this site would go to. Raises BadInput, NotFound for the site."""
    with units.reading() as uow:
        found = uow.categories().get(category)
        if found is None:
            raise BadInput(f"no category {category[:40]!r}")
        return proposal_for(uow.rules.all(), uow.rules.site(site), category, found.kind)


def _known(uow: UnitOfWork, rule_id: int) -> DispatchRule:
    for rule in uow.rules.all():
        if rule.id == rule_id:
            return rule
    raise NotFound(f"no rule {rule_id}")


def _check(uow: UnitOfWork, rule: DispatchRule) -> None:
    _check_units(rule.units, uow.rules.units())
    if rule.category is not None and rule.category not in uow.categories():
        raise BadInput(f"no category {rule.category[:40]!r}")
    if len(rule.note) > LONGEST_NOTE:
        raise BadInput(f"a note has at most {LONGEST_NOTE} characters")
    if rule.site is not None:
        try:
            uow.rules.site(rule.site)
        except NotFound as missing:
            raise BadInput(str(missing)) from None


def _check_units(named: Sequence[str | Tier], known: dict[str, Tier]) -> None:
    if not 1 <= len(named) <= MOST_UNITS:
        raise BadInput(f"a rule names at least one unit and at most {MOST_UNITS}")
    if len(set(named)) < len(named):
        raise BadInput("a rule names no unit twice")
    if unknown := [unit for unit in named if not isinstance(unit, Tier) and unit not in known]:
        raise BadInput(f"no unit {unknown[0][:80]!r}")


def _facts(rule: DispatchRule) -> dict[str, JsonValue]:
    return {
        "site": rule.site,
        "site_kind": rule.site_kind,
        "category": rule.category,
        "kind": rule.kind,
        "units": [unit.value if isinstance(unit, Tier) else unit for unit in rule.units],
        "note": rule.note,
    }
