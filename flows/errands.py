"""The worker that does what pages ask for: `python -m flows.errands`, one errand after the other."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb
from types import FrameType

import structlog

from flows.console import log_as_json
from flows.enough_labels import start_when_enough
from flows.errand_world import ErrandWorld
from flows.photo_errands import redact_photo
from flows.verify_errands import capture_view, probe_source, verify_view
from flows.view_errands import align_view, deploy_plans, take_reference
from flows.wiring import Town, adopt_environment, open_town
from pipeline.domain.errand import Errand
from pipeline.domain.errors import StreetPatrolError
from pipeline.ports import UnitsOfWork
from pipeline.settings import load_settings

POLL_S = 1.0
BEAT_S = 15.0
"""So often a worker says that it still has its errand."""
AFTER_TROUBLE_S = 5.0

Handler = Callable[[Town, ErrandWorld, Errand], Mapping[str, object]]
HANDLERS: dict[str, Handler] = {
    "probe_source": probe_source,
    "capture_view": capture_view,
    "verify_view": verify_view,
    "redact_photo": redact_photo,
    "align_view": align_view,
    "take_reference": take_reference,
    "deploy_plans": deploy_plans,
}
"""A handler may be called again for the same errand after a kill: what it writes must bear that."""

log = structlog.get_logger()


def run_errands(
    town: Town,
    once: bool = False,
    handlers: Mapping[str, Handler] | None = None,
    means: ErrandWorld | None = None,
) -> int:
    """Do what waits; with `once` until nothing does, else for ever. Gives the number of errands done or failed."""
    means, done = means or ErrandWorld(town), 0
    while True:
        try:
            errand = _next(town)
            if errand is not None:
                _answer(town, means, errand, HANDLERS if handlers is None else handlers)
                done += 1
        except StreetPatrolError as error:
            if once:
                raise
            log.error("errands_wait", reason=str(error))
            time.sleep(AFTER_TROUBLE_S)
            continue
        if errand is None and once:
            return done
        if errand is None:
            start_when_enough(town)
            time.sleep(POLL_S)


def _next(town: Town) -> Errand | None:
    """A look takes no write lock, so that waiting costs next to nothing."""
    at = town.clock.now()
    with town.units.reading() as uow:
        if not uow.errands.waits(at):
            return None
    with town.units.writing() as uow:
        uow.errands.give_up_lost(at)
        return uow.errands.take(at)


def _answer(town: Town, means: ErrandWorld, errand: Errand, handlers: Mapping[str, Handler]) -> None:
    started = time.monotonic()
    with _given_back_when_stopped(town.units, errand), _beating(town, errand):
        answer, why = _tried(town, means, errand, handlers.get(errand.kind))
    with town.units.writing() as uow:
        if answer is None:
            uow.errands.fail(errand, why)
        else:
            uow.errands.finish(errand, json.loads(json.dumps(answer)))
    took_s = round(time.monotonic() - started, 2)
    log.info("errand_ended", id=errand.id, kind=errand.kind, subject=errand.subject, took_s=took_s, why=why)


def _tried(
    town: Town, means: ErrandWorld, errand: Errand, handler: Handler | None
) -> tuple[Mapping[str, object] | None, str]:
    """The answer, or None and why not in one clear line."""
    if handler is None:
        return None, f"this worker knows no errand {errand.kind!r}: update it"
    try:
        return handler(town, means, errand), ""
    except StreetPatrolError as error:
        return None, str(error)
    except Exception as error:
        last = extract_tb(error.__traceback__)[-1]  # the error's own text might hold an address
        place = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
        log.exception("errand_broke", id=errand.id, kind=errand.kind)
        return None, f"the worker broke off ({place}); its log says more"


@contextmanager
def _given_back_when_stopped(units: UnitsOfWork, errand: Errand) -> Iterator[None]:
    """Ctrl-C: whoever comes next takes it at once. After a kill it is taken when its time is over."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        with units.writing() as uow:
            uow.errands.give_back(errand)
        raise


@contextmanager
def _beating(town: Town, errand: Errand) -> Iterator[None]:
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_S):
            try:
                with town.units.writing() as uow:
                    uow.errands.beat(errand, town.clock.now())
            except StreetPatrolError as error:
                log.warning("errand_beat_missed", id=errand.id, reason=str(error))

    thread = threading.Thread(target=beat, name=f"beat of errand {errand.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def main(home: Path) -> None:
    """Until it is stopped."""
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, _stop)
    settings = load_settings(home)
    log_as_json()
    adopt_environment(settings, with_server=True)
    with open_town(settings) as town:
        log.info("errands_awaited")
        run_errands(town)


if __name__ == "__main__":
    main(Path(os.environ["STREETPATROL_HOME"]))
