"""Nightly: which of the stored frames that the model was in doubt about people are asked to look at."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog
from prefect import flow

from flows.wiring import Town, champion_card, open_town
from models.embedding import Embedder
from pipeline.adapters.picture import Picture
from pipeline.domain.camera import SourceKind
from pipeline.domain.category import Category
from pipeline.domain.detection import Pass
from pipeline.domain.errors import CaptureFailed, NotFound, StoreFailed, WeightsRefused
from pipeline.domain.frame import Frame
from pipeline.domain.model_version import ProposalState
from pipeline.ports import Detector, FrameRead
from pipeline.settings import load_settings
from pipeline.steps.asking import Asked, queue_frames
from pipeline.steps.shadow import with_thresholds

READ_AT_ONCE = 16
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

log = structlog.get_logger()


@flow(name="asking", validate_parameters=False)
def ask(home: str) -> dict[str, int]:
    """Queue tonight's frames; gives how many, by why they are asked about."""
    with open_town(load_settings(Path(home))) as town:
        return dict(ask_now(town).why)


def ask_now(town: Town) -> Asked:
    asked = queue_frames(town.units, StoredFrames(town), town.settings.ask_daily, town.clock.now())
    log.info("frames_asked", doubtful=asked.doubtful, asked=dict(asked.why), waiting=asked.waiting)
    return asked


class StoredFrames:
    """Port FrameReader: the champion says where a picture lies, a challenger that waits whether it sees anything.

    Neither stands in the way of asking: without the one, frames are chosen by doubt alone, without the other nothing
    differs.
    """

    def __init__(self, town: Town) -> None:
        self._town = town

    def read(self, images: Sequence[str]) -> dict[str, FrameRead]:
        embedder, challenger = self._embedder(), self._challenger()
        found: dict[str, FrameRead] = {}
        for start in range(0, len(images), READ_AT_ONCE):
            pictures = self._pictures(images[start : start + READ_AT_ONCE])
            pixels = [picture.full() for picture in pictures.values()]
            features = embedder.features(pixels) if embedder else [()] * len(pixels)
            differs = _seen_by(challenger, list(pictures.values())) if challenger else [False] * len(pixels)
            read = zip(pictures, features, differs, strict=True)
            found |= {image: FrameRead(vector, other) for image, vector, other in read}
        return found

    def _pictures(self, images: Sequence[str]) -> dict[str, Picture]:
        pictures: dict[str, Picture] = {}
        for image in images:
            try:
                picture = Picture.from_bytes(self._town.images.get(image))
                pictures[image] = Picture.from_pixels(picture.full())
            except (NotFound, StoreFailed, CaptureFailed) as error:
                log.warning("stored_frame_left_out", image=image[:12], reason=str(error))
        return pictures

    def _embedder(self) -> Embedder | None:
        try:
            weights = self._town.registry.weights(champion_card(self._town))
            return Embedder(weights, self._town.settings.home / "ultralytics")
        except (NotFound, WeightsRefused) as error:
            log.warning("no_novelty", reason=str(error))
            return None

    def _challenger(self) -> tuple[Detector, dict[str, Category]] | None:
        with self._town.units.reading() as uow:
            waiting = uow.models.proposals(ProposalState.waiting)
            if not waiting:
                return None
            version, categories = uow.models.get(waiting[0].model), uow.categories()
        try:
            detector = self._town.registry.checked(self._town.registry.card(version.hash12))
        except (NotFound, WeightsRefused) as error:
            log.warning("challenger_left_out", model=version.hash12, reason=str(error))
            return None
        return detector, with_thresholds(categories, version.thresholds)


def _seen_by(challenger: tuple[Detector, dict[str, Category]], pictures: Sequence[Picture]) -> list[bool]:
    """Whether it finds anything where the champion found nothing."""
    detector, categories = challenger
    lowest = min((category.threshold for category in categories.values()), default=1.0)
    found = detector.detect([_frame_of(picture) for picture in pictures], Pass.fast, lowest)
    return [
        any(box.category in categories and box.score >= categories[box.category].threshold for box in boxes)
        for boxes in found
    ]


def _frame_of(picture: Picture) -> Frame:
    """When it was taken says nothing here."""
    return Frame(picture, picture.width, picture.height, EPOCH, EPOCH, SourceKind.replay)
