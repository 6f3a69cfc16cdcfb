"""Models as JSON: which looks, what waits for a person, where each comes from, and what people are asked."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.asked import PageAsked
from api.dependencies import Asking, RowId, Services, TicketNumber, Wired
from api.errors import problems
from api.model_facts import difference_out, learning_of, proposal_out, shadow_out, threshold_out, weeks_of
from api.model_schemas import (
    HASH12,
    AskedCountOut,
    AskedFrameOut,
    AskedOut,
    CurrentOut,
    DatasetOut,
    DecidedAsked,
    DecisionIn,
    DifferenceOut,
    LearnedOut,
    LearningOut,
    PromotionOut,
    ProposalOut,
    SampleOut,
    ShadowIn,
    ShadowRunOut,
    ThresholdProposalOut,
    ThresholdsAsked,
    TrainingOut,
    VersionOut,
    WeekOut,
)
from api.schemas import Listing
from pipeline.adapters import label_queries, model_queries, training_rows
from pipeline.domain.errors import NotFound
from pipeline.steps import promotion, shadow, threshold_proposals

router = APIRouter(prefix="/api/v1", tags=["models"])

MOST_ROWS = 100
MOST_DIFFERENCES = 200
MOST_ASKED = 24
PAGE_ROWS = 50
Hash = Annotated[str, Path(pattern=HASH12, description="content hash of the weights", examples=["4f1e3a9c0b7d"])]
Dataset = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="content hash of the samples")]


@router.get("/models/current", responses=problems(404))
def read_current(services: Wired) -> CurrentOut:
    """The champion; 404 where no model ever was."""
    return current_of(services)


def current_of(services: Services) -> CurrentOut:
    """Raises NotFound."""
    with services.look() as connection:
        row = model_queries.champion(connection)
        if row is None:
            raise NotFound("no model looks yet")
        version = model_queries.one_version(connection, row.model)
        return CurrentOut(
            promotion=PromotionOut.model_validate({**row._asdict(), "name": version.name}),
            version=VersionOut.model_validate(version),
            labels=label_queries.count_of_labels(connection),
            labels_of_last_training=training_rows.labels_of_last(connection),
            retrain_after_labels=services.settings.retrain_after_labels,
        )


@router.get("/models/versions", responses=problems())
def list_versions(services: Wired) -> list[VersionOut]:
    """All that are known, the newest first."""
    with services.look() as connection:
        return [VersionOut.model_validate(row) for row in model_queries.all_versions(connection)]


@router.get("/models/precision", responses=problems())
def read_precision(services: Wired) -> list[WeekOut]:
    """Half a year of tickets by the week in which they came and the weights that found them."""
    return weeks_of(services)


@router.get("/models/learning", responses=problems())
def read_learning(services: Wired) -> list[LearningOut]:
    """What more labels were worth, training by training."""
    return learning_of(services)


@router.get("/models/promotions", responses=problems())
def list_promotions(services: Wired) -> list[PromotionOut]:
    """The newest first, refused ones too."""
    with services.look() as connection:
        return [PromotionOut.model_validate(row) for row in model_queries.all_promotions(connection, MOST_ROWS)]


@router.post("/models/rollback", responses=problems(409, 422))
def roll_back(services: Wired, person: Asking, given: DecisionIn) -> PromotionOut:
    """Back to the champion before this one, with the thresholds of then; the next round uses it."""
    promotion.roll_back(services.units, person.name, services.clock.now(), given.words)
    return current_of(services).promotion


@router.get("/models/proposals", responses=problems(422))
def list_proposals(services: Wired, asked: Annotated[DecidedAsked, Query()]) -> list[ProposalOut]:
    """Challengers with what the gate says of them, the newest first."""
    with services.look() as connection:
        rows = model_queries.all_proposals(connection, MOST_ROWS, asked.state)
    return [proposal_out(row) for row in rows]


@router.post("/models/proposals/{proposal_id}/approve", responses=problems(404, 409, 422))
def approve(services: Wired, person: Asking, proposal_id: RowId, given: DecisionIn) -> PromotionOut:
    """The challenger becomes champion; workers take it up within one round, or refuse it and say why."""
    promotion.approve(services.units, proposal_id, person.name, services.clock.now(), given.words)
    return current_of(services).promotion


@router.post("/models/proposals/{proposal_id}/reject", status_code=204, responses=problems(404, 409, 422))
def reject(services: Wired, person: Asking, proposal_id: RowId, given: DecisionIn) -> None:
    promotion.reject(services.units, proposal_id, person.name, services.clock.now(), given.words)


@router.get("/models/trainings", responses=problems())
def list_trainings(services: Wired) -> list[TrainingOut]:
    """The newest first, with the step that each has reached."""
    with services.look() as connection:
        return [TrainingOut.model_validate(row) for row in model_queries.all_trainings(connection, MOST_ROWS)]


@router.get("/models/datasets", responses=problems())
def list_datasets(services: Wired) -> list[DatasetOut]:
    """Frozen samples, the newest first."""
    with services.look() as connection:
        return [DatasetOut.model_validate(row) for row in model_queries.all_datasets(connection, MOST_ROWS)]


@router.get("/models/datasets/{dataset}/samples", responses=problems(404, 422))
def list_samples(services: Wired, dataset: Dataset, asked: Annotated[PageAsked, Query()]) -> Listing[SampleOut]:
    """Samples that came from tickets, each with its verdict."""
    with services.look() as connection:
        model_queries.one_dataset(connection, dataset)
        page = model_queries.sample_page(connection, dataset, asked.cursor, asked.size or PAGE_ROWS)
    return Listing(rows=[SampleOut.model_validate(row) for row in page.rows], next=page.cursor)


@router.get("/models/thresholds", responses=problems(422))
def list_thresholds(services: Wired, asked: Annotated[ThresholdsAsked, Query()]) -> Listing[ThresholdProposalOut]:
    """Thresholds of single views that verdicts speak for."""
    with services.look() as connection:
        page = model_queries.threshold_page(connection, asked.state, asked.cursor, asked.size or PAGE_ROWS)
    return Listing(rows=[threshold_out(row) for row in page.rows], next=page.cursor)


@router.post("/models/thresholds/{proposal_id}/approve", status_code=204, responses=problems(404, 409, 422))
def approve_threshold(services: Wired, person: Asking, proposal_id: RowId) -> None:
    """In force from the view's next visit on."""
    threshold_proposals.approve(services.units, proposal_id, person.name, services.clock.now())


