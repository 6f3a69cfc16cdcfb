"""With which weights an installation starts, and what a new release's shipped weights mean to one that runs."""

import json
from contextlib import suppress
from pathlib import Path

import structlog

from flows.wiring import WHO, Town, announce_model, champion_card, usable, version_of
from models.card import ModelCard
from pipeline.adapters.audit import COMMAND_LINE
from pipeline.domain.category import DEFAULT_CATEGORIES
from pipeline.domain.errors import NotFound, WeightsRefused
from pipeline.domain.model_version import Promotion
from pipeline.steps.promotion import carry_over, start_with

CHOSEN_BEFORE = "current_model"
"""Where releases before 0.4 kept which weights a town had chosen, …"""
SHOWN_BEFORE = "current.json"
"""… and which of them the pages showed."""

log = structlog.get_logger()


def start_model(town: Town) -> ModelCard:
    """The champion's card, its export made; for a new installation, and at every start.

    The shipped weights of a new release become the champion where those of an earlier one were; what a town has
    chosen or trained stays. Raises NotFound where no weights are shipped, WeightsRefused where none load.
    """
    with town.units.reading() as uow:
        current = uow.models.current()
    if current is None:
        current = _carried_over(town)
    if current is not None and _is_outdated_default(town, current):
        _take_new_default(town)
    usable(town, lambda promotion: town.registry.exported(town.registry.card(promotion.model)))
    return champion_card(town)


def _is_outdated_default(town: Town, current: Promotion) -> bool:
    """Shipped weights look, and others are shipped now that were never the champion: nobody has gone back from them."""
    try:
        shipped = town.registry.default().hash12
    except NotFound:
        return False
    with town.units.reading() as uow:
        version = uow.models.get(current.model)
        promoted = {promotion.model for promotion in uow.models.promotions()}
    return version.created_by == WHO and version.dataset is None and shipped not in promoted


def _take_new_default(town: Town) -> None:
    shipped = town.registry.default()
    try:
        town.registry.verify(shipped)
    except WeightsRefused as error:
        log.error("shipped_model_refused", model=shipped.hash12, reason=str(error))
        return
    announce_model(town, shipped)


def _carried_over(town: Town) -> Promotion | None:
    """What an earlier release looked with, once: it kept that in files. Gives None where there is nothing of it."""
    folder = town.settings.home / "models"
    chosen, shown = _chosen(folder), _shown(folder)
    promotion = None
    try:
        card = town.registry.card(chosen) if chosen else town.registry.default()
    except (NotFound, WeightsRefused) as error:
        log.error("model_not_carried_over", model=chosen, reason=str(error))
    else:
        version = version_of(card, COMMAND_LINE if chosen else WHO, town.clock.now())
        if shown == card.hash12 and _thresholds_were_taken(town):
            promotion = carry_over(town.units, version, WHO, town.clock.now())
        elif chosen:
            promotion = start_with(town.units, version, WHO, town.clock.now())
    for name in (CHOSEN_BEFORE, SHOWN_BEFORE):
        with suppress(OSError):
            (folder / name).unlink(missing_ok=True)
    return promotion


def _chosen(folder: Path) -> str | None:
    try:
        return (folder / CHOSEN_BEFORE).read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def _shown(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / SHOWN_BEFORE).read_text(encoding="utf-8"))["model"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _thresholds_were_taken(town: Town) -> bool:
    """Not so in a new database, whatever lies beside it: its thresholds are those that every category starts with."""
    start = {category.code: (category.threshold, category.fine_threshold) for category in DEFAULT_CATEGORIES}
    now = {code: (category.threshold, category.fine_threshold) for code, category in town.categories().items()}
    return any(now.get(code) != thresholds for code, thresholds in start.items())
