"""What handlers of errands work with: the town, and its world once something has to be looked at."""

from dataclasses import replace
from datetime import timedelta

from flows.wiring import Champion, Town, assess_rules, cameras_of, champion_of, world_of
from pipeline.adapters.cameras import Cameras
from pipeline.domain.camera import View
from pipeline.domain.errors import NotFound
from pipeline.steps.world import Terms, World


class ErrandWorld:
    """Loads the detector when it is first asked for, and again when another model is the champion by then."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._cameras: Cameras | None = None
        self._champion: Champion | None = None
        self._world: World | None = None

    @property
    def cameras(self) -> Cameras:
        """Without a detector: enough to see whether a camera answers."""
        if self._cameras is None:
            self._cameras = cameras_of(self._town)
        return self._cameras

    def world(self) -> World:
        """Raises WeightsRefused, NotFound."""
        champion = champion_of(self._town, self._champion)
        if self._world is None:
            self._world = world_of(self._town, champion)
        elif champion is not self._champion:
            self._world = replace(self._world, detector=champion.detector)
        self._champion = champion
        return self._world

    def terms(self) -> Terms:
        """What is in force now."""
        settings = self._town.settings
        return Terms(self._town.categories(), settings.town_zone, assess_rules(settings), timedelta(hours=1), workers=1)


def view_of(town: Town, view_id: int) -> View:
    """Raises NotFound."""
    views = town.fleet.views([view_id])
    if not views:
        raise NotFound(f"view {view_id} is switched off or gone: switch its camera on first")
    return views[0]
