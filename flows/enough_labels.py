"""Starts the retraining once enough new labels have come, or goes on with a killed one: by the worker that is awake."""

import os
import time

import structlog

from flows.wiring import Town
from pipeline.adapters import training_rows
from pipeline.adapters.database import reading
from pipeline.adapters.label_queries import count_of_labels

LOOKED_AT_EVERY_S = 300.0
DEPLOYMENT = "retrain/nightly"
LABELS = "labels"

log = structlog.get_logger()
_last_look = {"at": float("-inf")}


def start_when_enough(town: Town) -> bool:
    """Whether a training was started; looks again no sooner than in LOOKED_AT_EVERY_S, and never without a server."""
    wanted = town.settings.retrain_after_labels
    if not wanted or "PREFECT_API_URL" not in os.environ or time.monotonic() - _last_look["at"] < LOOKED_AT_EVERY_S:
        return False
    _last_look["at"] = time.monotonic()
    new, lost = labels_since_last(town), _was_lost(town)
    if new < wanted and not lost:
        return False
    from prefect.deployments import run_deployment  # noqa: PLC0415  # loads slowly, and is seldom needed

    parameters = {"home": str(town.settings.home.resolve()), "trigger": LABELS}
    run_deployment(DEPLOYMENT, parameters=parameters, timeout=0, as_subflow=False)
    log.info("retraining_started", labels=new, wanted=wanted, lost=lost)
    return True


def _was_lost(town: Town) -> bool:
    with reading(town.engine) as connection:
        return training_rows.is_lost(connection, town.clock.now())


def labels_since_last(town: Town) -> int:
    """New since the last training began."""
    with reading(town.engine) as connection:
        return count_of_labels(connection) - training_rows.labels_of_last(connection)
