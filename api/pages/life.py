"""Pages of a ticket's life: its moves as forms, a handler's own work on a phone, the rules of dispatch."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, field_validator

from api.addresses import own_path
from api.dependencies import Asking, RowId, Services, TicketNumber, Wired, scope_of
from api.life_reading import life_facts, mover_of
from api.pages.drawing import Drawn
from api.reading import ticket_facts
from pipeline.adapters import queries
from pipeline.domain.category import Kind
from pipeline.domain.dispatch import DispatchRule, Proposal
from pipeline.domain.site import SiteKind, Tier
from pipeline.domain.ticket import Role, Status
from pipeline.steps import dispatch, handling, rules, verify

router = APIRouter(include_in_schema=False)

TOPICS = ("tickets",)
UNCHANGED = 204
MOST_WORK = 100
WAITING = (Status.rectified.value, Status.suspended.value)
DISPATCHERS = frozenset({Role.dispatcher, Role.admin})
NO_NUL = r"^[^\x00]*$"
Words = Annotated[str, Form(max_length=300, pattern=NO_NUL)]
Unit = Annotated[str, Form(max_length=80, pattern=NO_NUL)]
Units = Annotated[list[str], Form()]
Next = Annotated[str, Form(alias="next", max_length=200)]


def _back(number: str, wanted: str) -> Response:
    return RedirectResponse(own_path(wanted) if wanted else f"/tickets/{number}", 303)


@router.post("/tickets/{number}/dispatch")
def send(
    services: Wired, person: Asking, number: TicketNumber, lead: Unit = "", joint: Units = [], wanted: Next = ""  # noqa: B006 - FastAPI copies it
) -> Response:  # fmt: skip
    """By rule where no lead is chosen."""
    chosen = [lead, *joint] if lead else []
    dispatch.dispatch(services.units, number, chosen, mover_of(services, person), services.settings.town_zone)
    return _back(number, wanted)


@router.post("/tickets/{number}/join")
def join(
    services: Wired, person: Asking, number: TicketNumber, unit: Unit = "", words: Words = "", wanted: Next = ""
) -> Response:
    dispatch.join(services.units, number, unit, words, mover_of(services, person))
    return _back(number, wanted)


@router.post("/tickets/{number}/suspend")
def suspend(services: Wired, person: Asking, number: TicketNumber, words: Words = "", wanted: Next = "") -> Response:
    dispatch.suspend(services.units, number, words, mover_of(services, person), services.settings.town_zone)
    return _back(number, wanted)


@router.post("/tickets/{number}/resume")
def resume(services: Wired, person: Asking, number: TicketNumber, wanted: Next = "") -> Response:
    dispatch.resume(services.units, number, mover_of(services, person), services.settings.town_zone)
    return _back(number, wanted)


@router.post("/tickets/{number}/void")
def make_void(services: Wired, person: Asking, number: TicketNumber, words: Words = "", wanted: Next = "") -> Response:
    dispatch.make_void(services.units, number, words, mover_of(services, person))
    return _back(number, wanted)


@router.post("/tickets/{number}/accept")
def accept(services: Wired, person: Asking, number: TicketNumber, wanted: Next = "") -> Response:
    handling.accept(services.units, number, mover_of(services, person))
    return _back(number, wanted)


@router.post("/tickets/{number}/report")
def report(services: Wired, person: Asking, number: TicketNumber, words: Words = "", wanted: Next = "") -> Response:
    handling.report(services.units, number, words, mover_of(services, person))
    return _back(number, wanted)


@router.post("/tickets/{number}/rectify")
def rectify(services: Wired, person: Asking, number: TicketNumber, words: Words = "", wanted: Next = "") -> Response:
    handling.rectify(services.units, number, words, mover_of(services, person), services.settings.town_zone)
    return _back(number, wanted)


@router.post("/tickets/{number}/hand-over")
def hand_over(
    services: Wired, person: Asking, number: TicketNumber, unit: Unit = "", words: Words = "", wanted: Next = ""
) -> Response:
    handling.hand_over(services.units, number, unit, words, mover_of(services, person))
    return _back(number, wanted)


@router.post("/tickets/{number}/refuse")
def refuse(services: Wired, person: Asking, number: TicketNumber, words: Words = "", wanted: Next = "") -> Response:
    handling.refuse(services.units, number, words, mover_of(services, person))
    return _back(number, wanted)


@router.post("/tickets/{number}/verify")
def sign(services: Wired, person: Asking, number: TicketNumber, words: Words = "", wanted: Next = "") -> Response:
    verify.verify(services.units, number, words, mover_of(services, person))
    return _back(number, wanted)


@router.post("/tickets/{number}/rework")
def rework(services: Wired, person: Asking, number: TicketNumber, words: Words = "", wanted: Next = "") -> Response:
    verify.rework(services.units, number, words, mover_of(services, person), services.settings.town_zone)
    return _back(number, wanted)


@router.post("/tickets/{number}/close")
def close(services: Wired, person: Asking, number: TicketNumber, wanted: Next = "") -> Response:
    verify.close(services.units, number, mover_of(services, person))
    return _back(number, wanted)


# --- a handler's own work


class WorkAsked(BaseModel):
    model_config = ConfigDict(frozen=True)
    since: int | None = Field(None, ge=0)


@router.get("/work")
def show_work(
    request: Request, services: Wired, drawing: Drawn, person: Asking, asked: Annotated[WorkAsked, Query()]
) -> Response:
    """The most urgent first; what waits for others below."""
    unit = scope_of(person)
    with services.look() as connection:
        sequence = queries.sequence_of(connection, TOPICS)
        if asked.since == sequence:
            return Response(status_code=UNCHANGED)
        urgent = queries.work_rows(connection, unit, queries.AT_WORK, MOST_WORK)
        waiting = queries.work_rows(connection, unit, WAITING, MOST_WORK)
    return drawing.page(
        request, "work.html", unit=unit, urgent=urgent, waiting=waiting, sequence=sequence, now=services.clock.now()
    )


@router.get("/work/{number}")
def show_work_ticket(
    request: Request, services: Wired, drawing: Drawn, person: Asking, number: TicketNumber
) -> Response:
    with services.look() as connection:
        facts = ticket_facts(connection, number)
    life = life_facts(services, person, number)
    return drawing.page(request, "work_ticket.html", facts=facts, life=life, number=number, now=life.now)


# --- the rules of dispatch


class RuleForm(BaseModel):
    """Blank means any; a lead or joint unit is a name, or `tier 1` to `tier 3`."""

    model_config = ConfigDict(frozen=True)
    lead: str = Field(max_length=80, pattern=NO_NUL)
    joint: list[str] = Field([], max_length=dispatch.MOST_UNITS)
    site: str = Field("", max_length=80, pattern=NO_NUL)
    site_kind: SiteKind | None = None
    category: str = Field("", max_length=40, pattern=NO_NUL)
    kind: Kind | None = None
    note: str = Field("", max_length=200, pattern=NO_NUL)

    @field_validator("site_kind", "kind", mode="before")
    @classmethod
    def _blank_is_any(cls, given: object) -> object:
        return None if given == "" else given

    def rule(self, rule_id: int = 0) -> DispatchRule:
        named = [_rule_unit(unit) for unit in (self.lead, *self.joint) if unit]
        return DispatchRule(
            rule_id, tuple(dict.fromkeys(named)), self.site or None, self.site_kind, self.category or None, self.kind,
            self.note,
        )  # fmt: skip


TIERS = {f"tier {tier.value}": tier for tier in reversed(Tier)}


def _rule_unit(given: str) -> str | Tier:
    return TIERS.get(given, given)


class RulesAsked(BaseModel):
    model_config = ConfigDict(frozen=True)
    site: str = Field("", max_length=80, pattern=NO_NUL)
    category: str = Field("", max_length=40, pattern=r"^([a-z][a-z0-9_]{1,39})?$")
    edit: int | None = Field(None, ge=1, le=2**31 - 1)


@router.get("/rules")
def show_rules(
    request: Request, services: Wired, drawing: Drawn, person: Asking, asked: Annotated[RulesAsked, Query()]
) -> Response:
    with services.units.reading() as uow:
        known, units = uow.rules.all(), uow.rules.units()
    with services.look() as connection:
        categories, sites = queries.all_categories(connection), queries.site_names(connection)
    return drawing.page(
        request, "rules.html", rules=known, units=units, categories=categories, sites=sites, asked=asked,
        site_kinds=list(SiteKind), kinds=list(Kind), tiers=TIERS, tried=_tried(services, asked),
        editing=next((rule for rule in known if rule.id == asked.edit), None), may_edit=person.role in DISPATCHERS,
    )  # fmt: skip


def _tried(services: Services, asked: RulesAsked) -> Proposal | None:
    return rules.try_rules(services.units, asked.site, asked.category) if asked.site and asked.category else None


@router.post("/rules")
def add_rule(services: Wired, person: Asking, wanted: Annotated[RuleForm, Form()]) -> Response:
    return _to_rule(rules.add_rule(services.units, wanted.rule(), mover_of(services, person)).id)


@router.post("/rules/{rule_id}")
def change_rule(services: Wired, person: Asking, rule_id: RowId, wanted: Annotated[RuleForm, Form()]) -> Response:
    return _to_rule(rules.change_rule(services.units, wanted.rule(rule_id), mover_of(services, person)).id)


@router.post("/rules/{rule_id}/move")
def move_rule(services: Wired, person: Asking, rule_id: RowId, by: Annotated[int, Form(ge=-1000, le=1000)]) -> Response:
    rules.move_rule(services.units, rule_id, by, mover_of(services, person))
    return _to_rule(rule_id)


@router.post("/rules/{rule_id}/remove")
def remove_rule(services: Wired, person: Asking, rule_id: RowId) -> Response:
    rules.remove_rule(services.units, rule_id, mover_of(services, person))
    return RedirectResponse("/rules", 303)


def _to_rule(rule_id: int) -> Response:
    return RedirectResponse(f"/rules#rule-{rule_id}", 303)
