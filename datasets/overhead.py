"""Streets seen from a high camera, drawn: bare ground with its marks, vehicles from above, people, litter.

`python -m datasets.overhead --out FOLDER --count N --seed S --stock SOURCE` writes a source folder. Without such
pictures a network takes a white car seen from above for litter.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from rich.progress import track

from datasets.composer.cutouts import LitterStock, heap_cutout, litter_cutout, stock_of
from datasets.composer.oblique import Body, Cover, Eye, an_eye, cast_shadows, draw_body
from datasets.composer.overhead_cars import car_body, scooter_body, three_wheeler_body, truck_body, van_body
from datasets.composer.overhead_ground import Street, a_street, paint_ground
from datasets.composer.overhead_people import person_body, umbrella_body
from datasets.composer.paste import SEEN_ALPHA, ground_shadow, in_shares, paste, settled
from datasets.composer.sprites import rotated
from datasets.composer.vehicles import paint_two_wheeler
from datasets.composer.weather import Degrading, degrade
from datasets.composer.workwear import paint_cone, paint_stone
from datasets.source import IMAGES, LABELS, LabelledBox, Source, write_boxes, write_source
from datasets.town_camera import Bgr, Bgra
from pipeline.domain.errors import BadInput

CLASSES = (
    "litter", "street_business", "charging_cable", "illegal_ad", "car", "truck", "person", "two_wheeler", "umbrella",
)  # fmt: skip
NOTES = "Vans are boxed as cars, cargo tricycles as trucks. A box holds what is left to see of a thing."
SIZE = (1280, 720)
QUALITY = 90
WEATHER = Degrading(0.3, 0.08, 0.05, 0.12, 0.45, 0.08, 0.4, 0.3)
LEAST_IN_FRAME = 0.12
"""Share of a body's whole outline box that must lie in the frame for it to be labelled."""
LEAST_UNCOVERED = 0.3
LEAST_CONTRAST = 6.0
"""Deviation of grey levels below which dark and blur have swallowed a piece of litter."""
MAKERS: tuple[tuple[str, Callable[[np.random.Generator, tuple[float, float], float], Body], float], ...] = (
    ("car", car_body, 0.72), ("car", van_body, 0.12), ("truck", truck_body, 0.1), ("truck", three_wheeler_body, 0.06),
)  # fmt: skip
MOST_VEHICLES = 6
APART_M = 0.9
"""Vehicles stand at least so far from each other, between circles of half their length."""
LITTER_SHARE, HEAP_SHARE, MOST_LITTER = 0.36, 0.2, 5
LITTER_PX, HEAP_PX = (12, 90), (50, 200)
FARTHEST_M = 70.0
ASLANT = 50.0
"""Cameras that look down less than this see the side of a two-wheeler, so the ones drawn from the side fit in."""
FLATTENED = (0.55, 0.9)
WHEELER_M = (1.6, 1.9)


@dataclass(slots=True)
class Canvas:
    """The picture in the making. `owner` (h, w) tells for each pixel which thing, counted from 1, is uppermost."""

    bgr: Bgr
    owner: NDArray[np.uint8] = field(init=False)
    names: list[str] = field(default_factory=list)
    painted: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.owner = np.zeros(self.bgr.shape[:2], np.uint8)

    def note(self, name: str, cover: Cover) -> None:
        """What was painted last covers what was there; a name without a class only covers."""
        height, width = cover.alpha.shape
        seen = cover.alpha > SEEN_ALPHA
        self.names.append(name)
        self.painted.append(int(seen.sum()))
        self.owner[cover.top : cover.top + height, cover.left : cover.left + width][seen] = len(self.names)

    def boxes(self) -> list[LabelledBox]:
        """Tight around what is left to see of each thing; what is covered for the most part has none."""
        found = []
        for number, (name, painted) in enumerate(zip(self.names, self.painted, strict=True), 1):
            left = np.asarray(self.owner == number, np.uint8)
            shown = cv2.countNonZero(left)
            if name in CLASSES and shown > 0 and shown >= LEAST_UNCOVERED * painted:
                x, y, wide, high = cv2.boundingRect(left)
                found.append(LabelledBox(name, in_shares((x, y, x + wide, y + high), SIZE)))
        return found


def compose_overhead(rng: np.random.Generator, stock: LitterStock) -> tuple[Bgr, list[LabelledBox]]:
    """One picture (720, 1280, 3) and its boxes; the same generator state and stock give the same picture."""
    eye = an_eye(rng, SIZE)
    street = a_street(rng, eye)
    canvas = Canvas(paint_ground(rng, eye, street))
    _litter(rng, canvas, stock)
    sun = _sun(rng)
    bodies = _bodies(rng, eye, street)
    cast_shadows(canvas.bgr, eye, [body for _, body in bodies], sun, float(rng.uniform(0.05, 0.6)))
    _sprites(rng, canvas, eye)
    for name, body in bodies:
        cover = draw_body(rng, canvas.bgr, eye, body, sun)
        if cover is not None:
            canvas.note(name if _is_enough(eye, body) else "", cover)
    taken = degrade(rng, canvas.bgr, WEATHER)
    return taken, [one for one in canvas.boxes() if one.name != "litter" or _is_seen(taken, one)]


