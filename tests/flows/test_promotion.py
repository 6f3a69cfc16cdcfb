"""A promotion while the patrol runs: taken up between two rounds, refused where it does not load, taken back."""

import gc
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from flows import wiring
from flows.errand_world import ErrandWorld
from flows.model_adding import Lineage, add_version
from flows.starting_model import CHOSEN_BEFORE, SHOWN_BEFORE, start_model
from flows.wiring import Town, champion_of, open_town, version_of
from models.card import ModelCard, read_card
from models.export import MARKER_FILE, sha256_of
from pipeline.adapters.categories import SqlCategories
from pipeline.domain.detection import Pass
from pipeline.domain.errors import NotFound, WeightsRefused
from pipeline.domain.model_version import Promotion, PromotionKind, Proposal
from pipeline.settings import load_settings
from pipeline.steps import promotion as steps
from tests.flows.test_cli_categories import typed
from tests.flows.town import PaintedStreet, add_cameras, make_home
from tests.street_servers import TcpServer, pages

LI = "李"


@dataclass(frozen=True, slots=True)
class Models:
    """Three sets of weights with one export: what differs is their hash and their card."""

    home: Path
    shipped: ModelCard
    own: ModelCard
    next_shipped: ModelCard

    def ship(self, card: ModelCard) -> None:
        """As a new release does."""
        (wiring.WEIGHTS / "DEFAULT").write_text(card.hash12, encoding="utf-8")

    def break_file(self, card: ModelCard) -> None:
        with (self.home / "models" / "weights" / f"{card.hash12}.pt").open("ab") as file:
            file.write(b"cut or changed")


