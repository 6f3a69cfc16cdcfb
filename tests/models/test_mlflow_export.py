"""Trainings are told to an MLflow server only where a town asks for it."""

import os
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.mlflow_export import told_to_mlflow
from models.torch_runtime import TOLD_TO_NOBODY, load_ultralytics
from pipeline.domain.errors import BadInput

ADDRESS = "http://127.0.0.1:9"
CALLBACKS = "ultralytics.utils.callbacks.mlflow"


class AnyTrainer:
    """What ultralytics hangs its callbacks on."""

    def __init__(self) -> None:
        from ultralytics.utils.callbacks.base import add_integration_callbacks  # noqa: PLC0415  # with torch

        self.callbacks: dict[str, list[Callable[..., Any]]] = defaultdict(list)
        add_integration_callbacks(self)  # type: ignore[no-untyped-call]  # ultralytics is partly typed

    def told(self) -> set[str]:
        return {hook.__module__ for hooks in self.callbacks.values() for hook in hooks}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    load_ultralytics(tmp_path)
    return tmp_path


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of that name, for as long as the test runs."""
    (tmp_path / "mlflow.py").write_text('__version__ = "3"\n', encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("mlflow", CALLBACKS):
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.usefixtures("installed")
def test_without_an_address_the_package_is_not_even_imported(config: Path) -> None:
    settings = load_ultralytics(config).settings
    assert [name for name in TOLD_TO_NOBODY if settings[name]] == []
    with told_to_mlflow("", "night", config):
        assert CALLBACKS not in AnyTrainer().told()
    assert "mlflow" not in sys.modules


@pytest.mark.usefixtures("installed")
def test_with_an_address_ultralytics_own_callback_tells_this_training_and_no_later_one(config: Path) -> None:
    with told_to_mlflow(ADDRESS, "night", config):
        assert CALLBACKS in AnyTrainer().told()
        assert (os.environ["MLFLOW_TRACKING_URI"], os.environ["MLFLOW_RUN"]) == (ADDRESS, "night")
    assert CALLBACKS not in AnyTrainer().told()
    assert "MLFLOW_TRACKING_URI" not in os.environ


def test_an_address_without_the_package_is_one_clear_line(config: Path) -> None:
    with pytest.raises(BadInput, match="mlflow is not installed"), told_to_mlflow(ADDRESS, "night", config):
        pytest.fail("a training went untold")
