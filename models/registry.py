"""Which weights there are, and that none looks that does not do what its card says.

Shipped weights lie in one folder as `<hash12>.pt` beside their card `<hash12>.yaml`, with a file DEFAULT that names
one of them; a town's own lie in the same layout under its var folder, beside the exports. Which of them looks stands
in the database: see `pipeline.steps.promotion`.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import structlog

from models.card import HASH_LENGTH, ModelCard, card_text, read_card
from models.detector import OpenVinoDetector
from models.export import class_table, exported, exported_classes, is_whole, sha256_of
from pipeline.adapters.picture import Picture
from pipeline.domain.camera import SourceKind
from pipeline.domain.category import DEFAULT_CATEGORIES, HELPER_CLASSES
from pipeline.domain.detection import Pass
from pipeline.domain.errors import NotFound, WeightsRefused
from pipeline.domain.frame import Frame

DEFAULT_FILE = "DEFAULT"
EXPORT_FOLDER = "fast"
"""The fine pass uses the same network, over tiles."""
DEFAULT_IMAGE_SIZE = (384, 640)
NAMES_IN_A_MESSAGE = 10
OUTSIDE_NOTE = "outside, unmeasured"
KNOWN_CLASSES = frozenset(category.code for category in DEFAULT_CATEGORIES) | frozenset(HELPER_CLASSES)
log = structlog.get_logger()
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Registry:
    """Weights by hash.

    `exports_dir` (say `var/models/exports`) holds exports; beside it lies `weights/` for weights added here. `known`
    gives the class names that mean something: category codes and helper classes.
    """

    def __init__(
        self, weights_dir: Path, exports_dir: Path, known: Callable[[], Collection[str]] = lambda: KNOWN_CLASSES
    ) -> None:
        self._shipped = weights_dir
        self._added = exports_dir.parent / "weights"
        self._exports = exports_dir
        self._known = known

    def available(self) -> list[ModelCard]:
        """Cards of all weights that have a readable one, shipped first; broken cards are left out."""
        cards = []
        for path in self._card_files():
            try:
                cards.append(read_card(path))
            except WeightsRefused as error:
                log.warning("model_card_broken", reason=str(error))
        return cards

    def card(self, hash_prefix: str) -> ModelCard:
        """Raises NotFound (also for an ambiguous prefix) and WeightsRefused for a broken card."""
        paths = [path for path in self._card_files() if path.stem.startswith(hash_prefix[:HASH_LENGTH])]
        if len(paths) != 1 or not hash_prefix:
            count = len(paths) if hash_prefix else "no"
            raise NotFound(f"{count} weights answer to {hash_prefix!r}; ./patrol model list shows them")
        card = read_card(paths[0])
        if card.hash12 != paths[0].stem:
            raise WeightsRefused(f"model card {paths[0].name} speaks of other weights ({card.hash12})")
        return card

    def default(self) -> ModelCard:
        """Raises NotFound where none is shipped."""
        try:
            named = (self._shipped / DEFAULT_FILE).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise NotFound(f"no default weights: {DEFAULT_FILE} is missing beside the shipped weights") from error
        return self.card(named)

    def ships(self, card: ModelCard) -> bool:
        """Whether these weights came with the program."""
        return (self._shipped / f"{card.hash12}.yaml").exists()

    def verify(self, card: ModelCard) -> None:
        """Check the file, its class table and one look through it. Raises WeightsRefused with the reason."""
        self.checked(card, threads=1)

    def opened(self, card: ModelCard, threads: int | None = None) -> OpenVinoDetector:
        """Weights that were checked before; their export is enough. Raises WeightsRefused."""
        return OpenVinoDetector(self.exported(card), card, threads)

    def checked(self, card: ModelCard, threads: int | None = None) -> OpenVinoDetector:
        """Ready to look, once all that `verify` checks was found right. Raises WeightsRefused."""
        self._check_hash(card)
        known = self._known()
        unknown = [name for name in card.classes if name not in known]
        if unknown:
            raise WeightsRefused(f"weights {card.hash12} know classes that nobody here does: {_first(unknown)}")
        folder = self.exported(card)
        found = exported_classes(folder)
        if found != card.classes:
            raise WeightsRefused(
                f"weights {card.hash12}: their classes are {_first(found)}; their card says {_first(card.classes)}"
            )
        detector = OpenVinoDetector(folder, card, threads)
        detector.detect([_blank_frame()], Pass.fast, threshold=0.5)
        return detector

    def exported(self, card: ModelCard) -> Path:
        """The folder for OpenVinoDetector; exported now (15 s) where it is not yet. Raises WeightsRefused."""
        folder = self._exports / card.hash12 / EXPORT_FOLDER
        if not is_whole(folder, card.sha256, card.image_size):
            self._check_hash(card)
        return exported(self.weights(card), card.sha256, card.image_size, folder)

    def weights(self, card: ModelCard) -> Path:
        """The .pt file of a card, whether or not it is there."""
        added = self._added / f"{card.hash12}.pt"
        return added if added.exists() else self._shipped / f"{card.hash12}.pt"

    def add(self, weights: Path, card: ModelCard | None = None) -> ModelCard:
        """Copy weights in, without making them current; `card` tells more of them, but hash and classes are read.

        Reading runs in a child process and rebuilds known network classes only. Raises WeightsRefused.
        """
        if not weights.is_file():
            raise WeightsRefused(f"{weights.name} is not a file")
        told = card.model_dump() if card else _unmeasured(weights.stem)
        told |= {"sha256": sha256_of(weights), "classes": class_table(weights)}
        own = ModelCard.model_validate(told)
        self._added.mkdir(parents=True, exist_ok=True)
        _copy_whole(weights, self._added / f"{own.hash12}.pt")
        _write_whole(self._added / f"{own.hash12}.yaml", card_text(own))
        return own

    def _card_files(self) -> list[Path]:
        shipped = sorted(self._shipped.glob("*.yaml"))
        names = {path.name for path in shipped}
        return shipped + [path for path in sorted(self._added.glob("*.yaml")) if path.name not in names]

    def _check_hash(self, card: ModelCard) -> None:
        weights = self.weights(card)
        if not weights.is_file():
            raise WeightsRefused(f"weights {card.hash12}: {weights.name} is missing beside its card")
        if sha256_of(weights) != card.sha256:
            raise WeightsRefused(f"weights {card.hash12}: {weights.name} is damaged or another file (sha256 differs)")


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMES_IN_A_MESSAGE} more" if len(names) > NAMES_IN_A_MESSAGE else ""
    return ", ".join(names[:NAMES_IN_A_MESSAGE]) + more


def _unmeasured(name: str) -> dict[str, object]:
    return {"name": name, "image_size": DEFAULT_IMAGE_SIZE, "note": OUTSIDE_NOTE}


def _blank_frame() -> Frame:
    height, width = DEFAULT_IMAGE_SIZE
    picture = Picture.from_pixels(np.zeros((height, width, 3), np.uint8))
    return Frame(picture, width, height, EPOCH, EPOCH, SourceKind.replay)


def _write_whole(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)


def _copy_whole(source: Path, path: Path) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file, source.open("rb") as content:
        shutil.copyfileobj(content, file)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
