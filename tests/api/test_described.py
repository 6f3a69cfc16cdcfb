"""The API answers as its OpenAPI page says, whatever it is asked."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.app import create_app
from tests.api.conftest import NOW, SetClock
from tests.api.street import settings_of

EXAMPLES = 20
AnyOperation = schemathesis.APIOperation[Any, Any, Any, Any]
AnyCase = schemathesis.Case[Any]


@pytest.fixture(scope="module")
def bearer(built_home: tuple[Path, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {built_home[1]}"}


@pytest.fixture(scope="module")
def described(
    built_home: tuple[Path, str], bearer: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[schemathesis.BaseSchema]:
    home = tmp_path_factory.mktemp("described") / "var"
    shutil.copytree(built_home[0], home)
    app = create_app(settings_of(home), SetClock(NOW))
    yield schemathesis.openapi.from_asgi("/api/v1/openapi.json", app, headers=bearer)
    app.state.services.engine.dispose()


@pytest.mark.slow
def test_every_answer_is_one_that_is_described(described: schemathesis.BaseSchema, bearer: dict[str, str]) -> None:
    asked = []
    for found in described.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        asked.append(operation.label)
        _asked_often(operation, bearer)()
    assert "POST /api/v1/tickets/{number}/dismiss" in asked
    assert len(asked) >= 18


def _asked_often(operation: AnyOperation, bearer: dict[str, str]) -> Callable[[], None]:
    @given(case=operation.as_strategy())
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def ask(case: AnyCase) -> None:
        # A reason or a cursor may be well formed and still none of ours.
        case.call_and_validate(headers=bearer, excluded_checks=[positive_data_acceptance])

    return ask
