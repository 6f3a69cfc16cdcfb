"""Where a process is put together: settings in, everything that a round needs out."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import TypeVar
from uuid import uuid4

import cv2
import structlog
from sqlalchemy import Engine

from models.card import ModelCard
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
from pipeline.domain.errors import BadInput, NotFound, WeightsRefused
from pipeline.domain.model_version import ModelVersion, Promotion
from pipeline.ports import Detector
from pipeline.settings import Settings
from pipeline.steps.assess import AssessRules
from pipeline.steps.promotion import refuse, start_with, take_up
from pipeline.steps.world import World

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = ROOT / "models" / "weights"
WHO = "patrol"
"""Who acts where no person does."""

Ready = TypeVar("Ready")
log = structlog.get_logger()

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


@dataclass(frozen=True, slots=True)
class Champion:
    """The weights that look, loaded, and the promotion that made them the champion."""

    promotion: Promotion
    detector: Detector


def champion_of(town: Town, before: Champion | None = None) -> Champion:
    """The champion of now, loaded; `before` itself where it is champion still.

    Weights that do not do what their card says are refused, and those before them are the champion again. Raises
    NotFound, WeightsRefused where there are none before.
    """
    if before is not None and before.promotion.id == promotion_in_force(town).id:
        return before
    try:
        promotion, detector = usable(town, lambda promotion: _detector(town, promotion, before))
    except OSError as error:  # no room for an export, say: the weights are not to blame
        if before is None:
            raise
        log.error("model_waits", model=before.promotion.model, reason=str(error))
        return before
    take_up(town.units, promotion, town.clock.now())
    log.info("model_taken_up", model=promotion.model, promotion=promotion.id)
    return Champion(promotion, detector)


def champion_card(town: Town) -> ModelCard:
    """What is known of the weights that look. Raises NotFound, WeightsRefused."""
    return town.registry.card(promotion_in_force(town).model)


def promotion_in_force(town: Town) -> Promotion:
    """Where there is none yet, the shipped weights begin. Raises NotFound where none are shipped."""
    with town.units.reading() as uow:
        current = uow.models.current()
    return current or announce_model(town, town.registry.default())


def usable(town: Town, attempt: Callable[[Promotion], Ready]) -> tuple[Promotion, Ready]:
    """The promotion in force and what `attempt` makes of it; one at which it fails is refused, recorded and logged."""
    while True:
        promotion = promotion_in_force(town)
        try:
            return promotion, attempt(promotion)
        except (NotFound, WeightsRefused) as error:
            if promotion.previous is None:
                raise
            log.error("model_refused", model=promotion.model, previous=promotion.previous, reason=str(error))
            refuse(town.units, promotion, str(error), town.clock.now())


def _detector(town: Town, promotion: Promotion, before: Champion | None) -> Detector:
    """Nobody has looked through a new promotion's weights: they are checked before they are trusted."""
    if before is not None and before.promotion.model == promotion.model:
        return before.detector
    card = town.registry.card(promotion.model)
    return town.registry.opened(card) if promotion.taken_up_at else town.registry.checked(card)


def world_of(town: Town, champion: Champion | None = None) -> World:
    """Everything a visit touches; without `champion` it is loaded now (and exported first if need be)."""
    cv2.setNumThreads(1)  # the workers are the threads; OpenCV's own would only contend with them
    return World(
        source=cameras_of(town),
        gauge=Gauge(),
        detector=(champion or champion_of(town)).detector,
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


def announce_model(town: Town, card: ModelCard) -> Promotion:
    """Let these weights look from now on; where others did until now, the measured thresholds come with them.

    Thresholds that people set for the model in use stay as they are.
    """
    return start_with(town.units, version_of(card, WHO, town.clock.now()), WHO, town.clock.now())


def version_of(card: ModelCard, created_by: str, at: datetime) -> ModelVersion:
    """What the database keeps of a card of shipped weights, or of such as came from outside."""
    return ModelVersion(
        hash12=card.hash12,
        name=card.name,
        classes=card.classes,
        created_at=at,
        created_by=created_by,
        note=card.note,
        thresholds=card.thresholds,
        figures=card.figures,
    )


def adopt_environment(settings: Settings, with_server: bool) -> None:
    os.environ.update(process_environment(settings, with_server))
