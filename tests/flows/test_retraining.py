"""Retraining: a kill in any step loses nothing and changes nothing; a challenger made bad is turned away by name."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from datasets.town_pictures import write_pictures
from flows import enough_labels
from flows.dataset_building import build_version
from flows.deployments import deploy
from flows.model_adding import Lineage, add_version
from flows.retraining import BY_HAND, STEPS, run_retraining
from flows.retraining_steps import course_of, propose
from flows.wiring import ROOT, Town, open_town, version_of
from models.card import ModelCard
from pipeline.adapters import training_rows
from pipeline.adapters.database import reading
from pipeline.adapters.label_queries import judged_frames
from pipeline.adapters.tables_learning import dataset_samples, dataset_versions, proposals, training_runs
from pipeline.domain.model_version import ModelVersion, ProposalState
from pipeline.settings import load_settings
from pipeline.steps import promotion
from pipeline.steps.promotion import approve, roll_back, start_with
from tests.builders import START
from tests.flows.judged_town import at_hour, judge, judged_home
from tests.models.conftest import save_untrained

CLASSES = ("litter", "person")
SMALL = {"RETRAIN_EPOCHS": "1", "RETRAIN_IMAGE_SIZE": "64"}


@pytest.fixture(scope="module")
def learner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose champion is a small untrained network, exported, with two dozen verdicts."""
    home = judged_home(tmp_path_factory.mktemp("learner") / "home", SMALL)
    weights = save_untrained(tmp_path_factory.mktemp("weights") / "first.pt", CLASSES)
    drawn = home / "retraining" / "drawn"
    write_pictures(drawn, 2, seed=4)
    (drawn / "whole").touch()
    with open_town(load_settings(home)) as town:
        card = ModelCard(name="first", sha256="0" * 64, classes=CLASSES, image_size=(96, 160))
        version = add_version(town, weights, card, Lineage("王"))
        start_with(town.units, version, "王", START)
        town.registry.exported(town.registry.card(version.hash12))
    return home


@pytest.fixture
def home(learner: Path, tmp_path: Path) -> Path:
    shutil.copytree(learner, tmp_path / "home")
    return tmp_path / "home"


class Retraining:
    """One in a process of its own."""

    def __init__(self, home: Path, hours: float) -> None:
        command = [sys.executable, "-m", "tests.flows.retrain_process", str(home), str(hours)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=_environment()
        )

    def lines(self) -> Iterator[str]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(("step ", "proposal ")):
                yield line.strip()

    def kill_at(self, step: str) -> None:
        for line in self.lines():
            if line == f"step {step}":
                break
        else:
            raise AssertionError(f"{step} was never reached: {self.process.communicate()[1][-2000:]}")
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def finish(self) -> str:
        said = list(self.lines())
        _, complaints = self.process.communicate()
        assert self.process.returncode == 0, complaints[-2000:]
        return said[-1]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def told(home: Path) -> tuple[str, str, list[tuple[object, object, object]]]:
    """Dataset, state and the gate's rules of the only run and the only proposal there are."""
    with open_town(load_settings(home)) as town, reading(town.engine) as connection:
        (run,) = connection.execute(sa.select(training_runs)).all()
        (proposal,) = connection.execute(sa.select(proposals)).all()
        assert (home / proposal.report / "report.html").exists()
        assert proposal.dataset == run.dataset
        rules = [(rule["code"], rule["category"], rule["passed"]) for rule in proposal.gate["rules"]]
        return run.dataset, run.state, rules


@pytest.mark.slow
def test_a_kill_in_each_step_resumes_to_the_same_dataset_and_decision(
    home: Path, learner: Path, tmp_path: Path
) -> None:
    for hours, step in enumerate(STEPS):
        Retraining(home, hours).kill_at(step)
    assert Retraining(home, len(STEPS)).finish() == "proposal 1"
    whole = tmp_path / "whole"
    shutil.copytree(learner, whole)
    assert Retraining(whole, 0).finish() == "proposal 1"
    assert told(home) == told(whole)


def test_only_one_training_at_a_time_and_a_lost_one_is_gone_on_with(home: Path) -> None:
    with open_town(load_settings(home)) as town, town.engine.begin() as connection:
        at = START
        first = training_rows.begin(connection, BY_HAND, "王", 5, at)
        assert first is not None and not first.resumed
        assert training_rows.begin(connection, BY_HAND, "李", 6, at) is None
        assert not training_rows.is_lost(connection, at)
        assert training_rows.is_lost(connection, at + training_rows.LOST_AFTER)
        later = training_rows.begin(connection, BY_HAND, "李", 6, at + training_rows.LOST_AFTER)
        assert later == training_rows.Begun(first.id, resumed=True)
        training_rows.end(connection, first.id, training_rows.FAILED, at)
        assert training_rows.labels_of_last(connection) == 5, "or it would be started again and again"