def sibling(card: ModelCard, exports: Path, folder: Path, ending: bytes, threshold: float) -> ModelCard:
    """Weights that are another file to everybody and look like `card`'s; with their export."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / "new.pt"
    weights.write_bytes((wiring.WEIGHTS / f"{card.hash12}.pt").read_bytes() + ending)
    own = card.model_copy(update={
        "sha256": sha256_of(weights), "name": ending.decode(), "thresholds": {"litter": {Pass.fast: threshold}},
    })  # fmt: skip
    weights.rename(folder / f"{own.hash12}.pt")
    (folder / f"{own.hash12}.yaml").write_text(yaml.safe_dump(own.model_dump(mode="json")), encoding="utf-8")
    export = shutil.copytree(exports / card.hash12, exports / own.hash12) / "fast" / MARKER_FILE
    export.write_text(json.dumps(json.loads(export.read_text()) | {"sha256": own.sha256}), encoding="utf-8")
    return read_card(folder / f"{own.hash12}.yaml")


@pytest.fixture
def models(tmp_path: Path, exported_model: Path, monkeypatch: pytest.MonkeyPatch) -> Models:
    """A home whose shipped weights are exported and champion; its own stand in the registry, unused."""
    shipped_folder = shutil.copytree(wiring.WEIGHTS, tmp_path / "shipped")
    monkeypatch.setattr(wiring, "WEIGHTS", shipped_folder)
    shipped = read_card(next(shipped_folder.glob("*.yaml")))
    home = tmp_path / "home"
    exports = shutil.copytree(exported_model / "exports" / shipped.hash12, home / "models" / "exports" / shipped.hash12)
    make_home(home)
    own = sibling(shipped, exports.parent, home / "models" / "weights", b"own", 0.3)
    later = sibling(shipped, exports.parent, shipped_folder, b"later", 0.4)
    return Models(home, shipped, own, later)


@pytest.fixture
def town(models: Models) -> Iterator[Town]:
    with open_town(load_settings(models.home)) as town:
        start_model(town)
        steps.add_version(town.units, version_of(models.own, LI, town.clock.now()))
        yield town


def promotions(town: Town) -> list[Promotion]:
    """The newest first."""
    with town.units.reading() as uow:
        return list(uow.models.promotions())


def test_a_running_worker_takes_a_promotion_up_and_a_rollback_without_a_restart(town: Town, models: Models) -> None:
    first = champion_of(town)
    assert first.detector.model == models.shipped.hash12
    assert champion_of(town, first) is first
    steps.promote(town.units, models.own.hash12, LI, town.clock.now(), "")
    assert promotions(town)[0].taken_up_at is None
    second = champion_of(town, first)
    assert second.detector.model == models.own.hash12
    assert promotions(town)[0].taken_up_at is not None
    steps.roll_back(town.units, LI, town.clock.now(), "")
    assert champion_of(town, second).detector.model == models.shipped.hash12


def test_weights_that_are_damaged_leave_the_old_ones_looking_and_are_refused_by_name(
    town: Town, models: Models
) -> None:
    first, before = champion_of(town), town.categories()["litter"].threshold
    models.break_file(models.own)
    steps.promote(town.units, models.own.hash12, LI, town.clock.now(), "")
    assert town.categories()["litter"].threshold == 0.3
    still = champion_of(town, first)
    assert still.detector is first.detector
    assert town.categories()["litter"].threshold == before
    refused = promotions(town)[0]
    assert refused.refused_why is not None and "damaged" in refused.refused_why
    assert champion_of(town).detector.model == models.shipped.hash12, "a process that starts later looks too"
    code, listed = typed(models.home, "model", "list")
    assert code == 0 and f"{models.own.hash12} refused" in listed


def test_what_loads_but_is_not_what_its_card_says_never_looks(town: Town, models: Models) -> None:
    claimed = models.own.model_copy(update={"classes": models.own.classes[::-1]})
    path = models.home / "models" / "weights" / f"{models.own.hash12}.yaml"
    path.write_text(yaml.safe_dump(claimed.model_dump(mode="json")), encoding="utf-8")
    steps.promote(town.units, models.own.hash12, LI, town.clock.now(), "")
    assert champion_of(town).detector.model == models.shipped.hash12
    assert "their card says" in (promotions(town)[0].refused_why or "")


def test_where_nothing_was_before_broken_weights_are_told_not_refused(models: Models) -> None:
    (wiring.WEIGHTS / f"{models.shipped.hash12}.pt").write_bytes(b"junk")
    with open_town(load_settings(models.home)) as town:
        with pytest.raises(WeightsRefused, match="damaged"):
            champion_of(town)
        assert [promotion.refused_at for promotion in promotions(town)] == [None]


def test_errands_look_with_the_champion_of_now_and_keep_what_else_they_have_open(town: Town, models: Models) -> None:
    means = ErrandWorld(town)
    before = means.world()
    assert means.world() is before
    steps.promote(town.units, models.own.hash12, LI, town.clock.now(), "")
    after = means.world()
    assert (before.detector.model, after.detector.model) == (models.shipped.hash12, models.own.hash12)
    assert after.source is before.source


@pytest.mark.xdist_group("prefect")
@pytest.mark.usefixtures("prefect")
def test_a_process_of_many_rounds_looks_with_what_was_promoted_between_two(models: Models) -> None:
    from flows import inspection  # noqa: PLC0415  # prefect reads its settings when imported

    home, street = str(models.home), PaintedStreet(1)
    street.show({})
    with TcpServer(pages(street.served)) as http:
        add_cameras(models.home, street.addresses(http.port))
        inspection.inspect(home, inspection.ALL_VIEWS)
        opened = inspection.standing(home)
        assert opened.world.detector.model == models.shipped.hash12
        assert typed(models.home, "model", "promote", models.own.hash12[:6], "--why", "better")[0] == 0
        inspection.inspect(home, inspection.ALL_VIEWS)
        assert (inspection.standing(home), opened.world.detector.model) == (opened, models.own.hash12)
        assert promotions(opened.town)[0].taken_up_at is not None
    inspection.standing.cache_clear()
    del opened
    gc.collect()


def test_a_new_release_replaces_shipped_weights_once_and_a_towns_own_never(town: Town, models: Models) -> None:
    models.ship(models.next_shipped)
    assert start_model(town).hash12 == models.next_shipped.hash12
    steps.roll_back(town.units, LI, town.clock.now(), "the old ones were better here")
    assert start_model(town).hash12 == models.shipped.hash12, "nobody's decision is undone by a start"
    steps.promote(town.units, models.own.hash12, LI, town.clock.now(), "")
    models.ship(models.shipped)
    assert start_model(town).hash12 == models.own.hash12


def test_shipped_weights_that_are_broken_do_not_stop_an_installation_that_runs(town: Town, models: Models) -> None:
    (wiring.WEIGHTS / f"{models.next_shipped.hash12}.pt").write_bytes(b"junk")
    models.ship(models.next_shipped)
    assert start_model(town).hash12 == models.shipped.hash12
    assert len(promotions(town)) == 1


def test_what_an_earlier_release_kept_in_files_is_carried_over_once_with_peoples_thresholds(models: Models) -> None:
    folder = models.home / "models"
    (folder / CHOSEN_BEFORE).write_text(models.own.hash12, encoding="utf-8")
    (folder / SHOWN_BEFORE).write_text(json.dumps({"model": models.own.hash12}), encoding="utf-8")
    with open_town(load_settings(models.home)) as town:
        assert typed(models.home, "category", "set", "litter", "--threshold", "0.66")[0] == 0
        assert start_model(town).hash12 == models.own.hash12
        assert SqlCategories(town.engine).get("litter").threshold == 0.66
        assert not (folder / CHOSEN_BEFORE).exists() and not (folder / SHOWN_BEFORE).exists()
        models.ship(models.next_shipped)
        assert start_model(town).hash12 == models.own.hash12, "chosen by the town"
        (made,) = promotions(town)
        assert (made.kind, made.words) == (PromotionKind.first, "carried over")


def test_files_beside_a_new_database_bring_their_measured_thresholds(models: Models) -> None:
    folder = models.home / "models"
    (folder / SHOWN_BEFORE).write_text(json.dumps({"model": models.shipped.hash12}), encoding="utf-8")
    with open_town(load_settings(models.home)) as town:
        assert start_model(town).hash12 == models.shipped.hash12
        measured = {found_by.value: score for found_by, score in models.shipped.thresholds["litter"].items()}
        assert SqlCategories(town.engine).get("litter").threshold == measured["fast"]


@pytest.mark.usefixtures("town")
def test_promoting_and_going_back_are_one_command_each(models: Models) -> None:
    own, shipped = models.own.hash12, models.shipped.hash12
    code, said = typed(models.home, "model", "promote", own[:6], "--why", "fewer bins")
    assert code == 0 and f"before: {shipped}" in said, said
    assert "champion already" in typed(models.home, "model", "use", own[:6])[1]
    code, said = typed(models.home, "model", "rollback")
    assert code == 0 and f"{shipped} looks" in said, said
    models.break_file(models.own)
    for words in (("rollback",), ("promote", own)):
        code, said = typed(models.home, "model", *words)
        assert code == 1 and "damaged" in said
    with open_town(load_settings(models.home)) as town:
        assert [promotion.model for promotion in promotions(town)] == [shipped, own, shipped]


def test_the_gates_no_holds_until_somebody_says_anyway(town: Town, models: Models) -> None:
    rules = [{"code": "speed", "passed": True, "en": "fast"}, {"code": "recall", "passed": False, "en": "litter fell"}]
    challenger = Proposal(
        models.own.hash12, models.shipped.hash12, town.clock.now(), False, {"passed": False, "rules": rules}, "r"
    )
    with town.units.writing() as uow:
        proposal_id = uow.models.propose(challenger)
    assert "the gate says reject" in typed(models.home, "model", "list")[1]
    code, said = typed(models.home, "model", "promote", models.own.hash12)
    assert code == 1 and "litter fell" in said and "fast" not in said
    assert typed(models.home, "model", "promote", models.own.hash12, "--anyway", "--why", "a trial")[0] == 0
    with town.units.reading() as uow:
        decided = uow.models.proposal(proposal_id)
    assert (decided.state.value, decided.words, promotions(town)[0].words) == ("approved", "a trial", "a trial")


@pytest.mark.slow
def test_weights_trained_here_are_added_with_their_lineage(models: Models) -> None:
    weights = shutil.copy(models.home / "models" / "weights" / f"{models.own.hash12}.pt", models.home / "trained.pt")
    lineage = Lineage("patrol", None, (models.shipped.hash12,), {"epochs": 30}, {"litter": {"ap50": 0.9}})
    with open_town(load_settings(models.home)) as town:
        start_model(town)
        added = add_version(town, Path(weights), models.own, lineage)
        assert (added.hash12, added.parents, added.figures["litter"]) == (
            models.own.hash12, (models.shipped.hash12,), {"ap50": 0.9},
        )  # fmt: skip
    told = typed(models.home, "model", "card", models.own.hash12[:6])[1]
    assert "litter.ap50" in told and models.shipped.hash12 in told and "epochs" in told


@pytest.mark.usefixtures("town")
def test_a_card_tells_what_is_known_and_a_comparison_what_changed(models: Models) -> None:
    shipped = typed(models.home, "model", "card")[1]
    assert "litter_ap50" in shipped and "first" in shipped
    compared = typed(models.home, "model", "compare", models.own.hash12[:6])[1]
    assert "-0.44" in compared, compared
    assert typed(models.home, "model", "compare", "ffff")[0] == 1


def test_a_home_without_any_weights_says_so(models: Models) -> None:
    (wiring.WEIGHTS / "DEFAULT").unlink()
    with open_town(load_settings(models.home)) as town, pytest.raises(NotFound, match="no default weights"):
        champion_of(town)


def test_a_disk_that_takes_no_export_refuses_nothing_and_the_old_ones_look_on(town: Town, models: Models) -> None:
    first = champion_of(town)
    export = models.home / "models" / "exports" / models.own.hash12
    shutil.move(export, models.home / "aside")
    export.write_text("a file where a folder should be", encoding="utf-8")
    steps.promote(town.units, models.own.hash12, LI, town.clock.now(), "")
    assert champion_of(town, first) is first
    export.unlink()
    shutil.move(models.home / "aside", export)
    assert champion_of(town, first).detector.model == models.own.hash12
    assert promotions(town)[0].refused_at is None
