"""A ticket's life after the verdict: dispatch, handling, verification; and the rules of dispatch."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.dependencies import Asking, RowId, Services, TicketNumber, Wired, scope_of
from api.errors import problems
from api.life_reading import life_facts, life_out, mover_of
from api.life_schemas import (
    DispatchIn,
    LifeOut,
    LookOut,
    MoveIn,
    ProposalOut,
    RuleIn,
    RuleOut,
    SignOffIn,
    UnitIn,
    WordsIn,
)
from api.schemas import Listing, TicketRow
from pipeline.adapters import queries
from pipeline.domain.dispatch import DispatchRule, Proposal
from pipeline.domain.site import Tier
from pipeline.domain.ticket import Ticket
from pipeline.steps import dispatch, handling, rules, verify

router = APIRouter(prefix="/api/v1", tags=["life"])

MOST_WORK = 100
BY_RULE, WITHOUT_WORDS = DispatchIn(), SignOffIn()
REFUSALS = problems(403, 404, 409, 422)
SiteAsked = Annotated[str, Query(min_length=1, max_length=80, pattern=r"^[^\x00]*$", examples=["人民路口"])]
CategoryAsked = Annotated[str, Query(pattern=r"^[a-z][a-z0-9_]{1,39}$", examples=["litter"])]


def _out(services: Services, ticket: Ticket) -> LifeOut:
    return life_out(ticket, services.clock.now())


@router.get("/tickets/{number}/life", responses=problems(404, 422))
def read_life(services: Wired, person: Asking, number: TicketNumber) -> LifeOut:
    """Its units, its deadline and how it stands."""
    return _out(services, life_facts(services, person, number).ticket)


@router.get("/tickets/{number}/proposal", responses=problems(404, 422))
def read_proposal(services: Wired, number: TicketNumber) -> ProposalOut:
    """Whom the rules would send; nothing is written."""
    return _proposal_out(dispatch.propose(services.units, number))


@router.get("/tickets/{number}/look", responses=problems(404, 422))
def read_look(services: Wired, person: Asking, number: TicketNumber) -> LookOut | None:
    """The newest look of its view since it was handled; null: none yet."""
    look = life_facts(services, person, number).look
    return LookOut.model_validate(look) if look else None


@router.post("/tickets/{number}/dispatch", responses=REFUSALS)
def send(services: Wired, person: Asking, number: TicketNumber, wanted: DispatchIn = BY_RULE) -> LifeOut:
    """Filed to dispatched (派遣), by rule or to the units given; the deadline is bound here."""
    by, zone = mover_of(services, person), services.settings.town_zone
    return _out(services, dispatch.dispatch(services.units, number, wanted.units, by, zone))


@router.post("/tickets/{number}/join", responses=REFUSALS)
def join(services: Wired, person: Asking, number: TicketNumber, wanted: UnitIn) -> LifeOut:
    """Joint enforcement (联合执法): one more unit takes part."""
    by = mover_of(services, person)
    return _out(services, dispatch.join(services.units, number, wanted.unit, wanted.words, by))


@router.post("/tickets/{number}/suspend", responses=REFUSALS)
def suspend(services: Wired, person: Asking, number: TicketNumber, wanted: WordsIn) -> LifeOut:
    """Suspended (挂账): the clock stands."""
    by, zone = mover_of(services, person), services.settings.town_zone
    return _out(services, dispatch.suspend(services.units, number, wanted.words, by, zone))


@router.post("/tickets/{number}/resume", responses=REFUSALS)
def resume(services: Wired, person: Asking, number: TicketNumber) -> LifeOut:
    """Goes on with what was left of its time."""
    by, zone = mover_of(services, person), services.settings.town_zone
    return _out(services, dispatch.resume(services.units, number, by, zone))


@router.post("/tickets/{number}/void", responses=REFUSALS)
def make_void(services: Wired, person: Asking, number: TicketNumber, wanted: WordsIn) -> LifeOut:
    """Void (作废), for good."""
    return _out(services, dispatch.make_void(services.units, number, wanted.words, mover_of(services, person)))


@router.post("/tickets/{number}/accept", responses=REFUSALS)
def accept(services: Wired, person: Asking, number: TicketNumber) -> LifeOut:
    """The lead takes it on: in progress."""
    return _out(services, handling.accept(services.units, number, mover_of(services, person)))


@router.post("/tickets/{number}/report", responses=REFUSALS)
def report(services: Wired, person: Asking, number: TicketNumber, wanted: WordsIn) -> LifeOut:
    """A unit that takes part says what it did; the ticket stays where it is."""
    return _out(services, handling.report(services.units, number, wanted.words, mover_of(services, person)))


@router.post("/tickets/{number}/rectify", responses=REFUSALS)
def rectify(services: Wired, person: Asking, number: TicketNumber, wanted: WordsIn) -> LifeOut:
    """Put right (反馈), in words; the clock stands from here on."""
    by, zone = mover_of(services, person), services.settings.town_zone
    return _out(services, handling.rectify(services.units, number, wanted.words, by, zone))


@router.post("/tickets/{number}/hand-over", responses=REFUSALS)
def hand_over(services: Wired, person: Asking, number: TicketNumber, wanted: UnitIn) -> LifeOut:
    """Another unit takes the lead's place; the deadline runs on."""
    by = mover_of(services, person)
    return _out(services, handling.hand_over(services.units, number, wanted.unit, wanted.words, by))


