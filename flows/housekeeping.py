"""Nightly: what the retention table no longer keeps goes; at the disk floor sampled frames go first, evidence never.

Then verdicts are asked which thresholds of single views they speak for.
"""

from datetime import datetime, timedelta
from pathlib import Path

import structlog
from prefect import flow

from flows.wiring import Town, open_town
from pipeline.adapters.calendars import knowledge_of, town_calendar
from pipeline.adapters.database import reading
from pipeline.adapters.photos import PhotoInbox
from pipeline.adapters.retention import Housekeeper, Kept
from pipeline.settings import load_settings
from pipeline.steps.threshold_proposals import propose_thresholds

ORPHAN_AGE = timedelta(days=1)
"""A stored image may be this much older than the row that will name it."""
UNFINISHED_PHOTO_AGE = timedelta(days=7)
"""A phone that lost its connection may go on sending until then."""

log = structlog.get_logger()


@flow(name="housekeeping", validate_parameters=False)
def keep_house(home: str) -> dict[str, int]:
    """Obey the retention table now; gives what went, by kind."""
    with open_town(load_settings(Path(home))) as town:
        housekeeper = Housekeeper(town.engine, town.images, town.prints)
        now = town.clock.now()
        gone: Kept = housekeeper.obey_retention(now)
        gone += housekeeper.make_room(town.settings.home, town.settings.disk_floor_mib)
        gone += housekeeper.sweep_orphans(now - ORPHAN_AGE)
        gone["photos_unfinished"] += PhotoInbox(town.settings.quarantine).sweep(now - UNFINISHED_PHOTO_AGE)
        log.info("house_kept", gone=dict(gone))
        _warn_of_calendar(town, now)
        log.info("thresholds_proposed", waiting=propose_thresholds(town.units, now))
        return dict(gone)


def _warn_of_calendar(town: Town, now: datetime) -> None:
    """Deadlines beyond the known holidays are a guess: said every night until somebody enters them."""
    with reading(town.engine) as connection:
        calendar = knowledge_of(town_calendar(connection), now.astimezone(town.settings.town_zone).date())
    if calendar.warning:
        log.warning("calendar_ends", known_until=str(calendar.known_until), what_to_do=calendar.warning)