def _sun(rng: np.random.Generator) -> NDArray[np.float64]:
    high, round_ = rng.uniform(0.45, 1.45), rng.uniform(0, 2 * np.pi)
    return np.array([np.cos(high) * np.cos(round_), np.cos(high) * np.sin(round_), np.sin(high)])


def _is_enough(eye: Eye, body: Body) -> bool:
    """Whether enough of a body lies in the frame to tell what it is."""
    outline = eye.project(body.points)
    low, high = outline.min(axis=0), outline.max(axis=0)
    inside = np.maximum(np.minimum(high, SIZE) - np.maximum(low, 0), 0)
    return bool(inside.prod() >= LEAST_IN_FRAME * (high - low).prod())


def _is_seen(bgr: Bgr, labelled: LabelledBox) -> bool:
    box = labelled.box.grown(0.15)
    part = bgr[int(max(0, box.top) * SIZE[1]) : int(box.bottom * SIZE[1]) + 1,
               int(max(0, box.left) * SIZE[0]) : int(box.right * SIZE[0]) + 1]  # fmt: skip
    return float(part.std(axis=(0, 1)).max()) >= LEAST_CONTRAST


def _place(rng: np.random.Generator, eye: Eye, room: float) -> tuple[float, float] | None:
    """Metres of a place that the frame shows, or that lies outside by up to `room` of its sides."""
    at = eye.ground_at(*(float(rng.uniform(-room, 1 + room)) * side for side in SIZE))
    return at if at is not None and np.hypot(*at) < FARTHEST_M else None


def _bodies(rng: np.random.Generator, eye: Eye, street: Street) -> list[tuple[str, Body]]:
    """All that stands, none in another, the far ones first, umbrellas after who holds them."""
    bodies: list[tuple[str, Body]] = []
    along = float(np.degrees(street.turn))
    chances = np.array([chance for _, _, chance in MAKERS])
    for _ in range(int(rng.integers(0, MOST_VEHICLES + 1))):
        name, make, _ = MAKERS[int(rng.choice(len(MAKERS), p=chances))]
        heading = along + float(rng.choice([0, 90, 180, 270])) + float(rng.normal(0, 7))
        _add(bodies, name, make, (_place(rng, eye, 0.12), heading if rng.random() < 0.75 else rng.uniform(0, 360)), rng)
    for _ in range(int(rng.integers(1, 7)) if rng.random() < 0.25 else 0):
        _add(bodies, "two_wheeler", scooter_body, (_place(rng, eye, 0.03), float(rng.uniform(0, 360))), rng)
    for _ in range(int(rng.integers(1, 6)) if rng.random() < 0.4 else 0):
        at = _place(rng, eye, 0.03)
        if _add(bodies, "person", person_body, (at, float(rng.uniform(0, 360))), rng) and rng.random() < 0.18:
            bodies.append(("umbrella", umbrella_body(rng, at or (0, 0), 0.0, parasol=False)))
    if rng.random() < 0.06:
        _add(bodies, "umbrella", _parasol, (_place(rng, eye, 0.03), 0.0), rng)
    return sorted(bodies, key=lambda one: -float(np.linalg.norm(one[1].foot.mean(axis=0) - eye.place)))


def _parasol(rng: np.random.Generator, at: tuple[float, float], heading: float) -> Body:
    return umbrella_body(rng, at, heading, parasol=True)


def _add(
    bodies: list[tuple[str, Body]],
    name: str,
    make: Callable[[np.random.Generator, tuple[float, float], float], Body],
    stand: tuple[tuple[float, float] | None, float],
    rng: np.random.Generator,
) -> bool:
    at, heading = stand
    if at is None:
        return False
    body = make(rng, at, heading)
    if any(_too_close(body, other) for _, other in bodies):
        return False
    bodies.append((name, body))
    return True


def _too_close(first: Body, second: Body) -> bool:
    """Whether feet, widened by half of APART_M each, overlap."""
    hulls = []
    for body in (first, second):
        middle = body.foot[:, :2].mean(axis=0)
        sides = body.foot[:, :2] - middle
        reach = np.linalg.norm(sides, axis=1, keepdims=True)
        hulls.append((middle + sides * (1 + APART_M / 2 / reach)).astype(np.float32))
    return bool(cv2.intersectConvexConvex(hulls[0], hulls[1])[0] > 0)


