"""`./patrol up`: everything runs, nothing is open that should not be, and Ctrl-C ends it all."""

import httpx
import pytest
import sqlalchemy as sa

from flows.deployments import LEASE_S
from flows.wiring import open_town
from pipeline.adapters import tables
from pipeline.adapters.database import reading
from pipeline.settings import load_settings
from tests.flows.watched import AUTH, STOPS_WITHIN_S, Running, answers, wait_until

pytestmark = [pytest.mark.xdist_group("up"), pytest.mark.slow]


def deployments(up: Running) -> dict[str, dict[str, object]]:
    return {found["name"]: found for found in up.ask("deployments/filter", limit=50)}


def test_the_pages_and_the_api_answer(up: Running) -> None:
    wait_until(lambda: answers(f"{up.api}/readyz", [200]))
    assert answers(f"{up.api}/healthz", [200])
    assert answers(f"{up.api}/login", [200])
    assert answers(f"{up.api}/api/v1/tickets", [401])


def test_the_server_of_prefect_answers_only_who_knows_the_word(up: Running) -> None:
    wait_until(lambda: answers(f"{up.prefect}/api/health", [200, 401]))
    for auth in (None, ("patrol", "wrong")):
        answer = httpx.post(f"{up.prefect}/api/flows/filter", json={}, auth=auth, timeout=20, trust_env=False)
        assert answer.status_code == 401
    assert httpx.post(f"{up.prefect}/api/flows/filter", json={}, auth=AUTH, timeout=20).status_code == 200


def test_each_plan_is_a_deployment_in_the_towns_zone_that_refuses_overlap(up: Running) -> None:
    wait_until(lambda: {"core", "follow-up", "housekeeping", "shard"} <= set(deployments(up)))
    core = deployments(up)["core"]
    schedule = core["schedules"][0]  # type: ignore[index]
    assert (schedule["active"], schedule["schedule"]["cron"]) == (True, "*/5 * * * *")
    assert schedule["schedule"]["timezone"] == "Asia/Shanghai"
    limit = core["global_concurrency_limit"]
    assert limit["limit"] == 1  # type: ignore[index]
    assert core["concurrency_options"] == {"collision_strategy": "CANCEL_NEW", "grace_period_seconds": LEASE_S}
    assert LEASE_S == 60


def test_no_password_stands_in_a_parameter(up: Running) -> None:
    assert all(set(found["parameters"]) <= {"home", "plan"} for found in deployments(up).values())  # type: ignore[call-overload]


def test_a_round_that_a_kill_cut_short_is_finished_at_start(up: Running) -> None:
    with open_town(load_settings(up.home)) as town:
        wait_until(lambda: 1 not in [left.ref.id for left in town.rounds.unfinished()])
        assert sum(town.rounds.outcomes(1).values()) == 2
        with reading(town.engine) as connection:
            visited = connection.execute(sa.select(tables.visits.c.view_id).where(tables.visits.c.round_id == 1)).all()
    assert sorted(row.view_id for row in visited) == [1, 2]


def test_ctrl_c_ends_every_process_and_nobody_was_called_abroad(up: Running) -> None:
    assert len(up.processes()) >= 4
    assert up.interrupt() < STOPS_WITHIN_S
    wait_until(lambda: up.processes() == [], 5)
    assert "Traceback" not in up.log.read_text()
    assert up.watch.calls(), "the watch saw nothing at all"
    assert up.watch.calls_abroad() == []
