"""The whole way of one ticket as people walk it: found by rounds, judged by a key, put right from a phone, closed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from flows import errand_world
from flows.errand_world import ErrandWorld
from flows.errands import run_errands
from flows.wiring import Town, open_town
from pipeline.adapters import tables
from pipeline.adapters.accounts import ensure_person, hash_password
from pipeline.adapters.database import writing
from pipeline.domain.photo import PhotoState
from pipeline.domain.ticket import Evidence, Role, Status, Ticket
from pipeline.settings import load_settings
from tests.api.browsing import NEEDS_BROWSER, PHONE, browsing, served
from tests.api.conftest import PASSWORD
from tests.api.test_photos_browser import photo_file
from tests.fakes import SteppedClock
from tests.flows.patrol_process import quick_world, run_round
from tests.flows.town import PaintedStreet, add_cameras, make_home, town_complaints
from tests.street_servers import TcpServer, pages

pytestmark = NEEDS_BROWSER
REVIEWER, DISPATCHER, HANDLER = "小李", "调度台", "王师傅"
PEOPLE = {REVIEWER: Role.reviewer, DISPATCHER: Role.dispatcher, HANDLER: Role.handler}
UNIT = "青禾社区"
LITTER = {2: frozenset({1})}
"""Before the camera that shows traffic: one that stands still for half an hour is stale."""
ROUNDS = 6
DONE_WITHIN_MS = 20_000


@dataclass(frozen=True)
class Place:
    """A street that can be swept, the town that looks at it, and where its pages are."""

    street: PaintedStreet
    town: Town
    address: str

    def ticket(self, number: str) -> Ticket:
        with self.town.units.reading() as uow:
            return uow.tickets.get(number)

    def work_off_errands(self) -> None:
        run_errands(self.town, once=True)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    def world(means: ErrandWorld) -> object:
        return quick_world(means._town)

    monkeypatch.setattr(errand_world.ErrandWorld, "world", world)
    street = PaintedStreet(2)
    street.show(LITTER)
    with TcpServer(pages(street.served)) as server:
        home = make_home(tmp_path / "home", SECOND_SHARE="0", KNOWN_SHARE="0", SAMPLE_CARD_SHARE="0")
        add_cameras(home, street.addresses(server.port))
        settings = load_settings(home)
        with open_town(settings) as town, served(settings) as address:
            with writing(town.engine) as connection:
                for name, role in PEOPLE.items():
                    ensure_person(connection, name, role, hash_password(PASSWORD), town.clock.now())
                own = tables.people.c.name == HANDLER
                connection.execute(sa.update(tables.people).where(own).values(unit=UNIT))
            yield Place(street, town, address)


def found_by_rounds(place: Place) -> str:
    """Half an hour of rounds until now; gives the number of the ticket that they filed."""
    town = place.town
    begins = town.clock.now() - timedelta(minutes=5 * ROUNDS)
    stepped = replace(town, clock=SteppedClock(begins))  # type: ignore[arg-type]  # a clock like the real one
    world, opened = quick_world(stepped), list[str]()
    for step in range(ROUNDS):
        place.street.show(LITTER, step)
        begun = stepped.rounds.begin("core", stepped.fleet.view_ids_of_plan(True, ()), stepped.clock.now())
        opened += run_round(stepped, world, begun).opened
        stepped.clock.advance(timedelta(minutes=5))  # type: ignore[attr-defined]
    assert len(opened) == 1
    return opened[0]


def status_is(place: Place, page: Page, number: str, status: Status) -> None:
    for _ in range(DONE_WITHIN_MS // 100):
        if place.ticket(number).status is status:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{number} is {place.ticket(number).status}, not {status}")


def test_a_ticket_is_found_judged_put_right_verified_and_closed(place: Place, tmp_path: Path) -> None:
    number = found_by_rounds(place)
    with browsing(place.address, REVIEWER) as desk:
        desk.goto("/desk")
        expect(desk.locator(".desk-canvas img")).to_be_visible(timeout=DONE_WITHIN_MS)
        expect(desk.locator("[data-number]")).to_have_text(number)
        desk.keyboard.press("c")
        status_is(place, desk, number, Status.filed)
    with browsing(place.address, DISPATCHER) as page:
        page.goto(f"/tickets/{number}")
        page.get_by_role("button", name="按此派遣").click()
        status_is(place, page, number, Status.dispatched)
    assert place.ticket(number).units == (UNIT,)
    place.street.show({}, ROUNDS)
    with browsing(place.address, HANDLER, PHONE) as phone:
        phone.goto(f"/work/{number}")
        phone.get_by_role("button", name="签收并开始处置").click()
        status_is(place, phone, number, Status.in_progress)
        phone.wait_for_selector("[data-photos][data-ready]")
        phone.set_input_files("[data-pick][multiple]", photo_file(tmp_path))
        expect(phone.locator(".photo.local")).to_have_count(0, timeout=DONE_WITHIN_MS)
        phone.get_by_role("button", name="已清理干净").click()
        phone.get_by_role("button", name="提交反馈").click()
        status_is(place, phone, number, Status.rectified)
    place.work_off_errands()
    with place.town.units.reading() as uow:
        assert [photo.state for photo in uow.photos.of_ticket(number)] == [PhotoState.redacted]
    with browsing(place.address, DISPATCHER) as page:
        page.goto(f"/tickets/{number}")
        page.get_by_role("button", name="现在再看一次同一视角").click()
        page.wait_for_load_state("networkidle")
        place.work_off_errands()
        page.goto(f"/tickets/{number}")
        expect(page.locator(".life")).to_contain_text("同视角新画面中已不见")
        page.get_by_role("button", name="核查通过", exact=True).click()
        status_is(place, page, number, Status.verified)
        page.get_by_role("button", name="结案", exact=True).click()
        status_is(place, page, number, Status.closed)
    closed = place.ticket(number)
    assert closed.evidence is Evidence.frame
    assert closed.verified_at is not None and closed.closed_at is not None
    assert town_complaints(place.town) == []
