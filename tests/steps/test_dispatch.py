"""Whom a ticket is sent to, by rule or by hand, and what the dispatcher can do to it then."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.adapters import tables
from pipeline.adapters.database import reading, writing
from pipeline.domain.category import Kind
from pipeline.domain.deadline import Deadline, DeadlineClock
from pipeline.domain.dispatch import DispatchRule, Proposal, RuleUnit, proposal_for
from pipeline.domain.errors import BadInput, NotFound, TransitionRefused
from pipeline.domain.site import Site, SiteKind, Tier
from pipeline.domain.ticket import Role, Status
from pipeline.steps import dispatch, rules
from tests.life import LEAD, NUMBER, OTHER, SITE, THIRD, Life, a_life, a_mover

UNITS = {Tier.leader: "王主任", Tier.department: OTHER, Tier.community: LEAD}
SHOP = Site("东门", SiteKind.shop, True, True, "", None, UNITS)


def a_rule(rule_id: int, *units: RuleUnit, **given: object) -> DispatchRule:
    return DispatchRule(rule_id, units or (f"unit {rule_id}",), **given)  # type: ignore[arg-type]  # names of its fields


def lead(*rules: DispatchRule, site: Site = SHOP) -> str | None:
    return next(iter(proposal_for(rules, site, "litter", Kind.clean_up).units), None)


@pytest.fixture
def life(sqlite_engine: Engine) -> Life:
    return a_life(sqlite_engine)


def test_without_a_rule_the_sites_unit_nearest_to_the_street_is_sent() -> None:
    assert proposal_for((), SHOP, "litter", Kind.clean_up) == Proposal((LEAD,))
    assert lead(site=replace(SHOP, units={})) is None


def test_the_most_specific_rule_wins_wherever_it_stands() -> None:
    by_kind = a_rule(1, kind=Kind.clean_up, position=0)
    by_category = a_rule(2, category="litter", position=1)
    by_site_kind = a_rule(3, site_kind=SiteKind.shop, position=2)
    by_both = a_rule(4, site_kind=SiteKind.shop, category="litter", position=3)
    by_site = a_rule(5, site="东门", position=4)
    by_all = a_rule(6, site="东门", category="litter", position=5)
    ladder = (by_kind, by_category, by_site_kind, by_both, by_site, by_all)
    for known in range(1, len(ladder) + 1):
        assert lead(*ladder[:known]) == f"unit {known}"
        assert lead(*reversed(ladder[:known])) == f"unit {known}"


def test_a_rule_for_another_place_or_thing_does_not_fit() -> None:
    others = (
        a_rule(1, site="西门"), a_rule(2, site_kind=SiteKind.compound), a_rule(3, category="illegal_ad"),
        a_rule(4, kind=Kind.works), a_rule(5, site="东门", category="illegal_ad"),
    )  # fmt: skip
    assert lead(*others) == LEAD


def test_of_equally_specific_rules_the_upper_one_wins() -> None:
    assert lead(a_rule(1, category="litter", position=7), a_rule(2, category="litter", position=3)) == "unit 2"


def test_a_tier_stands_for_the_sites_own_unit_of_it() -> None:
    rule = a_rule(1, Tier.department, Tier.community, OTHER, kind=Kind.clean_up)
    assert proposal_for((rule,), SHOP, "litter", Kind.clean_up).units == (OTHER, LEAD)


def test_a_rule_whose_tiers_the_site_has_not_is_passed_over() -> None:
    rule = a_rule(1, Tier.leader, site="东门")
    assert lead(rule, a_rule(2, kind=Kind.clean_up), site=replace(SHOP, units={Tier.community: LEAD})) == "unit 2"


def test_a_ticket_is_dispatched_by_rule_and_its_history_says_so(life: Life, sqlite_engine: Engine) -> None:
    rule = DispatchRule(0, (OTHER, Tier.community), site_kind=SiteKind.shop, category="litter")
    rules.add_rule(life.units, rule, a_mover(Role.dispatcher))
    life.confirm()
    assert dispatch.propose(life.units, NUMBER).units == (OTHER, LEAD)
    ticket = life.dispatch()
    assert (ticket.status, ticket.unit, ticket.units) == (Status.dispatched, OTHER, (OTHER, LEAD))
    assert life.ticket == ticket
    with reading(sqlite_engine) as connection:
        last = connection.execute(sa.select(tables.ticket_history).order_by(tables.ticket_history.c.id.desc())).first()
    assert last is not None
    assert (last.what, last.detail, last.words) == ("dispatched", f"{OTHER}、{LEAD}", "by rule")


def test_a_ticket_is_dispatched_by_hand_to_several_units_the_lead_first(life: Life) -> None:
    life.confirm()
    ticket = life.dispatch(THIRD, OTHER, THIRD)
    assert ticket.units == (THIRD, OTHER)
    assert ticket.unit == THIRD


def test_an_unknown_unit_is_refused_and_nothing_changes(life: Life) -> None:
    before = life.confirm()
    with pytest.raises(BadInput, match="no unit '火星办'"):
        life.dispatch("火星办")
    assert life.ticket == before


def test_a_ticket_without_any_unit_must_be_dispatched_by_hand(life: Life, sqlite_engine: Engine) -> None:
    with writing(sqlite_engine) as connection:
        connection.execute(sa.delete(tables.site_units))
        connection.execute(sa.update(tables.tickets).values(unit=None))
    life.confirm()
    with pytest.raises(BadInput, match="choose one"):
        life.dispatch()
    assert life.dispatch(OTHER).unit == OTHER


def test_the_deadline_is_bound_at_dispatch_and_later_changes_bind_new_dispatches_only(
    life: Life, sqlite_engine: Engine
) -> None:
    life.confirm()
    bound = life.dispatch()
    assert bound.deadline == Deadline(4, DeadlineClock.working_hours)
    with writing(sqlite_engine) as connection:
        connection.execute(sa.update(tables.categories).values(deadline=1))
    assert life.ticket.due_at == bound.due_at
    life.suspend(at=3)
    assert life.resume(at=3).due_at == bound.due_at
    assert life.refuse(at=4).due_at is None
    assert life.dispatch(at=10).deadline == Deadline(1, DeadlineClock.working_hours)


def test_the_clock_stands_while_the_ticket_is_suspended(life: Life) -> None:
    life.confirm()
    due = life.dispatch(at=2).due_at
    assert due is not None
    suspended = life.suspend(at=5)
    assert suspended.left_s == 4 * 3600 - 3 * 60
    assert life.resume(at=5 + 24 * 60).due_at == due + timedelta(days=1)


def test_what_was_never_dispatched_is_filed_again_when_it_goes_on(life: Life) -> None:
    life.confirm()
    life.suspend()
    assert life.resume().status is Status.filed


def test_a_unit_joins_while_others_are_at_work(life: Life) -> None:
    life.brought_to(Status.in_progress)
    joined = dispatch.join(life.units, NUMBER, OTHER, "需要执法", a_mover(Role.dispatcher, 5))
    assert (joined.status, joined.units, joined.unit) == (Status.in_progress, (LEAD, OTHER), LEAD)
    with pytest.raises(TransitionRefused, match="takes part already"):
        dispatch.join(life.units, NUMBER, OTHER, "再来", a_mover(Role.dispatcher, 6))
    with pytest.raises(TransitionRefused, match="may not choose"):
        dispatch.join(life.units, NUMBER, THIRD, "一起", a_mover(Role.handler, 6))
    with pytest.raises(TransitionRefused, match="needs a reason"):
        dispatch.join(life.units, NUMBER, THIRD, "", a_mover(Role.dispatcher, 6))


def test_a_void_ticket_stays_void_and_its_place_makes_no_second_one(life: Life) -> None:
    life.confirm()
    assert dispatch.make_void(life.units, NUMBER, "重复", a_mover(Role.dispatcher)).status is Status.void
    with life.units.reading() as uow:
        assert uow.findings.get(NUMBER).state == "open"
    for move in (life.dispatch, life.suspend, life.resume, life.accept):
        with pytest.raises(TransitionRefused):
            move()


def test_dispatching_is_for_filed_tickets_alone(life: Life) -> None:
    for status in (Status.awaiting_review, Status.dispatched, Status.in_progress, Status.rectified):
        life.brought_to(status)
        with pytest.raises(TransitionRefused):
            life.dispatch(OTHER, at=20)


# --- the table of rules


def test_rules_are_added_changed_moved_and_removed_each_with_its_audit(life: Life, sqlite_engine: Engine) -> None:
    by = a_mover(Role.dispatcher)
    first = rules.add_rule(life.units, DispatchRule(0, (OTHER,), category="litter"), by)
    second = rules.add_rule(life.units, DispatchRule(0, (LEAD,), site=SITE, note="门前三包"), by)
    rules.change_rule(life.units, DispatchRule(first.id, (OTHER, Tier.community), kind=Kind.enforcement), by)
    rules.move_rule(life.units, second.id, -1, by)
    with life.units.reading() as uow:
        known = uow.rules.all()
    assert [(rule.id, rule.units) for rule in known] == [(second.id, (LEAD,)), (first.id, (OTHER, Tier.community))]
    rules.remove_rule(life.units, first.id, by)
    with reading(sqlite_engine) as connection:
        actions = list(connection.scalars(sa.text("SELECT action FROM audit_entries ORDER BY id")))
    assert actions[-5:] == ["added", "added", "changed", "changed", "removed"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (DispatchRule(0, ()), "at least one unit"),
        (DispatchRule(0, ("火星办",)), "no unit"),
        (DispatchRule(0, (OTHER,), site="月球"), "no site"),
        (DispatchRule(0, (OTHER,), category="rain"), "no category"),
        (DispatchRule(0, (OTHER, OTHER)), "twice"),
        (DispatchRule(0, (OTHER,), note="长" * 201), "200"),
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused(life: Life, rule: DispatchRule, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        rules.add_rule(life.units, rule, a_mover(Role.dispatcher))


def test_a_rule_that_is_gone_cannot_be_changed(life: Life) -> None:
    by = a_mover(Role.dispatcher)
    for change in (
        lambda: rules.change_rule(life.units, DispatchRule(9, (OTHER,)), by),
        lambda: rules.remove_rule(life.units, 9, by),
        lambda: rules.move_rule(life.units, 9, 1, by),
    ):
        refused: Callable[[], object] = change
        with pytest.raises(NotFound):
            refused()


def test_a_rule_can_be_tried_on_a_site(life: Life) -> None:
    rules.add_rule(life.units, DispatchRule(0, (OTHER,), site_kind=SiteKind.shop), a_mover(Role.dispatcher))
    assert rules.try_rules(life.units, SITE, "litter").units == (OTHER,)
    with pytest.raises(BadInput, match="no category"):
        rules.try_rules(life.units, SITE, "rain")
    with pytest.raises(NotFound, match="no site"):
        rules.try_rules(life.units, "月球", "litter")
