"""Random walks through a ticket's life: no walk reaches what the table forbids, loses history or closes on nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine

from pipeline.adapters.database import reading, writing
from pipeline.adapters.history_chain import broken_links
from pipeline.adapters.queries import history_of
from pipeline.adapters.tables import findings, metadata
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain import ticket as ticket_module
from pipeline.domain.errors import BadInput, TransitionRefused
from pipeline.domain.patrol import COVERAGE, Outcome
from pipeline.domain.ticket import HistoryEntry, Mover, Role, Status, Ticket
from pipeline.domain.verification import AfterLook, Opinion
from pipeline.ports import UnitsOfWork
from pipeline.steps import dispatch, handling, verify
from tests.builders import START
from tests.domain.test_ticket import EXPECTED
from tests.life import LEAD, NUMBER, UNITS, WAY_STATUSES, ZONE, file_ticket, place_town
from tests.life_memory import MemoryUnits

WALKS = 10_000
STEPS = 10
WALKS_IN_SQLITE = 25
REFUSALS = (TransitionRefused, BadInput)


@dataclass(frozen=True, slots=True)
class Call:
    """Who tries, for which unit, with which words."""

    role: Role
    unit: str | None
    words: str


ANYBODY = [(role, None) for role in Role if role is not Role.handler] + [(Role.handler, unit) for unit in sorted(UNITS)]
CALLS = st.sampled_from([Call(role, unit, words) for role, unit in ANYBODY for words in ("", " ", "写明的理由")])
"""Drawn at once: that is what makes ten thousand walks affordable."""
UNIT = st.sampled_from(sorted(UNITS))
MINUTES = st.integers(0, 3 * 24 * 60)
Step = Callable[[Mover], object]


class Walk(RuleBasedStateMachine):
    """One ticket; anybody tries anything at any time. What is promised is reckoned here once more, by hand."""

    fresh: ClassVar[Callable[[], UnitsOfWork]] = MemoryUnits
    ends: ClassVar[dict[str, int]]
    """How many walks ended in which status."""

    def lines(self) -> Sequence[object]:
        """The history as it is now, in order."""
        raise NotImplementedError

    def chain_holds(self) -> bool:
        raise NotImplementedError

    @initialize(straight_on=st.integers(0, len(WAY_STATUSES) - 1))
    def begin(self, straight_on: int) -> None:
        """Some way along, so that few steps reach all that there is."""
        self.units = type(self).fresh()
        self.at = START
        self.written = 1
        self.read: Sequence[object] = ()
        self.looks: list[AfterLook] = []
        self.signed = False
        file_ticket(self.units)
        for _ in range(straight_on):
            self.at += timedelta(minutes=7)
            self.go_the_straight_way(LEAD)

    @property
    def ticket(self) -> Ticket:
        with self.units.reading() as uow:
            return uow.tickets.get(NUMBER)

    def attempt(self, step: Step, call: Call) -> None:
        """The step either is refused and changes nothing, or makes a move that the table knows, and writes it down."""
        before = self.ticket
        role = call.role
        mover = Mover(f"{role} 李", role, self.at, call.unit)
        try:
            step(mover)
        except REFUSALS:
            assert self.ticket == before, "a refused step changed the ticket"
            return
        after = self.ticket
        allowed = EXPECTED.get((before.status.value, after.status.value), set())
        assert allowed, f"{before.status} became {after.status}"
        assert role is Role.admin or role.value in allowed, f"a {role} moved {before.status} to {after.status}"
        self.written += 1
        self.check_evidence(before, after, call.words)
        self.check_clock(before, after)

    def check_evidence(self, before: Ticket, after: Ticket, words: str) -> None:
        if after.status is Status.verified:
            self.signed = bool(words.strip())
            newest = self.looks[-1] if self.looks else None
            assert self.signed or (newest is not None and self.shows_it_gone(newest, before)), "verified on nothing"
        if after.status is Status.closed:
            assert before.status is Status.verified
            assert after.evidence is not None, "closed on nothing"
            assert after.verified_at is not None
            assert self.signed or any(self.shows_it_gone(look, after) for look in self.looks)

    @staticmethod
    def shows_it_gone(look: AfterLook, ticket: Ticket) -> bool:
        assert ticket.rectified_at is not None
        gone = look.outcome in COVERAGE and look.opinion is Opinion.gone and look.image is not None
        return gone and look.at >= ticket.rectified_at

    def check_clock(self, before: Ticket, after: Ticket) -> None:
        """It stands while others have the ticket, runs while a unit has, and is bound but once a dispatch."""
        if after.status in (Status.suspended, Status.rectified) and after.due_at is not None:
            assert after.left_s is not None
            assert after.due_at == before.due_at
        if after.status in (Status.dispatched, Status.in_progress, Status.reworked):
            assert after.due_at is not None
            assert after.left_s is None
            assert after.units
            assert after.unit == after.units[0]
        if after.status is Status.dispatched and before.status in (Status.dispatched, Status.in_progress):
            assert after.due_at == before.due_at, "a hand-over gained time"

    @rule(minutes=MINUTES)
    def time_passes(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule(call=CALLS, to=st.sampled_from([Status.filed, Status.dismissed, Status.awaiting_review]))
    def review(self, call: Call, to: Status) -> None:
        """As the desk does, without labels."""

        def judge(mover: Mover) -> None:
            with self.units.writing() as uow:
                if to is Status.filed and uow.tickets.get(NUMBER).status is not Status.awaiting_review:
                    raise TransitionRefused("only what awaits review is confirmed")
                ticket = uow.tickets.get(NUMBER).moved(to, mover.role, "shadow")
                uow.tickets.save(ticket, HistoryEntry(NUMBER, mover.at, mover.who, to, "shadow"))

        self.attempt(judge, call)

    @rule(call=CALLS, chosen=st.lists(st.sampled_from([*sorted(UNITS), "火星办"]), max_size=3))
    def send(self, call: Call, chosen: list[str]) -> None:
        self.attempt(lambda mover: dispatch.dispatch(self.units, NUMBER, chosen, mover, ZONE), call)

    @rule(call=CALLS, other=UNIT)
    def join(self, call: Call, other: str) -> None:
        self.attempt(lambda mover: dispatch.join(self.units, NUMBER, other, call.words, mover), call)

    @rule(call=CALLS)
    def suspend(self, call: Call) -> None:
        self.attempt(lambda mover: dispatch.suspend(self.units, NUMBER, call.words, mover, ZONE), call)

    @rule(call=CALLS)
    def resume(self, call: Call) -> None:
        self.attempt(lambda mover: dispatch.resume(self.units, NUMBER, mover, ZONE), call)

    @rule(call=CALLS, in_earnest=st.integers(0, 5))
    def make_void(self, call: Call, in_earnest: int) -> None:
        """Rarely: it ends the walk."""
        if in_earnest == 0:
            self.attempt(lambda mover: dispatch.make_void(self.units, NUMBER, call.words, mover), call)

    @rule(call=CALLS)
    def accept(self, call: Call) -> None:
        self.attempt(lambda mover: handling.accept(self.units, NUMBER, mover), call)

    @rule(call=CALLS)
    def report(self, call: Call) -> None:
        self.attempt(lambda mover: handling.report(self.units, NUMBER, call.words, mover), call)

    @rule(call=CALLS)
    def rectify(self, call: Call) -> None:
        self.attempt(lambda mover: handling.rectify(self.units, NUMBER, call.words, mover, ZONE), call)

    @rule(call=CALLS, other=UNIT)
    def hand_over(self, call: Call, other: str) -> None:
        self.attempt(lambda mover: handling.hand_over(self.units, NUMBER, other, call.words, mover), call)

    @rule(call=CALLS)
    def refuse(self, call: Call) -> None:
        self.attempt(lambda mover: handling.refuse(self.units, NUMBER, call.words, mover), call)

    @rule(outcome=st.sampled_from(Outcome), opinion=st.sampled_from(Opinion), ago=st.sampled_from([0, 5, 600]))
    def look_again(self, outcome: Outcome, opinion: Opinion, ago: int) -> None:
        """At any time; also one whose frame is older than what was done since."""
        image = "d" * 64 if outcome in COVERAGE else None
        look = AfterLook(NUMBER, self.at - timedelta(minutes=ago), outcome, opinion, image)
        verify.take_look(self.units, look)
        self.looks.append(look)
        self.written += 1

    @rule(call=CALLS)
    def sign(self, call: Call) -> None:
        self.attempt(lambda mover: verify.verify(self.units, NUMBER, call.words, mover), call)

    @rule(call=CALLS)
    def rework(self, call: Call) -> None:
        self.attempt(lambda mover: verify.rework(self.units, NUMBER, call.words, mover, ZONE), call)

    @rule(call=CALLS)
    def close(self, call: Call) -> None:
        self.attempt(lambda mover: verify.close(self.units, NUMBER, mover), call)

    @rule(unit=UNIT)
    def go_the_straight_way(self, unit: str) -> None:
        """What stands next on the way to its end, by an admin: so that walks get far."""
        call = Call(Role.admin, None, "照章办理")
        steps: dict[Status, Step] = {
            Status.filed: lambda by: dispatch.dispatch(self.units, NUMBER, [unit], by, ZONE),
            Status.dispatched: lambda by: handling.accept(self.units, NUMBER, by),
            Status.in_progress: lambda by: handling.rectify(self.units, NUMBER, call.words, by, ZONE),
            Status.rectified: lambda by: verify.verify(self.units, NUMBER, call.words, by),
            Status.verified: lambda by: verify.close(self.units, NUMBER, by),
            Status.reworked: lambda by: handling.accept(self.units, NUMBER, by),
            Status.suspended: lambda by: dispatch.resume(self.units, NUMBER, by, ZONE),
        }
        step = steps.get(self.ticket.status)
        if step is None:
            self.review(call, Status.filed)
        else:
            self.attempt(step, call)

    @invariant()
    def history_only_grows(self) -> None:
        lines = self.lines()
        assert len(lines) == self.written
        assert list(lines[: len(self.read)]) == list(self.read), "what was written has changed"
        self.read = lines

    def teardown(self) -> None:
        assert self.chain_holds()
        status = self.ticket.status.value
        self.ends[status] = self.ends.get(status, 0) + 1


class WalkInMemory(Walk):
    ends: ClassVar[dict[str, int]] = {}

    def lines(self) -> Sequence[object]:
        assert isinstance(self.units, MemoryUnits)
        return self.units.town.history

    def chain_holds(self) -> bool:
        assert isinstance(self.units, MemoryUnits)
        return self.units.town.chain_holds()


def walked(machine: type[Walk], walks: int, phases: Sequence[Phase] = tuple(Phase)) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=walks,
            stateful_step_count=STEPS,
            phases=phases,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_three_hundred_walks_keep_every_promise() -> None:
    walked(WalkInMemory, 300)


@pytest.mark.slow
def test_ten_thousand_walks_keep_every_promise_and_reach_every_status() -> None:
    WalkInMemory.ends.clear()
    walked(WalkInMemory, WALKS)
    assert sum(WalkInMemory.ends.values()) >= WALKS
    assert set(WalkInMemory.ends) == {status.value for status in Status}


def test_walks_in_a_real_database_keep_every_promise(sqlite_engine: Engine) -> None:
    place_town(sqlite_engine)

    def fresh() -> UnitsOfWork:
        with writing(sqlite_engine) as connection:
            for table in reversed(metadata.sorted_tables):
                if "number" in table.c or table is findings:
                    connection.execute(table.delete())
        return SqlUnitsOfWork(sqlite_engine)

    class WalkInSqlite(Walk):
        ends: ClassVar[dict[str, int]] = {}

        def lines(self) -> Sequence[object]:
            with reading(sqlite_engine) as connection:
                return history_of(connection, NUMBER)

        def chain_holds(self) -> bool:
            with reading(sqlite_engine) as connection:
                return broken_links(connection) == []

    WalkInSqlite.fresh = staticmethod(fresh)
    walked(WalkInSqlite, WALKS_IN_SQLITE)


HOLE_FOUND_WITHIN = 5000
"""Walks; some three hundred do nearly always, and it ends with the first that falls in."""


def test_a_table_that_allowed_too_much_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The walks can fail: a hole in the table is fallen into."""
    holed = {
        **ticket_module.MOVES,
        Status.rectified: {**ticket_module.MOVES[Status.rectified], Status.closed: frozenset({Role.admin})},
    }
    monkeypatch.setattr(ticket_module, "MOVES", holed)
    monkeypatch.setattr(verify, "close", _careless_close)
    with pytest.raises(AssertionError, match="rectified became closed"):
        walked(WalkInMemory, HOLE_FOUND_WITHIN, [Phase.generate])


def _careless_close(units: UnitsOfWork, number: str, mover: Mover) -> Ticket:
    with units.writing() as uow:
        ticket = replace(uow.tickets.get(number).moved(Status.closed, mover.role, None), closed_at=mover.at)
        dispatch.save_move(uow, ticket, HistoryEntry(number, mover.at, mover.who, Status.closed))
    return ticket
