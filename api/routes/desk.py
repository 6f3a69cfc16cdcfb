"""The review desk: cards on lease, verdicts, second readings, known answers; reasons."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.asked import PageAsked
from api.dependencies import Asking, RowId, TicketNumber, Wired
from api.desk_reading import (
    DAYS,
    Span,
    card_out,
    cards_of,
    chance,
    progress_out,
    quality_out,
    reviewer_of,
    terms_of,
)
from api.desk_schemas import (
    CardsIn,
    CardsOut,
    CountedOut,
    DrawnIn,
    FurtherIn,
    KnownIn,
    KnownRow,
    NewReasonIn,
    OrderIn,
    QualityOut,
    ReasonIn,
    ReasonRow,
    ReviewRow,
    RulingIn,
    SaidIn,
    TokensIn,
    UndoIn,
    UndoneOut,
)
from api.errors import problems
from api.schemas import Listing, VerdictOut
from pipeline.adapters import desk_quality, desk_queries
from pipeline.steps import desk, known_answers, reasons, review

router = APIRouter(prefix="/api/v1", tags=["desk"])

MOST_COUNTED = 1_000
PAGE_ROWS = 25
ReasonCode = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,40}$", description="code of a reason")]
Days = Annotated[int, Query(ge=1, le=366, description="how many days back")]


@router.post("/desk/cards", responses=problems(403, 422))
def deal(services: Wired, person: Asking, wanted: CardsIn) -> CardsOut:
    """New cards for you alone, and a longer lease for those you hold. A lease that nobody renews ends by itself."""
    reader, now, terms = reviewer_of(person), services.clock.now(), terms_of(services.settings)
    held = desk.renew(services.units, reader, wanted.held, now, terms) if wanted.held else set()
    leases = desk.deal(services.units, reader, wanted.count, now, terms, chance) if wanted.count else []
    cards = cards_of(services, leases)
    with services.look() as connection:
        waiting = desk_queries.waiting_tickets(connection, MOST_COUNTED)
        progress = progress_out(services, connection, person, now)
    return CardsOut(
        cards=cards, held=[token for token in wanted.held if token in held], waiting=waiting, progress=progress
    )


@router.post("/desk/cards/give-back", status_code=204, response_class=Response, responses=problems(403, 422))
def give_back(services: Wired, person: Asking, left: TokensIn) -> None:
    """Cards that you leave unread."""
    desk.give_back(services.units, reviewer_of(person), left.tokens)


@router.post("/desk/cards/skip", status_code=204, response_class=Response, responses=problems(403, 422))
def skip(services: Wired, person: Asking, skipped: TokensIn) -> None:
    """Somebody else shall read them; they come back to you no sooner than in an hour."""
    for token in skipped.tokens:
        desk.skip(services.units, reviewer_of(person), token, services.clock.now())


@router.post("/desk/verdicts", responses=problems(403, 404, 409, 422))
def judge(services: Wired, person: Asking, given: SaidIn) -> CountedOut:
    """What you say of a card. 409: the card went to somebody else, or its ticket was judged meanwhile."""
    counted = desk.judge(
        services.units, given.said(), reviewer_of(person), services.clock.now(), terms_of(services.settings), chance
    )
    return CountedOut.model_validate(counted)


@router.post("/desk/boxes", status_code=204, response_class=Response, responses=problems(403, 404, 422))
def draw_further(services: Wired, person: Asking, further: FurtherIn) -> None:
    """A further thing on a ticket's frame: it becomes a label, not a second ticket."""
    drawn = DrawnIn(category=further.category, box=further.box).drawn
    desk.draw_further(services.units, further.key, further.number, drawn, reviewer_of(person), services.clock.now())


@router.post("/desk/undo", responses=problems(403, 404, 409, 422))
def undo(services: Wired, person: Asking, wanted: UndoIn) -> UndoneOut:
    """Takes back your last review that stands, or the one named; again and again, step by step."""
    reader, now = reviewer_of(person), services.clock.now()
    taken, lease = desk.undo(services.units, reader, now, terms_of(services.settings), wanted.key)
    return UndoneOut(
        review=taken.key, answer=taken.answer, number=taken.number, image=taken.image,
        card=card_out(services, lease) if lease else None,
    )  # fmt: skip


