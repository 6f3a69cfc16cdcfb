"""Asking and shadow with the shipped weights: real pictures, the real store, the commands that people type."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from flows.asking import ask_now
from flows.shadowing import begin_shadow, with_shadow
from flows.starting_model import start_model
from flows.wiring import Town, assess_rules, champion_card, champion_of, open_town, version_of, world_of
from models.card import ModelCard
from pipeline.adapters.picture import Picture
from pipeline.domain.asking import DoubtfulFrame, Guess
from pipeline.domain.errors import WeightsRefused
from pipeline.domain.model_version import Proposal
from pipeline.domain.shadow import ShadowRun
from pipeline.ports import ImageKind, KeptImage
from pipeline.settings import load_settings
from pipeline.steps import promotion
from pipeline.steps.visit import visit_views
from pipeline.steps.world import Terms
from tests.flows.test_cli_categories import typed
from tests.flows.test_promotion import sibling
from tests.flows.town import add_cameras, make_home
from tests.street_servers import LOOPBACK, TcpServer, pages, snapshot

pytestmark = [pytest.mark.shared, pytest.mark.slow]

LI = "李"
DAILY = 3
LOOSE = 0.06
"""A challenger with this threshold finds nearly everything."""


@dataclass(frozen=True, slots=True)
class Installation:
    home: Path
    challenger: ModelCard
    pictures: list[Path]


@pytest.fixture
def installation(tmp_path: Path, exported_model: Path, shared: Path) -> Installation:
    """The shipped weights as champion, and their sibling with a low threshold as challenger."""
    home = make_home(tmp_path / "home", ASK_DAILY=str(DAILY))
    exports = home / "models" / "exports"
    shutil.copytree(exported_model / "exports", exports)
    with open_town(load_settings(home)) as town:
        shipped = town.registry.default()
    challenger = sibling(shipped, exports, home / "models" / "weights", b"challenger", LOOSE)
    pictures = sorted((shared / "street_garbage" / "val" / "images").glob("*.jpg"))[:DAILY]
    return Installation(home, challenger, pictures)


@pytest.fixture
def town(installation: Installation) -> Iterator[Town]:
    with open_town(load_settings(installation.home)) as town:
        start_model(town)
        promotion.add_version(town.units, version_of(installation.challenger, LI, town.clock.now()))
        yield town


def doubtful(town: Town, jpeg: bytes, view: int, score: float) -> str:
    image, now = town.images.put(jpeg, ImageKind.asked), town.clock.now()
    with town.units.writing() as uow:
        uow.keep_images([KeptImage(image, ImageKind.asked, view, len(jpeg), now)])
        uow.asked.note_doubtful([DoubtfulFrame(image, view, now, (Guess(score, 0.45, "litter"),), "0123456789ab")])
    return image


def twin_of(jpeg: bytes) -> bytes:
    """The same street a little later: darker, and pressed anew."""
    bgr = Picture.from_bytes(jpeg).full()
    return cv2.imencode(".jpg", np.asarray(bgr * 0.9, np.uint8))[1].tobytes()


def queued(town: Town) -> set[str]:
    with town.units.reading() as uow:
        return set(uow.asked.newest(9))


def test_a_night_asks_about_what_is_new_and_not_twice_about_one_street(town: Town, installation: Installation) -> None:
    add_cameras(installation.home, [f"http://{LOOPBACK}/{number}.jpg" for number in range(4)])
    some = [picture.read_bytes() for picture in installation.pictures]
    images = [doubtful(town, jpeg, view, 0.40) for view, jpeg in enumerate(some, 1)]
    twin = doubtful(town, twin_of(some[0]), 4, 0.41)
    asked = ask_now(town)
    assert (asked.doubtful, asked.waiting) == (4, DAILY)
    assert set(images[1:]) < queued(town)
    assert len(queued(town) & {images[0], twin}) == 1
    assert "waiting at the desk" in typed(installation.home, "ask", "--status")[1]


def test_what_a_waiting_challenger_finds_on_them_is_asked_about_first(town: Town, installation: Installation) -> None:
    add_cameras(installation.home, [f"http://{LOOPBACK}/1.jpg"])
    doubtful(town, installation.pictures[0].read_bytes(), 1, 0.2)
    doubtful(town, cv2.imencode(".jpg", np.full((360, 640, 3), 90, np.uint8))[1].tobytes(), 1, 0.44)
    with town.units.writing() as uow:
        own, champion, now = installation.challenger.hash12, champion_card(town).hash12, town.clock.now()
        uow.models.propose(Proposal(own, champion, now, True, {}, "reports/1"))
    assert ask_now(town).why == {"shadow": 1, "doubt": 1}


def shadow_of(town: Town, run: ShadowRun) -> ShadowRun:
    with town.units.reading() as uow:
        return uow.shadow.get(run.id)


def test_a_challenger_looks_at_real_frames_beside_the_champion(town: Town, installation: Installation) -> None:
    served = {f"/{n}.jpg": snapshot(picture.read_bytes()) for n, picture in enumerate(installation.pictures, 1)}
    with TcpServer(pages(served)) as server:
        add_cameras(installation.home, [f"http://{LOOPBACK}:{server.port}{path}" for path in served])
        run = begin_shadow(town, installation.challenger.hash12[:6], 1, LI)
        world = with_shadow(town, world_of(town, champion_of(town)))
        assert world.shadow is not None and world.shadow.detector.model == installation.challenger.hash12
        terms = Terms(town.categories(), town.settings.town_zone, assess_rules(town.settings), timedelta(hours=1))
        views = town.fleet.views()
        ref = town.rounds.begin("core", [view.id for view in views], town.clock.now()).ref
        assert visit_views(ref, views, world, terms).outcomes == {"seen": DAILY}
    after = shadow_of(town, run)
    assert (after.visits, after.failed_why) == (DAILY, None)
    assert after.seconds > 0
    assert sum(seen.both + seen.challenger for seen in after.tally.values()) > 0
    assert sum(seen.champion for seen in after.tally.values()) == 0
    assert town.rounds.tickets_since(ref) == []
    assert "under way" in typed(installation.home, "shadow", "status")[1]


def test_a_challenger_that_does_not_load_ends_its_run_and_not_the_round(town: Town, installation: Installation) -> None:
    world = world_of(town, champion_of(town))
    run = begin_shadow(town, installation.challenger.hash12, 1, LI)
    weights = town.registry.weights(installation.challenger)
    weights.write_bytes(weights.read_bytes() + b"damaged")
    assert with_shadow(town, world).shadow is None
    assert "damaged" in str(shadow_of(town, run).failed_why)
    with pytest.raises(WeightsRefused):
        begin_shadow(town, installation.challenger.hash12, 1, LI)