@router.post("/models/thresholds/{proposal_id}/reject", status_code=204, responses=problems(404, 409, 422))
def reject_threshold(services: Wired, person: Asking, proposal_id: RowId) -> None:
    threshold_proposals.reject(services.units, proposal_id, person.name, services.clock.now())


@router.get("/models/shadows", responses=problems())
def list_shadows(services: Wired) -> list[ShadowRunOut]:
    """Challengers that looked beside the champion, the newest first."""
    with services.look() as connection:
        return [shadow_out(row) for row in model_queries.all_shadow_runs(connection, MOST_ROWS)]


@router.post("/models/shadows", status_code=201, responses=problems(404, 409, 422))
def begin_shadow(services: Wired, person: Asking, given: ShadowIn) -> ShadowRunOut:
    """From the next round on the challenger looks beside the champion and opens nothing."""
    at = services.clock.now()
    begun = shadow.start_shadow(services.units, given.model, at + timedelta(days=given.days), person.name, at)
    return one_shadow(services, begun.id)


@router.post("/models/shadows/stop", responses=problems(409))
def end_shadow(services: Wired, person: Asking) -> ShadowRunOut:
    """Before its time."""
    ended = shadow.stop_shadow(services.units, person.name, services.clock.now())
    return one_shadow(services, ended.id)


def one_shadow(services: Services, run_id: int) -> ShadowRunOut:
    """Raises NotFound."""
    with services.look() as connection:
        return shadow_out(model_queries.one_shadow_run(connection, run_id))


@router.get("/models/shadows/{run_id}/differences", responses=problems(404, 422))
def list_differences(services: Wired, run_id: RowId) -> list[DifferenceOut]:
    """What one of the two alone saw, the surest first."""
    with services.look() as connection:
        model_queries.one_shadow_run(connection, run_id)
        return [difference_out(row) for row in model_queries.differences_of(connection, run_id, MOST_DIFFERENCES)]


@router.get("/models/asked", responses=problems())
def read_asked(services: Wired) -> AskedOut:
    """Frames that the desk deals because their answer teaches most."""
    with services.look() as connection:
        counts, following = (
            model_queries.asked_by_reason(connection), model_queries.asked_next(connection, MOST_ASKED)
        )  # fmt: skip
    return AskedOut(
        counts=[AskedCountOut.model_validate(row) for row in counts],
        next=[AskedFrameOut.model_validate(row) for row in following],
    )


@router.get("/models/versions/{hash12}", responses=problems(404, 422))
def read_version(services: Wired, hash12: Hash) -> VersionOut:
    """The card of one version."""
    with services.look() as connection:
        return VersionOut.model_validate(model_queries.one_version(connection, hash12))


@router.get("/tickets/{number}/learned", responses=problems(404, 422))
def read_learned(services: Wired, number: TicketNumber) -> list[LearnedOut]:
    """Datasets that hold this ticket, and the weights that were trained on them."""
    with services.units.reading() as uow:
        uow.tickets.get(number)
    with services.look() as connection:
        return [LearnedOut.model_validate(row) for row in model_queries.learned_from(connection, number)]