def test_new_labels_are_counted_from_the_last_training_on(home: Path) -> None:
    with open_town(load_settings(home)) as town:
        before = enough_labels.labels_since_last(town)
        judge(town, 100)
        assert enough_labels.labels_since_last(town) == before + 2, "a verdict, and a frame looked over"
        with town.engine.begin() as connection:
            training_rows.begin(connection, BY_HAND, "王", before + 2, START)
        assert enough_labels.labels_since_last(town) == 0


@pytest.mark.slow
def test_from_verdict_to_champion_and_back(home: Path) -> None:
    """The whole loop in one process: train, propose, approve, roll back; then nothing new."""
    with open_town(load_settings(home)) as opened:
        town = at_hour(opened, 0)
        before = _champion(town)
        number = run_retraining(town, BY_HAND, "王")
        assert number is not None
        with town.units.reading() as uow:
            proposal = uow.models.proposal(number)
            challenger = uow.models.get(proposal.model)
        assert (proposal.state, proposal.champion) == (ProposalState.waiting, before)
        assert challenger.parents == (before,) and challenger.dataset == proposal.dataset
        with reading(town.engine) as connection:
            taught = set(connection.scalars(sa.select(dataset_samples.c.image)))
            assert taught == {frame.image for frame in judged_frames(connection)}
            assert connection.scalar(sa.select(sa.func.count()).select_from(dataset_versions)) == 1
        assert run_retraining(town, BY_HAND, "王") is None
        approve(town.units, number, "王", town.clock.now(), "看过对比图")
        assert _champion(town) == challenger.hash12
        assert run_retraining(town, BY_HAND, "王") is None, "it has learned all there is"
        roll_back(town.units, "王", town.clock.now(), "误报变多")
        assert _champion(town) == before


def test_a_later_challenger_takes_the_place_of_one_that_waits(home: Path) -> None:
    """But what the gate spoke against takes no place from what it let through."""
    with open_town(load_settings(home)) as opened:
        town = at_hour(opened, 0)
        course = course_of(town, build_version(town, "王"))
        waiting = []
        for number, passed in enumerate((False, True, False, True), 1):
            challenger = ModelVersion(f"{number:012x}", f"第{number}个", CLASSES, START, "王")
            promotion.add_version(town.units, challenger)
            last = propose(town, course, challenger, {"passed": passed, "rules": []})
            assert propose(town, course, challenger, {"passed": passed, "rules": []}) == last
            with town.units.reading() as uow:
                waiting.append({one.model[-1] for one in uow.models.proposals(ProposalState.waiting)})
    assert waiting == [{"1"}, {"2"}, {"2", "3"}, {"4"}]


def _champion(town: Town) -> str:
    with town.units.reading() as uow:
        current = uow.models.current()
    assert current is not None
    return current.model


def test_a_version_tells_what_its_card_does(home: Path) -> None:
    with open_town(load_settings(home)) as town:
        card = town.registry.card(_champion(town))
        assert version_of(card, "王", START).classes == CLASSES


@pytest.mark.usefixtures("prefect")
@pytest.mark.xdist_group("prefect")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_enough_labels_start_the_deployed_flow_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.settings import PREFECT_API_URL  # noqa: PLC0415  # reads the environment when imported

    monkeypatch.setitem(enough_labels._last_look, "at", float("-inf"))
    settings = load_settings(home).model_copy(update={"retrain_after_labels": 40})
    with open_town(settings) as opened:
        town = at_hour(opened, 0)
        monkeypatch.delenv("PREFECT_API_URL", raising=False)
        assert not enough_labels.start_when_enough(town), "there is no server to ask"
        monkeypatch.setenv("PREFECT_API_URL", str(PREFECT_API_URL.value()))
        assert enough_labels.labels_since_last(town) >= settings.retrain_after_labels
        asyncio.run(deploy([], str(home), "Asia/Shanghai", "0 22 * * *"))
        assert enough_labels.start_when_enough(town)
        assert not enough_labels.start_when_enough(town), "it has just looked"
    (run,) = asyncio.run(_labelled_runs())
    assert run == {"home": str(home.resolve()), "trigger": "labels"}


async def _labelled_runs() -> list[dict[str, object]]:
    from prefect.client.orchestration import get_client  # noqa: PLC0415

    async with get_client() as client:
        return [run.parameters for run in await client.read_flow_runs() if run.parameters.get("trigger") == "labels"]
