"""Plans as deployments: brought in line again and again, and no two rounds of one plan at a time."""

import asyncio
from dataclasses import replace

import pytest

from pipeline.domain.patrol import Plan
from tests.flows.town import RARE_PLAN
from tests.flows.watched import Running, answers, wait_until

# Prefect's client leaves connections to its own server to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def deployed(plans: list[Plan]) -> dict[str, list[tuple[str, str | None, bool]]]:
    """Deploy, then read back: cron, zone and activity by name."""
    from prefect.client.orchestration import get_client  # noqa: PLC0415  # reads the environment when imported

    from flows.deployments import deploy  # noqa: PLC0415

    async def turn() -> dict[str, list[tuple[str, str | None, bool]]]:
        await deploy(plans, "home", "Asia/Shanghai")
        async with get_client() as client:
            found = await client.read_deployments()
            return {
                one.name: [(s.schedule.cron, s.schedule.timezone, s.active) for s in one.schedules]  # type: ignore[union-attr]
                for one in found
            }

    return asyncio.run(turn())


@pytest.mark.usefixtures("prefect")
@pytest.mark.xdist_group("prefect")
def test_deploying_again_changes_nothing_and_a_paused_plan_rests() -> None:
    plan = Plan("evening", "*/5 18-22 * * *")
    first = deployed([plan])
    assert first["evening"] == [("*/5 18-22 * * *", "Asia/Shanghai", True)]
    assert {"follow-up", "housekeeping", "shard"} < set(first)
    assert deployed([plan]) == first
    paused = deployed([replace(plan, active=False)])
    assert paused["evening"] == [("*/5 18-22 * * *", "Asia/Shanghai", False)]
    moved = deployed([replace(plan, cron="0 9 * * *")])
    assert moved["evening"] == [("0 9 * * *", "Asia/Shanghai", True)]


@pytest.mark.usefixtures("prefect")
@pytest.mark.xdist_group("prefect")
def test_a_plan_that_was_removed_is_deployed_no_more() -> None:
    core, evening = Plan("core", "*/5 * * * *"), Plan("evening", "*/5 18-22 * * *")
    assert {"core", "evening"} < set(deployed([core, evening]))
    left = set(deployed([core]))
    assert "evening" not in left
    assert {"core", "follow-up", "housekeeping", "shard"} <= left


@pytest.mark.slow
@pytest.mark.xdist_group("up")
def test_a_second_round_of_a_plan_is_refused_while_one_runs(up: Running) -> None:
    wait_until(lambda: answers(f"{up.prefect}/api/health", [200, 401]))
    wait_until(lambda: bool(ids(up)))
    wait_until(lambda: bool(up.ask("deployments/filter", deployments=named(LAST_DEPLOYED), limit=1)))
    runs = [up.ask(f"deployments/{ids(up)[0]}/create_flow_run", state={"type": "SCHEDULED"})["id"] for _ in range(2)]

    def states() -> list[str]:
        found = up.ask("flow_runs/filter", flow_runs={"id": {"any_": runs}})
        return sorted(run["state_type"] for run in found)

    wait_until(lambda: set(states()) <= {"COMPLETED", "CANCELLED", "FAILED", "CRASHED"})
    assert states() == ["CANCELLED", "COMPLETED"]
    shards = up.ask("flow_runs/filter", flows={"name": {"any_": ["inspect-shard"]}}, deployments=named("shard"))
    assert [run["state_type"] for run in shards].count("COMPLETED") >= 2


LAST_DEPLOYED = "shard"
"""While the worker still deploys, the server's database is busy."""


def named(name: str) -> dict[str, object]:
    return {"name": {"any_": [name]}}


def ids(up: Running) -> list[str]:
    found = up.ask("deployments/filter", limit=50)
    return [one["id"] for one in found if one["name"] == RARE_PLAN]
