"""The nightly retraining: verdicts → dataset version → challenger → gate → a proposal that waits for a person."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from prefect import flow

from flows.dataset_building import build_version
from flows.retraining_steps import Course, course_of, make_known, propose, put_to_the_gate, train_challenger
from flows.wiring import WHO, Town, open_town
from pipeline.adapters import training_rows
from pipeline.adapters.database import writing
from pipeline.adapters.label_queries import count_of_labels
from pipeline.adapters.training_rows import DONE, FAILED, NOTHING_NEW, Begun
from pipeline.domain.errors import StreetPatrolError
from pipeline.settings import load_settings

BEAT_S = 20.0
NIGHTLY, BY_HAND = "nightly", "hand"
FAULTS = (StreetPatrolError, OSError, RuntimeError, MemoryError)
"""What a full disk or torch raises ends a run as much as what we raise; anything else is gone on with."""
STEPS = ("build", "train", "evaluate", "propose")

Watch = Callable[[str, int, int], None]
"""Told the step, and how many of how many parts of it are done."""

log = structlog.get_logger()


@flow(name="retrain", validate_parameters=False)
def retrain_nightly(home: str, trigger: str = NIGHTLY, who: str = WHO) -> int | None:
    """One retraining, or what a kill left of one; gives the proposal's number, None where there is nothing new."""
    with open_town(load_settings(Path(home))) as town:
        return run_retraining(town, trigger, who)


def run_retraining(town: Town, trigger: str, who: str, watch: Watch = lambda step, done, of: None) -> int | None:
    """Gives the proposal's number; None where another run is under way, or where nothing was judged since the last.

    Raises what a step raises; the run is marked failed with the reason, and its finished steps are kept.
    """
    at = town.clock.now()
    with writing(town.engine) as connection:
        begun = training_rows.begin(connection, trigger, who, count_of_labels(connection), at)
    if begun is None:
        log.info("retraining_refused", reason="another one is under way")
        return None
    try:
        with _beating(town, begun):
            return _stepped(town, begun, who, watch)
    except FAULTS as error:
        _end(town, begun, FAILED, str(error) or type(error).__name__)
        raise
    except KeyboardInterrupt:
        with writing(town.engine) as connection:
            training_rows.release(connection, begun.id)
        raise


def _stepped(town: Town, begun: Begun, who: str, watch: Watch) -> int | None:
    version = build_version(town, who, _tick(town, begun, "build", watch))
    course = course_of(town, version)
    with writing(town.engine) as connection:
        training_rows.note(connection, begun.id, dataset=version.hash)
        last = training_rows.last_done(connection)
    if last is not None and last.dataset == version.hash and _knows(town, last.proposal_id, course):
        _end(town, begun, NOTHING_NEW, "no verdict has come since the last one")
        return None
    weights = train_challenger(town, course, _tick(town, begun, "train", watch))
    model = make_known(town, course, weights, who)
    with writing(town.engine) as connection:
        training_rows.note(connection, begun.id, model=model.hash12)
    facts = put_to_the_gate(town, course, model.hash12, _tick(town, begun, "evaluate", watch))
    _tick(town, begun, "propose", watch)(0, 1)
    number = propose(town, course, model, facts)
    with writing(town.engine) as connection:
        training_rows.note(connection, begun.id, proposal_id=number)
    _end(town, begun, DONE, "the gate lets it through" if facts["passed"] else "the gate speaks against it")
    log.info("retrained", model=model.hash12, dataset=version.hash12, proposal=number, passed=facts["passed"])
    return number


def _knows(town: Town, proposal_id: int | None, course: Course) -> bool:
    """Whether the champion of now is what was measured then, or what came of it."""
    if proposal_id is None:
        return False
    with town.units.reading() as uow:
        proposal = uow.models.proposal(proposal_id)
    return course.champion.hash12 in (proposal.champion, proposal.model)


def _tick(town: Town, begun: Begun, step: str, watch: Watch) -> Callable[[int, int], None]:
    """Writes down the step at once, and its progress as often as a page would show a change."""
    told = {"percent": -1}

    def tick(done: int, of: int) -> None:
        watch(step, done, of)
        percent = 100 * done // max(of, 1)
        if percent // 5 != told["percent"] // 5:
            told["percent"] = percent
            with writing(town.engine) as connection:
                training_rows.reach(connection, begun.id, step, town.clock.now(), f"{done} / {of}")

    tick(0, 1)
    return tick


def _end(town: Town, begun: Begun, state: str, why: str) -> None:
    with writing(town.engine) as connection:
        training_rows.end(connection, begun.id, state, town.clock.now(), why)


@contextmanager
def _beating(town: Town, begun: Begun) -> Iterator[None]:
    """While open, others see that this run lives."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_S):
            try:
                with writing(town.engine) as connection:
                    training_rows.beat(connection, begun.id, town.clock.now())
            except StreetPatrolError as error:  # a busy database, say: a beat missed is no reason to be taken for dead
                log.warning("beat_missed", run=begun.id, reason=str(error))

    thread = threading.Thread(target=beat, name="beat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=BEAT_S)
