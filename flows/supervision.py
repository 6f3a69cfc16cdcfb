"""`./patrol up`: Prefect's server, the API and two workers under one supervisor; when one ends, all end."""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import structlog
from honcho.manager import Manager
from honcho.printer import Printer

from flows.wiring import ROOT, adopt_environment, open_town, process_environment
from pipeline.domain.errors import StreetPatrolError
from pipeline.settings import Settings, load_settings

SERVER_STARTS_WITHIN_S = 120
WORTH_FINISHING = timedelta(hours=1)
"""An unfinished round older than this is closed as it is: its views have been looked at since."""

log = structlog.get_logger()


def run_all(settings: Settings, worker: str = "flows.supervision") -> int:
    """Blocks until one process ends or a signal comes; gives the first exit code that is not 0."""
    environment = {**os.environ, **process_environment(settings, with_server=True), "PYTHONUNBUFFERED": "1"}
    python = sys.executable
    manager = Manager(Printer(sys.stderr, colour=sys.stderr.isatty()))
    server = f"{python} -m prefect server start --host 127.0.0.1 --port {settings.prefect_port}"
    for name, command in (
        ("prefect", server),
        ("api", f"{python} -m api"),
        ("worker", f"{python} -m {worker}"),
        ("errands", f"{python} -m flows.errands"),
    ):
        manager.add_process(name, command, cwd=str(ROOT), env=environment, quiet=name == "prefect")
    manager.loop()
    return int(manager.returncode or 0)


def server_answers(settings: Settings, timeout_s: float = 1.0) -> bool:
    """Whether our own Prefect server is up on loopback; another installation's knows other words and is not ours."""
    user, _, password = settings.prefect_auth.get_secret_value().partition(":")
    address = f"http://127.0.0.1:{settings.prefect_port}/api/flows/count"
    try:
        answer = httpx.post(address, auth=(user, password), json={}, timeout=timeout_s, trust_env=False)
    except httpx.HTTPError:
        return False
    return answer.status_code == httpx.codes.OK


async def wait_for_server(settings: Settings) -> None:
    for _ in range(SERVER_STARTS_WITHIN_S * 2):
        if await asyncio.to_thread(server_answers, settings):
            return
        await asyncio.sleep(0.5)
    raise StreetPatrolError(f"Prefect's server did not start within {SERVER_STARTS_WITHIN_S} s")


def prepare_worker(home: Path) -> Settings:
    """Wait for the server, deploy the plans, finish what a kill cut short."""
    settings = load_settings(home)
    adopt_environment(settings, with_server=True)
    asyncio.run(wait_for_server(settings))
    # prefect reads its settings when it is imported
    from flows.deployments import deploy  # noqa: PLC0415
    from flows.inspection import finish_unfinished  # noqa: PLC0415

    with open_town(settings) as town:
        plans = town.rounds.plans()
    asyncio.run(deploy(plans, str(settings.home.resolve()), settings.zone, settings.retrain_cron))
    try:
        gone_on = finish_unfinished(str(settings.home.resolve()), WORTH_FINISHING)
        if gone_on:
            log.info("unfinished_rounds_finished", rounds=gone_on)
    except StreetPatrolError as error:
        log.error("unfinished_rounds_wait", reason=str(error))
    return settings


def work(home: Path) -> None:
    """The worker process: becomes Prefect's own process worker once everything is prepared."""
    prepare_worker(home)
    from flows.deployments import POOL  # noqa: PLC0415

    arguments = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process"]
    os.execv(sys.executable, arguments)  # noqa: S606  # no shell is meant


if __name__ == "__main__":
    work(Path(os.environ["STREETPATROL_HOME"]))
