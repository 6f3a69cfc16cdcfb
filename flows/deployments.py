"""Plans as Prefect deployments: cron in the town's zone, overlap refused, run by the workers of one pool."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.filters import FlowFilter, FlowFilterName
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectAlreadyExists

from flows.asking import ask
from flows.housekeeping import keep_house
from flows.inspection import FOLLOW_UPS, inspect, inspect_shard
from flows.retraining import retrain_nightly
from flows.wiring import ROOT
from pipeline.domain.patrol import Plan

POOL = "patrol"
LEASE_S = 60
"""After a holder dies a new run is refused no longer than this."""
EVERY_MINUTE = "* * * * *"
NIGHTLY = "30 3 * * *"
BEFORE_THE_DAY = "0 5 * * *"
"""So that a challenger trained in the night has its say, and reviewers find the frames when they begin."""
HOUSEKEEPING = "housekeeping"
ENTRYPOINTS = {
    inspect: "flows/inspection.py:inspect",
    keep_house: "flows/housekeeping.py:keep_house",
    ask: "flows/asking.py:ask",
    retrain_nightly: "flows/retraining.py:retrain_nightly",
}


async def deploy(plans: Sequence[Plan], home: str, zone: str, retrain_cron: str = "") -> None:
    """Bring the server's deployments in line with the plans; calling it again changes nothing.

    Without `retrain_cron` a retraining starts by hand or by enough labels alone.
    """
    async with get_client() as client:
        with suppress(ObjectAlreadyExists):
            await client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
        for plan in plans:
            parameters = {"home": home, "plan": plan.name}
            await _deploy_one(client, inspect, plan.name, _cron(plan.cron, zone, plan.active), parameters)
        follow_ups = {"home": home, "plan": FOLLOW_UPS}
        await _deploy_one(client, inspect, FOLLOW_UPS, _cron(EVERY_MINUTE, zone, True), follow_ups)
        await _forget_others(client, {FOLLOW_UPS, *(plan.name for plan in plans)})
        await _deploy_one(client, keep_house, HOUSEKEEPING, _cron(NIGHTLY, zone, True), {"home": home})
        await _deploy_one(client, ask, "asking", _cron(BEFORE_THE_DAY, zone, True), {"home": home})
        nightly = _cron(retrain_cron or NIGHTLY, zone, bool(retrain_cron))
        await _deploy_one(client, retrain_nightly, "nightly", nightly, {"home": home})
        shard: Any = inspect_shard  # a flow, though its task runner's type hides that
        flow_id = await client.create_flow(shard)
        await client.create_deployment(
            flow_id,
            name="shard",
            path=str(ROOT),
            entrypoint="flows/inspection.py:inspect_shard",
            work_pool_name=POOL,
            pull_steps=_PULL,
        )


async def _forget_others(client: Any, named: set[str]) -> None:  # Any: prefect's client is generated
    """Deployments of plans that are no more."""
    ours = FlowFilter(name=FlowFilterName(any_=[inspect.name]))
    for deployed in await client.read_deployments(flow_filter=ours):
        if deployed.name not in named:
            await client.delete_deployment(deployed.id)


_PULL = [{"prefect.deployments.steps.set_working_directory": {"directory": str(ROOT)}}]


def _cron(cron: str, zone: str, active: bool) -> DeploymentScheduleCreate:
    return DeploymentScheduleCreate(schedule=CronSchedule(cron=cron, timezone=zone), active=active)


async def _deploy_one(
    client: Any,  # Any: prefect's client is generated
    flow: Any,
    name: str,
    schedule: DeploymentScheduleCreate,
    parameters: dict[str, Any],
) -> None:
    await client.create_deployment(
        await client.create_flow(flow),
        name=name,
        path=str(ROOT),
        entrypoint=ENTRYPOINTS[flow],
        work_pool_name=POOL,
        schedules=[schedule],
        parameters=parameters,
        pull_steps=_PULL,
        concurrency_limit=1,
        concurrency_options=ConcurrencyOptions(
            collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW, grace_period_seconds=LEASE_S
        ),
    )
