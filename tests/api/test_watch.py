"""Alive, ready, and the figures for Prometheus."""

import shutil
from datetime import timedelta

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from pipeline.adapters import tables
from pipeline.adapters.database import open_engine, writing
from pipeline.settings import Settings
from tests.api.conftest import NOW, SetClock
from tests.api.street import settings_of


def _figures(client: TestClient) -> dict[tuple[str, str], float]:
    """Samples by name and the value of their first label, of a view its number."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, sample.labels.get("view", next(iter(sample.labels.values()), ""))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_the_figures_are_those_of_the_database(program: TestClient) -> None:
    figures = _figures(program)
    assert figures["streetpatrol_review_queue", ""] == 14
    assert figures["streetpatrol_tickets", "awaiting_review"] == 14
    assert figures["streetpatrol_tickets", "filed"] == 0
    assert figures["streetpatrol_rounds_kept", ""] == 12
    assert figures["streetpatrol_rounds_unfinished", ""] == 1
    assert sum(value for (name, _), value in figures.items() if name == "streetpatrol_visits_total") == 144
    seen = figures["streetpatrol_visits_total", "seen"]
    assert figures["streetpatrol_inference_seconds_total", ""] == pytest.approx(seen * 0.0142)
    assert figures["streetpatrol_good_frame_age_seconds", "13"] == float("inf")
    assert figures["streetpatrol_good_frame_age_seconds", "1"] == 5 * 60 - 1


def test_totals_go_on_though_old_visits_are_dropped(program: TestClient, clock: SetClock, settings: Settings) -> None:
    before = _figures(program)
    clock.pass_by(timedelta(days=2))
    settled = _figures(program)
    engine = open_engine(settings.sql_url)
    with writing(engine) as connection:
        connection.execute(sa.delete(tables.visits).where(tables.visits.c.round_id < 6))
    engine.dispose()
    after = _figures(program)
    names = ("streetpatrol_visits_total", "streetpatrol_inference_seconds_total")
    assert {key: value for key, value in before.items() if key[0] in names} == pytest.approx(
        {key: value for key, value in settled.items() if key[0] in names}
    )
    assert {key: value for key, value in after.items() if key[0] in names} == pytest.approx(
        {key: value for key, value in settled.items() if key[0] in names}
    )


def test_a_page_session_does_not_open_the_figures(person: TestClient) -> None:
    assert person.get("/metrics").status_code == 401


def test_ready_needs_our_tables(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = settings_of(tmp_path_factory.mktemp("empty"))
    with TestClient(create_app(settings, SetClock(NOW))) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "patrol init" in answer.json()["detail"]


def test_ready_needs_the_image_folder(anonymous: TestClient, settings: Settings) -> None:
    assert anonymous.get("/readyz").json()["status"] == "ready"
    shutil.rmtree(settings.home / "images")
    (settings.home / "images").write_text("in the way")
    answer = anonymous.get("/readyz")
    assert answer.status_code == 503
    assert "image folder" in answer.json()["detail"]