def _litter(rng: np.random.Generator, canvas: Canvas, stock: LitterStock) -> None:
    """Up to five pieces or heaps, lying any way round, none on another."""
    for _ in range(int(rng.integers(1, MOST_LITTER + 1)) if rng.random() < LITTER_SHARE else 0):
        heap = rng.random() < HEAP_SHARE
        wide = int(np.exp(rng.uniform(*np.log(HEAP_PX if heap else LITTER_PX))))
        piece = heap_cutout(rng, stock, wide) if heap else rotated(litter_cutout(rng, stock, wide), rng.uniform(0, 360))
        left, top = (
            int(rng.uniform(0, max(1, side - reach))) for side, reach in zip(SIZE, piece.shape[1::-1], strict=True)
        )
        if not canvas.owner[top : top + piece.shape[0], left : left + piece.shape[1]].any():
            _lay(canvas, "litter", piece, left, top)


def _sprites(rng: np.random.Generator, canvas: Canvas, eye: Eye) -> None:
    """Two-wheelers drawn from the side where the camera looks aslant; cones and stones, which are no litter."""
    for _ in range(int(rng.integers(1, 4)) if eye.pitch < ASLANT and rng.random() < 0.3 else 0):
        _stand(rng, canvas, eye, "two_wheeler")
    for _ in range(int(rng.integers(1, 4)) if rng.random() < 0.12 else 0):
        _stand(rng, canvas, eye, "")


def _stand(rng: np.random.Generator, canvas: Canvas, eye: Eye, name: str) -> None:
    at = _place(rng, eye, 0.0)
    if at is None:
        return
    metre = eye.px_per_m(at)
    if name:
        side = paint_two_wheeler(rng, int(metre * rng.uniform(*WHEELER_M)))
        sprite = np.asarray(cv2.resize(side, (side.shape[1], max(4, int(side.shape[0] * rng.uniform(*FLATTENED))))))
    else:
        sprite = (paint_cone if rng.random() < 0.6 else paint_stone)(rng, int(metre * rng.uniform(0.3, 0.5)))
    x, foot = eye.project(np.array([[*at, 0.0]]))[0]
    left, top = int(x) - sprite.shape[1] // 2, int(foot) - sprite.shape[0]
    inside = left >= 0 and top >= 0 and left + sprite.shape[1] <= SIZE[0] and foot <= SIZE[1]
    if inside and not canvas.owner[top : int(foot), left : left + sprite.shape[1]].any():
        ground_shadow(canvas.bgr, left, left + sprite.shape[1], int(foot) - 1, float(rng.uniform(0.2, 0.5)))
        _lay(canvas, name, np.asarray(sprite, np.uint8), left, top)


def _lay(canvas: Canvas, name: str, sprite: Bgra, left: int, top: int) -> None:
    """A sprite that lies wholly in the frame."""
    if paste(canvas.bgr, settled(canvas.bgr, sprite, left, top), left, top) is not None:
        alpha = sprite[: SIZE[1] - top, : SIZE[0] - left, 3]
        canvas.note(name, Cover(left, top, alpha))


def overhead_source(folder: Path) -> Source:
    return Source(
        folder, "overhead", "as its cut-outs: look at theirs before passing it on",
        "drawn by this project: python -m datasets.overhead; litter cut from the stock", NOTES,
        CLASSES, {name: name for name in CLASSES}, frozenset(CLASSES),
    )  # fmt: skip


def write_overhead(
    order: tuple[Path, int, int, str], stock: Sequence[Path], told: Callable[[range], Iterable[int]] = iter
) -> None:
    """Write `order` = (folder, count, seed, split); litter is cut from that split of the `stock` sources.

    Raises BadInput.
    """
    out, count, seed, split = order
    cv2.setNumThreads(1)
    cut_from = stock_of(stock, split)
    write_source(out, overhead_source(out))
    for folder in (IMAGES, LABELS):
        (out / split / folder).mkdir(parents=True, exist_ok=True)
    for number in told(range(count)):
        picture, boxes = compose_overhead(np.random.default_rng([seed, number]), cut_from)
        stem = f"overhead_{seed}_{number:05d}"
        if not cv2.imwrite(str(out / split / IMAGES / f"{stem}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY]):
            raise BadInput(f"{stem}.jpg cannot be written to {out}: is the disk full?")
        write_boxes(out / split / LABELS / f"{stem}.txt", boxes, CLASSES)


def main(
    out: Annotated[Path, typer.Option(help="the source folder to write")],
    stock: Annotated[list[Path], typer.Option(help="source folders that lend litter; may be given often")],
    count: Annotated[int, typer.Option(min=1, help="how many pictures")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="the same seed draws the same pictures")] = 1,
    split: Annotated[str, typer.Option(help="of the stock and of what is written: train, val or test")] = "train",
) -> None:
    """Write drawn streets seen from above, with exact boxes of vehicles, people and litter."""
    try:
        write_overhead((out, count, seed, split), stock, lambda numbers: track(numbers, description="pictures"))
    except BadInput as error:
        sys.exit(str(error))


if __name__ == "__main__":
    typer.run(main)