@router.post("/tickets/{number}/refuse", responses=REFUSALS)
def refuse(services: Wired, person: Asking, number: TicketNumber, wanted: WordsIn) -> LifeOut:
    """Back to filed, for the dispatcher to send elsewhere; a unit that only takes part leaves."""
    return _out(services, handling.refuse(services.units, number, wanted.words, mover_of(services, person)))


@router.post("/tickets/{number}/verify", responses=REFUSALS)
def sign(services: Wired, person: Asking, number: TicketNumber, wanted: SignOffIn = WITHOUT_WORDS) -> LifeOut:
    """Verified (核查): on a later frame of its view that shows it gone, or on your own words."""
    return _out(services, verify.verify(services.units, number, wanted.words, mover_of(services, person)))


@router.post("/tickets/{number}/rework", responses=REFUSALS)
def rework(services: Wired, person: Asking, number: TicketNumber, wanted: WordsIn) -> LifeOut:
    """Reworked (返工): back to its units, with what was left of their time."""
    by, zone = mover_of(services, person), services.settings.town_zone
    return _out(services, verify.rework(services.units, number, wanted.words, by, zone))


@router.post("/tickets/{number}/close", responses=REFUSALS)
def close(services: Wired, person: Asking, number: TicketNumber) -> LifeOut:
    """Closed (结案); refused without evidence."""
    return _out(services, verify.close(services.units, number, mover_of(services, person)))


@router.get("/work", responses=problems())
def list_work(services: Wired, person: Asking) -> Listing[TicketRow]:
    """What the unit of the person who asks has to do, the most urgent first; at most 100."""
    with services.look() as connection:
        rows = queries.work_rows(connection, scope_of(person), queries.AT_WORK, MOST_WORK)
    return Listing(rows=[TicketRow.model_validate(row) for row in rows], next=None)


@router.get("/dispatch-rules", tags=["rules"], responses=problems())
def list_rules(services: Wired) -> list[RuleOut]:
    """In the order that breaks ties; the most specific one that fits wins."""
    with services.units.reading() as uow:
        return [_rule_out(rule) for rule in uow.rules.all()]


@router.post("/dispatch-rules", tags=["rules"], status_code=201, responses=problems(403, 422))
def add_rule(services: Wired, person: Asking, wanted: RuleIn) -> RuleOut:
    """At the end of the table."""
    return _rule_out(rules.add_rule(services.units, wanted.rule(), mover_of(services, person)))


@router.get("/dispatch-rules/trial", tags=["rules"], responses=problems(404, 422))
def read_trial(services: Wired, site: SiteAsked, category: CategoryAsked) -> ProposalOut:
    """Whom a ticket of this category at this site would go to; nothing is written."""
    return _proposal_out(rules.try_rules(services.units, site, category))


@router.put("/dispatch-rules/{rule_id}", tags=["rules"], responses=problems(403, 404, 422))
def change_rule(services: Wired, person: Asking, rule_id: RowId, wanted: RuleIn) -> RuleOut:
    """Binds dispatches from now on."""
    return _rule_out(rules.change_rule(services.units, wanted.rule(rule_id), mover_of(services, person)))


@router.post(
    "/dispatch-rules/{rule_id}/move", tags=["rules"], status_code=204, response_class=Response,
    responses=problems(403, 404, 422),
)  # fmt: skip
def move_rule(services: Wired, person: Asking, rule_id: RowId, wanted: MoveIn) -> None:
    """Up or down the table."""
    rules.move_rule(services.units, rule_id, wanted.by, mover_of(services, person))


@router.delete(
    "/dispatch-rules/{rule_id}", tags=["rules"], status_code=204, response_class=Response,
    responses=problems(403, 404, 422),
)  # fmt: skip
def remove_rule(services: Wired, person: Asking, rule_id: RowId) -> None:
    """Tickets it sent stay where they are."""
    rules.remove_rule(services.units, rule_id, mover_of(services, person))


def _proposal_out(proposal: Proposal) -> ProposalOut:
    return ProposalOut(units=list(proposal.units), rule=proposal.rule.id if proposal.rule else None)


def _rule_out(rule: DispatchRule) -> RuleOut:
    return RuleOut(
        id=rule.id,
        units=[unit.value if isinstance(unit, Tier) else unit for unit in rule.units],
        site=rule.site,
        site_kind=rule.site_kind,
        category=rule.category,
        kind=rule.kind,
        note=rule.note,
        position=rule.position,
    )
