"""A ticket that walks through its life in a real SQLite database: the moves, and who makes them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.adapters import tables
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.finding import FindingState
from pipeline.domain.patrol import Outcome
from pipeline.domain.ticket import HistoryEntry, Mover, Role, Status, Ticket
from pipeline.domain.verification import AfterLook, Opinion
from pipeline.ports import UnitsOfWork
from pipeline.steps import dispatch, handling, review, verify
from tests.builders import LITTER, START, a_finding, minutes

ZONE = ZoneInfo("Asia/Shanghai")
LEAD, OTHER, THIRD = "青禾社区", "城市管理办", "滨河社区"
UNITS = {"青禾镇分管领导": 1, OTHER: 2, LEAD: 3, THIRD: 3}
SITE = "东门"
NUMBER = "XJ-20261123-0001"


def place_town(engine: Engine) -> None:
    """Units, one site with its own by tier, one view."""
    with engine.begin() as connection:
        connection.execute(sa.insert(tables.units), [{"name": name, "tier": tier} for name, tier in UNITS.items()])
        site = {"name": SITE, "kind": "shop", "key_point": True, "core_zone": True, "address": ""}
        connection.execute(sa.insert(tables.sites).values(site))
        answering = [{"site_id": 1, "tier": tier, "unit_id": tier} for tier in (1, 2, 3)]
        connection.execute(sa.insert(tables.site_units), answering)
        camera = {"site_id": 1, "name": "东门相机", "source_kind": "http", "source": "http://127.0.0.1", "active": True}
        connection.execute(sa.insert(tables.cameras).values(**camera, created_at=START))
        connection.execute(sa.insert(tables.views).values(camera_id=1, name="东门", preset=0, active=True))


def file_ticket(units: UnitsOfWork, number: str = NUMBER) -> Ticket:
    """One that awaits review, with its finding."""
    finding = replace(a_finding(number, FindingState.open), opened_at=START)
    ticket = Ticket(
        number, finding.id, 1, LITTER.code, LITTER.kind, SITE, LEAD, Status.awaiting_review, START
    )  # fmt: skip
    with units.writing() as uow:
        uow.findings.save([finding])
        uow.tickets.add(ticket, HistoryEntry(number, START, "patrol", "filed_for_review"))
    return ticket


def a_mover(role: Role, at: float = 0, unit: str | None = None, who: str = "") -> Mover:
    """`at`: minutes after the start."""
    return Mover(who or f"{role} 张", role, minutes(at), unit or (LEAD if role is Role.handler else None))


def a_look(
    at: datetime, outcome: Outcome = Outcome.seen, opinion: Opinion = Opinion.gone, number: str = NUMBER
) -> AfterLook:
    return AfterLook(number, at, outcome, opinion, "d" * 64, None, "0123456789ab")


@dataclass(frozen=True, slots=True)
class Life:
    """One ticket and the moves that carry it, each by the role whose move it is; `at` in minutes after the start."""

    units: UnitsOfWork
    number: str = NUMBER

    @property
    def ticket(self) -> Ticket:
        with self.units.reading() as uow:
            return uow.tickets.get(self.number)

    def confirm(self, at: float = 1) -> Ticket:
        return review.confirm(self.units, self.number, "reviewer 王", Role.reviewer, minutes(at))

    def dispatch(self, *chosen: str, at: float = 2) -> Ticket:
        return dispatch.dispatch(self.units, self.number, chosen, a_mover(Role.dispatcher, at), ZONE)

    def accept(self, at: float = 3) -> Ticket:
        return handling.accept(self.units, self.number, a_mover(Role.handler, at))

    def rectify(self, at: float = 4, words: str = "已清扫") -> Ticket:
        return handling.rectify(self.units, self.number, words, a_mover(Role.handler, at), ZONE)

    def verify(self, at: float = 6, words: str = "") -> Ticket:
        return verify.verify(self.units, self.number, words, a_mover(Role.dispatcher, at))

    def rework(self, at: float = 7, words: str = "还有残留") -> Ticket:
        return verify.rework(self.units, self.number, words, a_mover(Role.dispatcher, at), ZONE)

    def close(self, at: float = 8) -> Ticket:
        return verify.close(self.units, self.number, a_mover(Role.dispatcher, at))

    def suspend(self, at: float = 5, words: str = "等待产权单位") -> Ticket:
        return dispatch.suspend(self.units, self.number, words, a_mover(Role.dispatcher, at), ZONE)

    def resume(self, at: float = 6) -> Ticket:
        return dispatch.resume(self.units, self.number, a_mover(Role.dispatcher, at), ZONE)

    def verify_by_word(self, at: float = 6) -> Ticket:
        return self.verify(at, "现场看过，已清")

    def refuse(self, at: float = 7, words: str = "不归我单位管", unit: str | None = None) -> Ticket:
        return handling.refuse(self.units, self.number, words, a_mover(Role.handler, at, unit))

    def brought_to(self, status: Status) -> "Life":
        """On from where it is, along the straight way."""
        way = list(WAY_STATUSES)
        for step in WAY[way.index(self.ticket.status) : way.index(status)]:
            step(self)
        return self


WAY: tuple[Callable[[Life], object], ...] = (
    Life.confirm, Life.dispatch, Life.accept, Life.rectify, Life.verify_by_word, Life.close,
)  # fmt: skip
WAY_STATUSES = (
    Status.awaiting_review, Status.filed, Status.dispatched, Status.in_progress, Status.rectified, Status.verified,
    Status.closed,
)  # fmt: skip


def a_life(engine: Engine) -> Life:
    place_town(engine)
    life = Life(SqlUnitsOfWork(engine))
    file_ticket(life.units)
    return life
