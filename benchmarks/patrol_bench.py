"""An installation in a scratch folder whose cameras are lists in memory: for measuring the rest of the way."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import numpy as np

from flows.installing import install
from flows.wiring import ROOT, WEIGHTS, assess_rules, open_town, world_of
from models.detector import OpenVinoDetector
from models.registry import Registry
from pipeline.adapters.camera_lists import CameraRow
from pipeline.adapters.picture import Picture, encode_jpeg
from pipeline.domain.camera import SourceKind, View
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.errors import CaptureFailed
from pipeline.domain.frame import Frame
from pipeline.domain.geometry import Box
from pipeline.domain.site import Site, SiteKind
from pipeline.settings import load_settings
from pipeline.steps.visit import visit_views
from pipeline.steps.world import Terms

EXPORTS = ROOT / "var" / "bench" / "exports"
"""Kept between runs: exporting is set-up, not speed."""
ROUND_EVERY = timedelta(minutes=5)


def bare_detector() -> OpenVinoDetector:
    registry = Registry(WEIGHTS, EXPORTS)
    card = registry.default()
    return OpenVinoDetector(registry.exported(card), card)


def link_exports(home: Path) -> None:
    """Let an installation use the exports that are there already."""
    EXPORTS.mkdir(parents=True, exist_ok=True)
    (home / "models").mkdir(parents=True)
    (home / "models" / "exports").symlink_to(EXPORTS, target_is_directory=True)


class ListSource:
    """The port FrameSource over JPEGs in memory."""

    def __init__(self) -> None:
        self.frames: dict[int, bytes] = {}
        self.at: datetime | None = None

    def capture(self, views: Sequence[View], deliver: Callable[[View, Frame | Exception], None]) -> None:
        for view in views:
            try:
                picture = Picture.from_bytes(self.frames[view.id])
            except CaptureFailed as failure:
                deliver(view, failure)
                continue
            assert self.at is not None
            deliver(view, Frame(picture, picture.width, picture.height, self.at, self.at, SourceKind.http))


class Bench:
    """Rounds over `count` views, five minutes apart by their frames' time."""

    def __init__(self, home: Path, count: int, start: datetime) -> None:
        self._stack = ExitStack()
        link_exports(home)
        install(home, "bench", lambda _line: None)
        self._home = home
        self._at = start
        self._town = self._stack.enter_context(open_town(load_settings(home)))
        site = Site("点位", SiteKind.main_road, False, True, "", None, {})
        rows = [CameraRow(f"相机{number}", site, f"http://127.0.0.1/{number}.jpg", None) for number in range(count)]
        self._town.fleet.import_cameras(rows, {}, start)
        self._source = ListSource()
        self._world = replace(world_of(self._town), source=self._source)
        self._warm_up()
        self._views = self._town.fleet.views()
        self.outcomes: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _warm_up(self) -> None:
        """The second look loads its reading networks (1 s) at the first doubtful ad of a process: set-up, not speed."""
        look = self._world.second_look
        if look is None:
            return
        picture = Picture.from_bytes(encode_jpeg(np.full((360, 640, 3), 128, np.uint8)))
        frame = Frame(picture, picture.width, picture.height, self._at, self._at, SourceKind.http)
        sign = Detection(Box(0.4, 0.4, 0.5, 0.5), "illegal_ad", 0.5, Pass.fast, "warm-up")
        look.review(frame, [sign])

    def round(self, frames: Sequence[bytes], fine: bool = False) -> None:
        self._at += ROUND_EVERY
        views = self._views[: len(frames)]
        self._source.at = self._at
        self._source.frames = {view.id: content for view, content in zip(views, frames, strict=True)}
        ref = self._town.rounds.begin("bench", [view.id for view in views], self._at).ref
        passes = {view.id: frozenset({Pass.fine}) for view in views} if fine else {}
        terms = Terms(
            categories=self._town.categories(),
            zone=self._town.settings.town_zone,
            rules=assess_rules(self._town.settings),
            fine_every=timedelta(days=1),
            passes=passes,
        )
        self.outcomes += visit_views(ref, views, self._world, terms).outcomes

    def settle(self) -> None:
        """Start counting outcomes anew."""
        self.outcomes = Counter()

    def kept_bytes(self) -> int:
        return sum(path.stat().st_size for path in self._home.glob("images/*/*"))
