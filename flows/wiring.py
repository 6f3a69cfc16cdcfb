"""Where a process is put together: settings in, everything that a round needs out."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from uuid import uuid4

import cv2
from sqlalchemy import Engine

from models.card import ModelCard
from models.detector import OpenVinoDetector
from models.registry import Registry
from models.second_look import SecondLook
from pipeline.adapters.addresses import Credentials
from pipeline.adapters.cameras import Cameras, CaptureLimits
from pipeline.adapters.categories import SqlCategories
from pipeline.adapters.clock import SystemClock
from pipeline.adapters.database import open_engine, upgrade, writing
from pipeline.adapters.fleet import SqlFleet
from pipeline.adapters.foreground import StaticForeground
from pipeline.adapters.gauge import Gauge
from pipeline.adapters.images import LocalImages
from pipeline.adapters.memories import SqlViewMemories
from pipeline.adapters.redactor import HeadAndPlateRedactor, find_font
from pipeline.adapters.rounds import SqlRounds
from pipeline.adapters.secrets import SecretBox
from pipeline.adapters.seed import seed
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.category import Category
from pipeline.domain.errors import BadInput
from pipeline.domain.model_version import ModelVersion
from pipeline.settings import Settings
from pipeline.steps.assess import AssessRules
from pipeline.steps.promotion import start_with
from pipeline.steps.world import World

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = ROOT / "models" / "weights"
WHO = "patrol"
"""Who acts where no person does."""

NO_CALLS_HOME = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "OPENVINO_TELEMETRY_OPT_OUT": "1",
    "YOLO_OFFLINE": "True",
    "YOLO_AUTOINSTALL": "False",
    "HF_HUB_OFFLINE": "1",
}
"""Telemetry, analytics, update checks and look-ups of the libraries: all off."""


def process_environment(settings: Settings, with_server: bool) -> dict[str, str]:
    """What the libraries read from the environment; must be set before prefect is imported."""
    home = settings.home.resolve()
    environment = {
        **NO_CALLS_HOME,
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(settings.prefect_port),
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "true",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(30 * 24 * 3600),
        "YOLO_CONFIG_DIR": str(home / "ultralytics"),
        "STREETPATROL_HOME": str(home),
    }
    auth = settings.prefect_auth.get_secret_value()
    if with_server:
        environment["PREFECT_API_URL"] = f"http://127.0.0.1:{settings.prefect_port}/api"
    if with_server and auth:
        environment["PREFECT_SERVER_API_AUTH_STRING"] = auth
        environment["PREFECT_API_AUTH_STRING"] = auth
    return environment


@dataclass(frozen=True, slots=True)
class Town:
    """An open installation, without a detector."""

    settings: Settings
    engine: Engine
    fleet: SqlFleet
    rounds: SqlRounds
    registry: Registry
    units: SqlUnitsOfWork
    images: LocalImages
    prints: LocalImages
    secrets: SecretBox
    clock: SystemClock

    def categories(self) -> dict[str, Category]:
        """As the table says; the demo alone shortens dwell times."""
        with self.units.reading() as uow:
            categories = uow.categories()
        scale = self.settings.dwell_scale
        return {
            code: replace(category, persistence=replace(category.persistence, dwell=category.persistence.dwell * scale))
            for code, category in categories.items()
        }


@contextmanager
def open_town(settings: Settings) -> Iterator[Town]:
    """Raises BadInput where `./patrol init` has not run yet."""
    keys = settings.secret_keys.get_secret_value()
    if not keys:
        raise BadInput(f"nothing is set up in {settings.home}: run ./patrol init")
    engine = open_engine(settings.sql_url)
    try:
        box = SecretBox(keys)
        yield Town(
            settings=settings,
            engine=engine,
            fleet=SqlFleet(engine, box.seal),
            rounds=SqlRounds(engine),
            registry=Registry(WEIGHTS, settings.home / "models" / "exports", SqlCategories(engine).known_classes),
            units=SqlUnitsOfWork(engine),
            images=LocalImages(settings.home / "images"),
            prints=LocalImages(settings.home / "prints"),
            secrets=box,
            clock=SystemClock(),
        )
    finally:
        engine.dispose()


def assess_rules(settings: Settings) -> AssessRules:
    return AssessRules(stale_after=timedelta(seconds=settings.stale_after_s))


def world_of(town: Town) -> World:
    """Everything a visit touches; loads the current weights (exporting them first if need be)."""
    cv2.setNumThreads(1)  # the workers are the threads; OpenCV's own would only contend with them
    card = town.registry.current()
    detector = OpenVinoDetector(town.registry.exported(card), card)
    return World(
        source=cameras_of(town),
        gauge=Gauge(),
        detector=detector,
        redactor=HeadAndPlateRedactor(find_font()),
        images=town.images,
        memories=SqlViewMemories(town.engine, town.prints),
        units=town.units,
        clock=town.clock,
        new_id=lambda: uuid4().hex,
        second_look=SecondLook(),
        foreground=StaticForeground(),
    )


def cameras_of(town: Town) -> Cameras:
    settings = town.settings

    def credentials(camera_id: int) -> Credentials | None:
        sealed = town.fleet.credentials_of(camera_id)
        return town.secrets.open(sealed) if sealed else None

    limits = CaptureLimits(
        connect_timeout_s=settings.connect_timeout_s,
        read_timeout_s=settings.read_timeout_s,
        at_once=settings.captures_at_once,
        per_host=settings.captures_per_host,
    )
    return Cameras(town.clock, credentials, limits, Random())  # noqa: S311  # jitter, no secret


def set_up_database(town: Town) -> None:
    upgrade(town.engine)
    with writing(town.engine) as connection:
        seed(connection)


def announce_model(town: Town, card: ModelCard) -> None:
    """Tell the pages which model looks; of another model than before, take the measured thresholds too.

    Thresholds that people set for the model in use stay as they are.
    """
    start_with(town.units, version_of(card, town.clock.now()), WHO, town.clock.now())
    folder = town.settings.home / "models"
    folder.mkdir(parents=True, exist_ok=True)
    page = {"model": card.hash12, "name": card.name, "classes": list(card.classes), "note": card.note}
    part = folder / "current.json.part"
    part.write_text(json.dumps(page, ensure_ascii=False), encoding="utf-8")
    part.replace(folder / "current.json")


def version_of(card: ModelCard, at: datetime) -> ModelVersion:
    """What the database keeps of a card of shipped weights, or of such as came from outside."""
    return ModelVersion(
        hash12=card.hash12,
        name=card.name,
        classes=card.classes,
        created_at=at,
        created_by=WHO,
        note=card.note,
        thresholds=card.thresholds,
        figures=card.figures,
    )


def adopt_environment(settings: Settings, with_server: bool) -> None:
    os.environ.update(process_environment(settings, with_server))
