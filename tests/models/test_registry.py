"""The registry refuses weights that are not what their card says."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
import yaml

from models.card import ModelCard, read_card
from models.detector import OpenVinoDetector
from models.export import MARKER_FILE, exported, sha256_of
from models.registry import Registry
from models.ultralytics_detector import UltralyticsDetector
from pipeline.adapters.picture import Bgr
from pipeline.domain.detection import Pass
from pipeline.domain.errors import NotFound, WeightsRefused
from tests.models.conftest import frame_of, save_untrained
from tests.models.test_detector import F32_IOU, F32_SCORE_CHANGE, agreeing_share

CLASSES = ("litter", "person", "bin")


class Mischief:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.mark,)


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_untrained(tmp_path_factory.mktemp("untrained") / "untrained.pt", CLASSES)


@pytest.fixture(scope="session")
def untrained_export(untrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(untrained, sha256_of(untrained), (384, 640), tmp_path_factory.mktemp("exports") / "fast")


@pytest.fixture
def town(tmp_path: Path, untrained: Path, untrained_export: Path) -> Registry:
    """A registry with the untrained weights as the shipped default, already exported."""
    card = ship(tmp_path / "weights", untrained, {"classes": list(CLASSES)})
    shutil.copytree(untrained_export, tmp_path / "var" / "models" / card.hash12 / "fast")
    (tmp_path / "weights" / "DEFAULT").write_text(card.hash12, encoding="utf-8")
    return Registry(tmp_path / "weights", tmp_path / "var" / "models")


def ship(folder: Path, weights: Path, told: Mapping[str, object]) -> ModelCard:
    """Lay weights and their card into a folder, under the hash that the card claims."""
    folder.mkdir(exist_ok=True)
    page = {"name": "untrained", "sha256": sha256_of(weights), "image_size": [384, 640], **told}
    stem = str(page["sha256"])[:12]
    shutil.copyfile(weights, folder / f"{stem}.pt")
    (folder / f"{stem}.yaml").write_text(yaml.safe_dump(page), encoding="utf-8")
    return read_card(folder / f"{stem}.yaml")


@pytest.mark.slow
def test_weights_from_outside_are_added_once_checked_and_found_by_other_processes(
    town: Registry, tmp_path: Path
) -> None:
    default = town.default()
    other = town.add(save_untrained(tmp_path / "other.pt", ("litter", "bin")))
    assert (other.note, other.classes, other.figures) == ("outside, unmeasured", ("litter", "bin"), {})
    assert town.add(tmp_path / "other.pt") == other
    town.verify(other)
    later = Registry(tmp_path / "weights", tmp_path / "var" / "models")
    assert later.card(other.hash12[:6]) == other
    assert later.available() == [default, other]
    assert (later.ships(default), later.ships(other)) == (True, False)


def test_weights_whose_file_was_changed_are_refused(town: Registry, untrained: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.pt"
    changed.write_bytes(untrained.read_bytes()[:-1] + b"x")
    card = ship(tmp_path / "weights", changed, {"classes": list(CLASSES)})
    (tmp_path / "weights" / f"{card.hash12}.pt").write_bytes(untrained.read_bytes())
    with pytest.raises(WeightsRefused, match="damaged or another file"):
        town.verify(card)


def test_a_file_that_is_no_checkpoint_is_refused(town: Registry, tmp_path: Path) -> None:
    junk = tmp_path / "junk.pt"
    junk.write_bytes(b"no weights" * 1000)
    card = ship(tmp_path / "weights", junk, {"classes": ["litter"]})
    with pytest.raises(WeightsRefused, match="does not load as YOLO weights"):
        town.verify(card)


@pytest.mark.parametrize("claimed", [["litter", "bin", "person"], ["litter", "person"]])
def test_a_class_table_other_than_the_cards_is_refused(
    town: Registry, untrained: Path, tmp_path: Path, claimed: list[str]
) -> None:
    card = ship(tmp_path / "weights", untrained, {"classes": claimed})
    with pytest.raises(WeightsRefused, match="their classes are litter, person, bin; their card says litter"):
        town.verify(card)


def test_a_class_that_nobody_here_knows_is_refused_by_name(town: Registry, untrained: Path, tmp_path: Path) -> None:
    card = ship(tmp_path / "weights", untrained, {"classes": ["litter", "zebra"]})
    with pytest.raises(WeightsRefused, match="zebra"):
        town.verify(card)
    smaller = Registry(tmp_path / "weights", tmp_path / "var" / "models", known=lambda: {"litter", "bin"})
    with pytest.raises(WeightsRefused, match="zebra"):
        smaller.verify(card)


@pytest.mark.slow
def test_weights_run_nothing_of_their_own_when_they_are_read(town: Registry, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    torch.save({"model": Mischief(mark)}, tmp_path / "mischief.pt")
    with pytest.raises(WeightsRefused, match="does not load"):
        town.add(tmp_path / "mischief.pt")
    assert not mark.exists()


def test_a_file_that_is_not_there_cannot_be_added(town: Registry, tmp_path: Path) -> None:
    with pytest.raises(WeightsRefused, match=r"gone\.pt"):
        town.add(tmp_path / "gone.pt")


def test_a_missing_or_ambiguous_hash_is_not_found(town: Registry) -> None:
    for prefix in ("", "nothing"):
        with pytest.raises(NotFound):
            town.card(prefix)


def test_a_broken_card_is_told_by_file_and_field_and_hides_no_other(town: Registry, tmp_path: Path) -> None:
    (tmp_path / "weights" / "0123456789ab.yaml").write_text("name: broken\nsha256: short\n", encoding="utf-8")
    with pytest.raises(WeightsRefused, match=r"0123456789ab\.yaml: sha256"):
        town.card("0123")
    assert town.available() == [town.default()]


@pytest.mark.slow
def test_a_damaged_export_is_made_anew(town: Registry) -> None:
    folder = town.exported(town.default())
    (folder / "network.bin").write_bytes(b"cut short")
    town.exported(town.default())
    marker = json.loads((folder / MARKER_FILE).read_text(encoding="utf-8"))
    assert sha256_of(folder / "network.bin") == marker["files"]["network.bin"]
    assert [path.name for path in folder.parent.iterdir()] == ["fast"], "nothing half-made stays behind"


def test_what_was_exported_works_where_the_weights_cannot_be_loaded(
    town: Registry, drawn_frames: list[Bgr], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/nonexistent/python")
    detector = town.checked(town.default())
    assert len(detector.detect([frame_of(drawn_frames[0])], Pass.fast, 0.3)) == 1


@pytest.mark.slow
def test_a_network_that_suppresses_doubles_itself_is_read_too(drawn_frames: list[Bgr], tmp_path: Path) -> None:
    weights = save_untrained(tmp_path / "end_to_end.pt", CLASSES, "yolo26n.yaml", reach=0.45)
    digest = sha256_of(weights)
    card = ModelCard(name="end to end", sha256=digest, classes=CLASSES, image_size=(384, 640))
    folder = exported(weights, digest, card.image_size, tmp_path / "export" / "fast")
    detector = OpenVinoDetector(folder, card, precision="f32")
    reference = UltralyticsDetector(weights, card.hash12, card.image_size, tmp_path / "config")
    boxes = reference.detect([frame_of(bgr) for bgr in drawn_frames], Pass.fast, 0.0001)
    sure = sorted((box.score for found in boxes for box in found), reverse=True)[20]
    share = agreeing_share(detector, reference, drawn_frames, Pass.fast, sure, (F32_IOU, F32_SCORE_CHANGE))
    assert share == 1.0
