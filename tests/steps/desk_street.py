"""Tickets that await review over a real database, as few columns as the desk needs."""

from dataclasses import dataclass, field, replace

import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.adapters import tables
from pipeline.adapters.camera_lists import CameraRow
from pipeline.adapters.database import reading
from pipeline.adapters.fleet import SqlFleet
from pipeline.adapters.keyset import FlatRow
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.desk import Counted, DeskTerms, Lease, Reviewer, Said
from pipeline.domain.finding import Finding, FindingState
from pipeline.domain.geometry import Box
from pipeline.domain.review import Ruling, VerdictKind
from pipeline.domain.site import Site, SiteKind
from pipeline.domain.ticket import HistoryEntry, Role, Status, Ticket
from pipeline.ports import ImageKind, KeptImage
from pipeline.steps import desk
from tests.builders import LITTER, START, a_finding, look_of, minutes

LI, ZHAO, WANG = (Reviewer(name, Role.reviewer) for name in ("李", "赵", "王"))
CHIEF = Reviewer("主任", Role.admin)
PLAIN = DeskTerms(second_share=0.0, known_share=0.0, sample_share=0.0)
"""Tickets alone."""
CONFIRM, SHADOW = Ruling(VerdictKind.confirmed), Ruling(VerdictKind.dismissed, reason="shadow")


def never() -> float:
    return 0.999


def always() -> float:
    return 0.0


@dataclass
class DeskStreet:
    """Two views; `file` puts a ticket before the reviewers."""

    engine: Engine
    units: SqlUnitsOfWork = field(init=False)
    sent: int = 0

    def __post_init__(self) -> None:
        self.units = SqlUnitsOfWork(self.engine)
        fleet = SqlFleet(self.engine, lambda _credentials: b"sealed")
        site = Site("东门", SiteKind.main_road, False, True, "青禾路 1 号", None, {})
        rows = [CameraRow(f"相机{number}", site, f"rtsp://127.0.0.1/{number}", None) for number in (1, 2)]
        fleet.import_cameras(rows, {}, START)

    def file(self, box: Box | None = None, view: int = 1, look: int = 1, at: float = 0, gone: bool = False) -> str:
        """`gone`: the thing itself has cleared since; its ticket still waits."""
        with self.units.writing() as uow:
            counter = uow.tickets.next_number("20261123")
            state = FindingState.cleared if gone else FindingState.open
            finding = replace(
                a_finding(f"f{counter}", state, box, at), view_id=view, look=look_of(look),
                opened_at=minutes(at),
            )  # fmt: skip
            uow.findings.save([finding])
            number = f"XJ-20261123-{counter:04d}"
            ticket = Ticket(
                number, finding.id, view, "litter", LITTER.kind, "东门", None, Status.awaiting_review, minutes(at)
            )
            uow.tickets.add(ticket, HistoryEntry(number, minutes(at), "patrol", "filed_for_review"))
            uow.tickets.attach(number, {"plain": f"{counter:064x}"}, minutes(at))
        return number

    def sample(self, digest: str, at: float = 0, share: float = 0.1) -> str:
        with self.units.writing() as uow:
            uow.keep_images([KeptImage(digest, ImageKind.sample, 1, 10, minutes(at), share)])
        return digest

    def deal(self, who: Reviewer, count: int = 1, at: float = 10, terms: DeskTerms = PLAIN) -> list[Lease]:
        return desk.deal(self.units, who, count, minutes(at), terms, never)

    def judge(
        self, lease: Lease, who: Reviewer, ruling: Ruling | None = CONFIRM, at: float = 10, **more: object
    ) -> Counted:
        """`second_share` is 1 where `more` says `second=True`."""
        self.sent += 1
        second = bool(more.pop("second", False))
        terms = replace(PLAIN, second_share=1.0 if second else 0.0)
        said = replace(Said(f"key-{self.sent:08d}", lease.token, ruling), **more)  # type: ignore[arg-type]  # by name
        return desk.judge(self.units, said, who, minutes(at), terms, always)

    def undo(self, who: Reviewer, at: float = 11) -> Lease | None:
        return desk.undo(self.units, who, minutes(at), PLAIN)[1]

    def status(self, number: str) -> Status:
        return self.ticket(number).status

    def ticket(self, number: str) -> Ticket:
        with self.units.reading() as uow:
            return uow.tickets.get(number)

    def finding(self, number: str) -> Finding:
        with self.units.reading() as uow:
            return uow.findings.get(uow.tickets.get(number).finding_id)

    def labels(self, number: str | None = None) -> list[FlatRow]:
        query = sa.select(tables.verdicts).order_by(tables.verdicts.c.id)
        if number is not None:
            query = query.where(tables.verdicts.c.number == number)
        with reading(self.engine) as connection:
            return list(connection.execute(query).all())

    def history(self, number: str) -> list[tuple[str, str | None]]:
        table = tables.ticket_history.c
        query = sa.select(table.what, table.detail).where(table.number == number).order_by(table.id)
        with reading(self.engine) as connection:
            return [(row[0], row[1]) for row in connection.execute(query)]
