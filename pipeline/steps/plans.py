"""Plans as people change them; a worker brings Prefect's deployments in line with each change."""

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pipeline.domain.audit import Audit, JsonValue
from pipeline.domain.cron import cron_of
from pipeline.domain.errors import BadInput
from pipeline.domain.patrol import Plan
from pipeline.ports import UnitOfWork, UnitsOfWork
from pipeline.steps.views import DEPLOY, ask

LONGEST_NAME = 40
RESERVED = frozenset({"follow-up", "all", "housekeeping", "shard"})
"""Deployments and rounds that no person's plan stands behind."""
UTC_ZONE = ZoneInfo("UTC")
FINE_EVERY = (timedelta(minutes=1), timedelta(days=7))


def checked_plan(plan: Plan, at: datetime) -> Plan:
    """Raises BadInput."""
    name = plan.name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or "/" in name or not name.isprintable():
        raise BadInput(f"a plan's name has 1 to {LONGEST_NAME} characters and no /")
    if name in RESERVED:
        raise BadInput(f"{name!r} is taken by the product itself; choose another name")
    cron = " ".join(plan.cron.split())
    if next(cron_of(cron).after(at, UTC_ZONE), None) is None:
        raise BadInput(f"{cron!r} names no day that ever comes")
    if not FINE_EVERY[0] <= plan.fine_every <= FINE_EVERY[1]:
        raise BadInput("the fine pass comes at least weekly, and at most every minute")
    return replace(plan, name=name, cron=cron)


def add_plan(units: UnitsOfWork, plan: Plan, who: str, at: datetime) -> None:
    """Raises BadInput; also where the name is taken."""
    checked = checked_plan(plan, at)
    with units.writing() as uow:
        _check_sites(uow, checked)
        uow.plans.add(checked)
        uow.audit(Audit(at, who, "added", "plan", checked.name, None, _facts(checked)))
        _follow(uow, who, at)


def change_plan(units: UnitsOfWork, plan: Plan, who: str, at: datetime) -> None:
    """By its name. Raises BadInput, NotFound."""
    checked = checked_plan(plan, at)
    with units.writing() as uow:
        before = uow.plans.get(checked.name)
        _check_sites(uow, replace(checked, site_names=tuple(set(checked.site_names) - set(before.site_names))))
        uow.plans.save(checked)
        uow.audit(Audit(at, who, "changed", "plan", checked.name, _facts(before), _facts(checked)))
        _follow(uow, who, at)


def set_active(units: UnitsOfWork, name: str, active: bool, who: str, at: datetime) -> None:
    """A round under way goes on. Raises NotFound."""
    with units.writing() as uow:
        before = uow.plans.get(name)
        uow.plans.save(replace(before, active=active))
        uow.audit(Audit(at, who, "changed", "plan", name, {"active": before.active}, {"active": active}))
        _follow(uow, who, at)


def remove_plan(units: UnitsOfWork, name: str, who: str, at: datetime) -> None:
    """Raises NotFound, and TransitionRefused while a round of it is under way."""
    with units.writing() as uow:
        before = uow.plans.get(name)
        uow.plans.remove(name)
        uow.audit(Audit(at, who, "removed", "plan", name, _facts(before), None))
        _follow(uow, who, at)


def _follow(uow: UnitOfWork, who: str, at: datetime) -> None:
    ask(uow, DEPLOY, "plans", {}, (who, at))


def _check_sites(uow: UnitOfWork, plan: Plan) -> None:
    if unknown := sorted(set(plan.site_names) - uow.plans.known_sites()):
        raise BadInput(f"no site {unknown[0]!r}")


def _facts(plan: Plan) -> dict[str, JsonValue]:
    return {**asdict(plan), "site_names": list(plan.site_names), "fine_every": plan.fine_every.total_seconds()}