@router.get("/desk/reviews", responses=problems(403))
def list_reviews(services: Wired, person: Asking) -> list[ReviewRow]:
    """Your last reviews that stand, newest first."""
    with services.look() as connection:
        return [ReviewRow.model_validate(row) for row in desk_queries.recent_reviews(connection, person.name)]


@router.get("/desk/quality", responses=problems(403, 422))
def read_quality(services: Wired, days: Days = DAYS) -> QualityOut:
    """How far readers agree (Cohen's kappa), how well each knows planted answers, and estimated recall."""
    since = services.clock.now() - timedelta(days=days)
    with services.look() as connection:
        return quality_out(connection, Span(since, days))


@router.get("/desk/known", responses=problems(403, 422))
def list_known(services: Wired, asked: Annotated[PageAsked, Query()]) -> Listing[KnownRow]:
    """Planted answers, newest first."""
    with services.look() as connection:
        page = desk_quality.known_page(connection, asked.cursor, asked.size or PAGE_ROWS)
    return Listing(rows=[KnownRow.model_validate(row) for row in page.rows], next=page.cursor)


@router.post("/desk/known", status_code=204, response_class=Response, responses=problems(403, 404, 409, 422))
def plant(services: Wired, person: Asking, known: KnownIn) -> None:
    """Marks the answer of a ticket or sample as known: it is dealt out among the others, unseen."""
    known_answers.plant(services.units, known.known, reviewer_of(person), services.clock.now())


@router.post(
    "/desk/known/{known_id}/retire", status_code=204, response_class=Response, responses=problems(403, 404, 422)
)
def retire_known(services: Wired, person: Asking, known_id: RowId) -> None:
    """Deals it no more; what readers said of it stays."""
    known_answers.retire_known(services.units, known_id, reviewer_of(person), services.clock.now())


@router.post("/tickets/{number}/correct", responses=problems(403, 404, 409, 422))
def correct(services: Wired, person: Asking, number: TicketNumber, given: RulingIn) -> VerdictOut:
    """A verdict outside the desk: relabelled to another category, or confirmed with a corrected box."""
    ticket = review.judge_one(services.units, number, given.ruling, person.name, person.role, services.clock.now())
    return VerdictOut.model_validate(ticket)


@router.post("/reasons", status_code=204, response_class=Response, responses=problems(403, 422))
def add_reason(services: Wired, person: Asking, new: NewReasonIn) -> None:
    """Last in the order."""
    reasons.add_reason(services.units, new.reason(new.code), person.name, services.clock.now())


@router.get("/reasons/all", responses=problems(403))
def list_all_reasons(services: Wired) -> list[ReasonRow]:
    """With those that are retired, and how often each was used."""
    with services.look() as connection:
        return [ReasonRow.model_validate(row) for row in desk_queries.reason_rows(connection)]


@router.put("/reasons/order", status_code=204, response_class=Response, responses=problems(403, 422))
def order_reasons(services: Wired, person: Asking, wanted: OrderIn) -> None:
    """Number keys follow this order; reasons that are not named come after."""
    reasons.order_reasons(services.units, wanted.codes, person.name, services.clock.now())


@router.put("/reasons/{code}", status_code=204, response_class=Response, responses=problems(403, 404, 422))
def change_reason(services: Wired, person: Asking, code: ReasonCode, changed: ReasonIn) -> None:
    """Binds verdicts from now on; labels and suppressions that are there stay as they are."""
    reasons.change_reason(services.units, changed.reason(code), person.name, services.clock.now())


@router.delete("/reasons/{code}", status_code=204, response_class=Response, responses=problems(403, 404, 409, 422))
def remove_reason(services: Wired, person: Asking, code: ReasonCode) -> None:
    """Only where no verdict names it: else retire it."""
    reasons.remove_reason(services.units, code, person.name, services.clock.now())


@router.post("/reasons/{code}/retire", status_code=204, response_class=Response, responses=problems(403, 404, 422))
def retire_reason(services: Wired, person: Asking, code: ReasonCode) -> None:
    """Offers it no more; what it was used for keeps its name."""
    reasons.retire_reason(services.units, code, True, person.name, services.clock.now())


@router.post("/reasons/{code}/restore", status_code=204, response_class=Response, responses=problems(403, 404, 422))
def restore_reason(services: Wired, person: Asking, code: ReasonCode) -> None:
    """Offers a retired one again."""
    reasons.retire_reason(services.units, code, False, person.name, services.clock.now())
