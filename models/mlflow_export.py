"""Trainings told to an MLflow server, where the town has one: ultralytics' own callback, switched on for one training.

Off, which is the rule, the package is not imported and nothing is called.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from models.torch_runtime import load_ultralytics
from pipeline.domain.errors import BadInput

EXPERIMENT = "streetpatrol"
PACKAGE = "mlflow"


@contextmanager
def told_to_mlflow(address: str, run: str, config_dir: Path) -> Iterator[None]:
    """Trainings begun in here are told to the tracking server at `address` as `run`; to nobody where it is empty.

    `config_dir` is the training's own: another one would be opened with everything off. A server that does not answer
    is logged by ultralytics and stops no training. Raises BadInput where the package is not installed.
    """
    if not address:
        yield
        return
    if find_spec(PACKAGE) is None:
        raise BadInput(
            f"STREETPATROL_MLFLOW_URI is set, but {PACKAGE} is not installed: install mlflow-skinny here, or unset it"
        )
    told = {
        "MLFLOW_TRACKING_URI": address,
        "MLFLOW_EXPERIMENT_NAME": EXPERIMENT,
        "MLFLOW_RUN": run,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # its own 7 hold a training up for minutes where nobody answers
    }
    before = {name: os.environ.get(name) for name in told}
    settings = load_ultralytics(config_dir).settings
    os.environ.update(told)
    settings.update({PACKAGE: True})
    try:
        yield
    finally:
        settings.update({PACKAGE: False})
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
