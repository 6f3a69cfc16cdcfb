"""A challenger beside the champion: loaded where a shadow run is under way, and the run ended where it cannot be."""

from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Lock

import structlog

from flows.wiring import Town
from pipeline.domain.errors import NotFound, WeightsRefused
from pipeline.domain.shadow import ShadowRun
from pipeline.ports import Detector
from pipeline.steps.shadow import give_up, start_shadow, under_way
from pipeline.steps.world import Shadow, World

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The challenger of one run a process: batches that run side by side share it."""

    lock: Lock
    by_run: dict[str, Detector]

    def detector(self, town: Town, run: ShadowRun) -> Detector:
        """Raises NotFound, WeightsRefused."""
        key = f"{town.settings.home} {run.id}"
        with self.lock:
            if key not in self.by_run:
                self.by_run.clear()
                self.by_run[key] = town.registry.checked(town.registry.card(run.model))
            return self.by_run[key]


_LOADED = _Loaded(Lock(), {})


def with_shadow(town: Town, world: World) -> World:
    """The world with the challenger of the run under way; a worker that looks with another champion waits its turn.

    Weights that do not load end the run with their reason; the round goes on without them.
    """
    run = under_way(town.units, town.clock.now())
    if run is None or run.champion != world.detector.model:
        return world
    try:
        detector = _LOADED.detector(town, run)
    except (NotFound, WeightsRefused) as error:
        log.error("shadow_refused", model=run.model, reason=str(error))
        give_up(town.units, run.id, town.clock.now(), str(error))
        return world
    with town.units.reading() as uow:
        thresholds = uow.models.get(run.model).thresholds
    return replace(world, shadow=Shadow(run.id, run.until, detector, thresholds))


def begin_shadow(town: Town, model: str, hours: float, who: str) -> ShadowRun:
    """Check the weights first, so that whoever starts it sees what is wrong with them. `model`: the start of its hash.

    Raises NotFound, WeightsRefused, BadInput, TransitionRefused.
    """
    card = town.registry.card(model)
    town.registry.verify(card)
    now = town.clock.now()
    return start_shadow(town.units, card.hash12, now + timedelta(hours=hours), who, now)
