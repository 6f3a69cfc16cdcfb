"""What the retention table no longer keeps goes; what tickets in hand rest on stays."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.adapters import tables
from pipeline.adapters.camera_lists import CameraRow
from pipeline.adapters.database import reading
from pipeline.adapters.fleet import SqlFleet
from pipeline.adapters.images import LocalImages
from pipeline.adapters.retention import Housekeeper
from pipeline.adapters.rounds import SqlRounds
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.category import Kind
from pipeline.domain.finding import FindingState, Sighting
from pipeline.domain.patrol import Outcome, Visit
from pipeline.domain.site import Site, SiteKind
from pipeline.domain.ticket import HistoryEntry, Status, Ticket
from pipeline.ports import ImageKind, KeptImage
from tests.builders import START, a_detection, a_finding
from tests.soundness import complaints

LATER = START + timedelta(days=1200)
"""When even evidence has had its time."""


class Store:
    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.images, self.prints = LocalImages(folder / "images"), LocalImages(folder / "prints")
        self.keeper = Housekeeper(engine, self.images, self.prints)
        self.units = SqlUnitsOfWork(engine)
        site = Site("东门", SiteKind.main_road, False, True, "", None, {})
        fleet = SqlFleet(engine, lambda _credentials: b"")
        fleet.import_cameras([CameraRow("相机", site, "http://127.0.0.1/a", None)], {}, START)
        self.round_id = SqlRounds(engine).begin("core", [1], START).ref.id

    def kept(self, content: bytes, kind: ImageKind, at: datetime = START) -> str:
        digest = self.images.put(content, kind)
        with self.units.writing() as uow:
            uow.keep_images([KeptImage(digest, kind, 1, len(content), at)])
        return digest

    def ticket(self, number: str, status: Status, evidence: str, sighted: str) -> None:
        finding = replace(a_finding(number, FindingState.cleared), opened_at=START, cleared_at=START)
        with self.units.writing() as uow:
            uow.findings.save([finding])
            ticket = Ticket(number, number, 1, "litter", Kind.clean_up, "东门", None, status, START)
            uow.tickets.add(ticket, HistoryEntry(number, START, "patrol", "filed_for_review"))
            uow.tickets.attach(number, {"plain": evidence, "outlined": evidence}, START)
            uow.findings.add_sightings([Sighting(number, self.round_id, 1, START, a_detection(), sighted)])

    def digests(self) -> set[str]:
        with reading(self.engine) as connection:
            return set(connection.scalars(sa.select(tables.images.c.digest)))

    def count(self, table: sa.Table) -> int:
        with reading(self.engine) as connection:
            return int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


@pytest.fixture
def store(engine: Engine, tmp_path: Path) -> Store:
    return Store(engine, tmp_path)


def test_each_kind_goes_when_its_days_are_over(store: Store) -> None:
    digests: dict[ImageKind, str] = {
        kind: store.kept(kind.value.encode(), kind) for kind in ImageKind if kind is not ImageKind.print
    }
    gone_after = {ImageKind.last: 7, ImageKind.sample: 30, ImageKind.sighting: 365, ImageKind.evidence: 1095}
    for kind, days in gone_after.items():
        store.keeper.obey_retention(START + timedelta(days=days) - timedelta(minutes=1))
        assert digests[kind] in store.digests()
        assert store.keeper.obey_retention(START + timedelta(days=days, minutes=1))[kind.value] == 1
        assert digests[kind] not in store.digests()
    assert store.digests() == {digests[ImageKind.reference]}
    assert complaints(store.engine, store.images, store.prints) == []


def test_a_ticket_in_hand_holds_its_pictures_and_an_ended_one_lets_go(store: Store) -> None:
    held = {store.kept(b"1 plain", ImageKind.evidence), store.kept(b"1 seen", ImageKind.sighting)}
    free = {store.kept(b"2 plain", ImageKind.evidence), store.kept(b"2 seen", ImageKind.sighting)}
    for number, status, (evidence, sighted) in (
        ("XJ-20261123-0001", Status.suspended, (b"1 plain", b"1 seen")),
        ("XJ-20261123-0002", Status.closed, (b"2 plain", b"2 seen")),
    ):
        store.ticket(number, status, store.kept(evidence, ImageKind.evidence), store.kept(sighted, ImageKind.sighting))
    assert store.digests() == held | free
    store.keeper.obey_retention(LATER)
    assert store.digests() == held
    assert all(store.images.get(digest) for digest in held)
    with reading(store.engine) as connection:
        assert connection.scalars(sa.select(sa.func.count()).select_from(tables.tickets)).one() == 2


def test_the_newest_last_frame_of_a_view_stays(store: Store) -> None:
    digest = store.kept(b"last", ImageKind.last)
    with store.units.writing() as uow:
        uow.visits.add([Visit(store.round_id, 1, 1, Outcome.seen, START, START, image=digest)])
    store.keeper.obey_retention(LATER)
    assert store.digests() == {digest}
    assert store.count(tables.visits) == 0


def test_ended_findings_without_a_ticket_go_with_their_sightings(store: Store) -> None:
    lapsed = replace(a_finding("lapsed", FindingState.lapsed), cleared_at=START)
    with store.units.writing() as uow:
        uow.findings.save([lapsed, a_finding("live")])
        uow.findings.add_sightings([Sighting("lapsed", store.round_id, 1, START, a_detection())])
    assert store.keeper.obey_retention(START + timedelta(days=364))["findings"] == 0
    assert store.keeper.obey_retention(START + timedelta(days=366))["findings"] == 1
    assert (store.count(tables.findings), store.count(tables.sightings)) == (1, 0)


def test_at_the_disk_floor_samples_go_and_evidence_never(store: Store, tmp_path: Path) -> None:
    for number in range(5):
        store.kept(f"sample {number}".encode(), ImageKind.sample, START + timedelta(minutes=number))
    evidence = store.kept(b"evidence", ImageKind.evidence)
    assert store.keeper.make_room(tmp_path, 0)["sample_for_room"] == 0
    assert len(store.digests()) == 6
    more_than_any_disk_mib = 1 << 40
    assert store.keeper.make_room(tmp_path, more_than_any_disk_mib)["sample_for_room"] == 5
    assert store.digests() == {evidence}
    assert complaints(store.engine, store.images, store.prints) == []


def test_files_that_no_row_names_are_swept_once_they_are_old(store: Store, tmp_path: Path) -> None:
    kept = store.kept(b"kept", ImageKind.sample)
    orphan, print_ = store.images.put(b"orphan", ImageKind.last), store.prints.put(b"orphan", ImageKind.print)
    part = tmp_path / "images" / orphan[:2] / f"{orphan}.1.part"
    part.write_bytes(b"half")
    now = datetime.now(UTC)
    assert not store.keeper.sweep_orphans(now - timedelta(days=1))
    swept = store.keeper.sweep_orphans(now + timedelta(minutes=1))
    assert swept == {"orphans": 2, "parts": 1}
    assert store.images.get(kept) == b"kept"
    assert not part.exists()
    assert not (tmp_path / "prints" / print_[:2] / print_).exists()
