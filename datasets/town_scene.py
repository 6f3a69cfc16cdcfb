"""One camera's view of a drawn street over time: its frames, and what can be seen in them."""

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from datasets.town_backdrop import CLASS_OF, Backdrop, paint_backdrop, visible_box, window_of
from datasets.town_camera import Bgr, Camera
from datasets.town_light import LIGHTS, Light, SensorNoise, write_caption
from datasets.town_passing import Mover, movers_at
from datasets.town_patches import draw, extent, silhouette
from datasets.town_script import Script, Staged
from datasets.town_street import CableWay, Street
from datasets.town_things import IN_FRONT_M, Laid, Still, lay
from pipeline.domain.geometry import Box

TOWN_ZONE = ZoneInfo("Asia/Shanghai")
GROUND_LEANS = 0.12
"""Towards the camera the ground under a long thing, all but a person, comes nearer by this share of the distance."""
MILLISECONDS = 1000
LABELLED_SHARE = 0.35
"""What passers-by and others hide more of is not labelled."""
FULL_WIDTH_PX = 1920


@dataclass(frozen=True)
class _Laid:
    """A still view with what lies in it, kept until something comes or goes."""

    staged: tuple[Staged, ...]
    still: Still
    laid: tuple[Laid, ...]


class TownScene:
    """One camera's view of a drawn street. The same moment always gives the same picture.

    Painting the street takes a second or two and happens at the first frame, or in `prepare`. Not safe for use by
    two threads at once.
    """

    def __init__(
        self, street: Street, script: Script, started_at: datetime, width_px: int = FULL_WIDTH_PX,
        light: Light | None = None,
    ) -> None:  # fmt: skip
        """`light` stands in for the script's."""
        self.street = street
        self.script = script
        self.started_at = started_at
        self._camera = street.camera.scaled(width_px)
        self._light = light or LIGHTS[script.light]
        self._backdrops: dict[bool, Backdrop] = {}
        self._kept: dict[bool, _Laid] = {}
        size = (self._camera.height_px, self._camera.width_px)
        self._noise = SensorNoise(street.seed, self._light.noise * width_px / FULL_WIDTH_PX, *size, self._light.grey)

    def prepare(self) -> None:
        """Paint the street in every pose that the script needs."""
        for turned in (False, True) if self.script.turn else (False,):
            self.backdrop(turned)

    def frame(self, at: datetime) -> Bgr:
        """(h, w, 3), a new array."""
        elapsed_s, noise_at = self._moment(at)
        turned = self._turned(elapsed_s)
        still = self._lying(turned, elapsed_s).still
        pixels = still.pixels.copy()
        for mover in self._movers(turned, elapsed_s):
            self._pass_by(pixels, still.depth, mover, turned)
        frame = self._noise.add(pixels, noise_at)
        if self.script.number:
            write_caption(frame, self.script.number, self.street.caption, at.astimezone(TOWN_ZONE))
        return frame

    def labels(self, at: datetime) -> list[tuple[str, Box]]:
        """What can be seen: class and box, categories first. What is hidden for the most part is not among them."""
        elapsed_s, _ = self._moment(at)
        turned = self._turned(elapsed_s)
        lying, backdrop = self._lying(turned, elapsed_s), self.backdrop(turned)
        passing, cover = self._passing_labels(lying.still.depth, turned, elapsed_s)
        labels = []
        for one in lying.laid:
            category, free = one.staged.category, one.seen & ~cover[one.window]
            if category and free.sum() >= LABELLED_SHARE * one.whole:
                labels.append((category, one.box))
        standing = [
            (shown.name, shown.box)
            for shown in backdrop.shown
            if (shown.seen(lying.still.depth) & ~cover).sum() >= LABELLED_SHARE * shown.pixels > 0
        ]
        return labels + standing + passing

    def backdrop(self, turned: bool = False) -> Backdrop:
        """Painted once a pose."""
        if turned not in self._backdrops:
            camera = self._camera
            if turned and self.script.turn:
                turn = self.script.turn
                camera = replace(
                    camera, yaw_deg=camera.yaw_deg + turn.yaw_by_deg, pitch_deg=camera.pitch_deg + turn.pitch_by_deg
                )
            self._backdrops[turned] = paint_backdrop(self.street, camera, self._light)
        return self._backdrops[turned]

    def _moment(self, at: datetime) -> tuple[float, int]:
        """Seconds since the start and the moment that picks the noise; a frozen camera knows only its start."""
        elapsed_s = (at - self.started_at).total_seconds()
        return (0.0, 0) if self.script.frozen else (elapsed_s, max(0, round(elapsed_s * MILLISECONDS)))

    def _turned(self, elapsed_s: float) -> bool:
        return self.script.turn is not None and elapsed_s >= self.script.turn.at_s

    def _movers(self, turned: bool, elapsed_s: float) -> list[Mover]:
        if self.script.frozen:
            return []
        camera = self.backdrop(turned).camera
        return movers_at(camera, self.street.passing, self.script.staying, elapsed_s, self.street.seed)

    def _lying(self, turned: bool, elapsed_s: float) -> _Laid:
        camera = self.backdrop(turned).camera
        there = [staged for staged in self.script.staged if staged.is_there(elapsed_s)]
        staged = tuple(sorted(there, key=lambda one: _far_first(camera, one)))
        kept = self._kept.get(turned)
        if kept is None or kept.staged != staged:
            kept = self._lay(staged, turned)
            self._kept = {turned: kept}
        return kept

    def _lay(self, staged: tuple[Staged, ...], turned: bool) -> _Laid:
        backdrop = self.backdrop(turned)
        if not staged:
            return _Laid(staged, Still(backdrop.pixels, backdrop.depth), ())
        still = Still(backdrop.pixels.copy(), backdrop.depth.copy())
        laid = [lay(still, backdrop.camera, self._light, one) for one in staged]
        return _Laid(staged, still, _on_top([one for one in laid if one is not None], still.depth.shape))

    def _passing_labels(
        self, depth: NDArray[np.float32], turned: bool, elapsed_s: float
    ) -> tuple[list[tuple[str, Box]], NDArray[np.bool_]]:
        """Labels of those who pass, and where they cover the still view."""
        camera = self.backdrop(turned).camera
        labels, cover = [], np.zeros(depth.shape, np.bool_)
        for mover in reversed(self._movers(turned, elapsed_s)):
            whole = silhouette(camera, mover.patches)
            seen = whole & ~_before(depth, mover)
            box = visible_box(camera, mover.patches)
            if box and (seen & ~cover).sum() >= LABELLED_SHARE * whole.sum() > 0:
                labels.append((CLASS_OF[mover.kind], box))
            cover |= seen
        return labels, cover

    def _pass_by(self, pixels: Bgr, depth: NDArray[np.float32], mover: Mover, turned: bool) -> None:
        """Draw a mover, then put back what stands before it."""
        camera: Camera = self.backdrop(turned).camera
        window = window_of(extent(camera, mover.patches), pixels)
        if window is None:
            return
        before = pixels[window].copy()
        draw(pixels, camera, mover.patches, self._light)
        np.copyto(pixels[window], before, where=_before(depth[window], mover)[..., None])


def _before(depth: NDArray[np.float32], mover: Mover) -> NDArray[np.bool_]:
    leans = 0.0 if mover.kind == "person" else GROUND_LEANS
    return depth < mover.depth_m * (1 - leans) - IN_FRONT_M


def _far_first(camera: Camera, staged: Staged) -> tuple[bool, float]:
    """Cables come last: they find for themselves what hides them."""
    place = staged.place
    if isinstance(place, CableWay):
        return True, 0.0
    return False, -float(np.hypot(place.x_m - camera.x_m, place.y_m - camera.y_m))


def _on_top(laid: list[Laid], shape: tuple[int, ...]) -> tuple[Laid, ...]:
    """What each still shows after those laid later lie over it."""
    owner = np.full(shape, -1, np.int16)
    for number, one in enumerate(laid):
        owner[one.window][one.seen] = number
    return tuple(replace(one, seen=one.seen & (owner[one.window] == number)) for number, one in enumerate(laid))
