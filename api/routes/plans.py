"""Plans as JSON: which views, how often, by which pass."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.camera_forms import plan_facts, plan_out
from api.camera_schemas import ActiveIn, NewPlanIn, PlanIn, PlanOut
from api.dependencies import Asking, Wired
from api.errors import problems
from pipeline.steps import plans

router = APIRouter(prefix="/api/v1", tags=["plans"])

PlanName = Annotated[str, Path(min_length=1, max_length=40, pattern=r"^[^/\x00-\x1f\x7f]+$", examples=["core"])]


@router.get("/plans", responses=problems(403))
def list_plans(services: Wired) -> list[PlanOut]:
    """With the views each looks at now and its next times. The fast pass runs in every round."""
    with services.look() as connection:
        return [plan_out(facts) for facts in plan_facts(services, connection)]


@router.post("/plans", status_code=204, response_class=Response, responses=problems(403, 422))
def add_plan(services: Wired, person: Asking, given: NewPlanIn) -> None:
    """A running worker follows within seconds."""
    plans.add_plan(services.units, given.plan(given.name), person.name, services.clock.now())


@router.put("/plans/{name}", status_code=204, response_class=Response, responses=problems(403, 404, 422))
def change_plan(services: Wired, person: Asking, name: PlanName, given: PlanIn) -> None:
    plans.change_plan(services.units, given.plan(name), person.name, services.clock.now())


@router.post("/plans/{name}/active", status_code=204, response_class=Response, responses=problems(403, 404, 422))
def set_active(services: Wired, person: Asking, name: PlanName, wanted: ActiveIn) -> None:
    """A round under way goes on."""
    plans.set_active(services.units, name, wanted.active, person.name, services.clock.now())


@router.delete("/plans/{name}", status_code=204, response_class=Response, responses=problems(403, 404, 409, 422))
def remove_plan(services: Wired, person: Asking, name: PlanName) -> None:
    """Refused while a round of it is under way."""
    plans.remove_plan(services.units, name, person.name, services.clock.now())
