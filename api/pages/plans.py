"""The plans page: which views, how often, by which pass."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api.camera_forms import Sent, plan_facts
from api.cron_words import STEPS, PlainSchedule, cron_words, plain_schedule
from api.dependencies import Asking, Wired
from api.pages.drawing import Drawn
from pipeline.adapters import camera_queries, queries
from pipeline.domain.errors import BadInput
from pipeline.domain.patrol import Plan
from pipeline.steps import plans

router = APIRouter(include_in_schema=False)

OWN_LINE = 0
"""Chosen in place of minutes: the cron line itself counts."""
FINE_STEPS = (15, 30, 60, 120, 240, 480, 1440)
Name = Annotated[str, Form(max_length=40)]


@router.get("/plans")
def show_plans(request: Request, services: Wired, drawing: Drawn) -> Response:
    with services.look() as connection:
        facts = plan_facts(services, connection)
        sites = queries.site_names(connection)
        followed = camera_queries.latest_errands_of(connection, "plans", ["deploy_plans"])
    words = {one.row.name: cron_words(one.row.cron) for one in facts}
    plain = {one.row.name: plain_schedule(one.row.cron) for one in facts}
    return drawing.page(
        request, "plans.html", plans=facts, words_of=words, plain=plain, sites=sites, steps=STEPS,
        fine_steps=FINE_STEPS, followed=followed.get("deploy_plans"), now=services.clock.now(),
    )  # fmt: skip


@router.post("/plans")
def save(services: Wired, person: Asking, form: Sent) -> Response:
    """A new plan, or one that is changed (`known`)."""
    write = plans.change_plan if form.get("known") else plans.add_plan
    write(services.units, _plan_of(form), person.name, services.clock.now())
    return RedirectResponse("/plans", 303)


def _plan_of(form: dict[str, list[str]]) -> Plan:
    """Raises BadInput."""

    def first(name: str, default: str = "") -> str:
        return form.get(name, [default])[0].strip()

    try:
        every = int(first("every", "5"))
        hours = int(first("first_hour", "0")), int(first("last_hour", "23"))
        days = frozenset(int(day) % 7 for day in form.get("days", []))
        fine_every_s = float(first("fine_every", "60")) * 60
    except ValueError:
        raise BadInput("minutes, hours and days are numbers") from None
    if every != OWN_LINE and every not in STEPS:
        raise BadInput(f"every {every} minutes is not offered; write the cron line")
    cron = first("cron") if every == OWN_LINE else PlainSchedule(every, *hours, days).cron
    sites = form.get("site_names", []) if first("scope") == "sites" else []
    if first("scope") == "sites" and not sites:
        raise BadInput("choose at least one site, or all views")
    return Plan(
        first("name"), cron, first("scope") == "core", tuple(sites), timedelta(seconds=fine_every_s),
        first("active", "1") == "1",
    )  # fmt: skip


@router.post("/plans/active")
def set_active(services: Wired, person: Asking, name: Name, active: Annotated[bool, Form()]) -> Response:
    plans.set_active(services.units, name, active, person.name, services.clock.now())
    return RedirectResponse("/plans", 303)


@router.post("/plans/remove")
def remove(services: Wired, person: Asking, name: Name) -> Response:
    plans.remove_plan(services.units, name, person.name, services.clock.now())
    return RedirectResponse("/plans", 303)
