"""Where charging cables run: from windows, wall boxes and upper floors to two-wheelers, strips, loose ends."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.composer.background import OPENINGS
from datasets.composer.cables import (
    Hang,
    Look,
    Path2,
    any_look,
    coil,
    draw_path,
    knotted,
    moved,
    route,
    spiral,
)  # fmt: skip
from datasets.composer.paste import cast_shadow, ground_shadow
from datasets.composer.sprites import dim, sheet, tilted
from datasets.composer.stage import TRACE_STEP_PX, Mix, Painted, Stage, Trace, foot_place, stand
from datasets.composer.standing import a_two_wheeler
from datasets.town_texture import Colour
from pipeline.domain.geometry import Box

CABLE_PX = (1.0, 4.2)
USUAL_PX = 2.0
HANGS: dict[Hang, float] = {Hang.drop: 0.36, Hang.sag: 0.26, Hang.taut: 0.1, Hang.slack: 0.18, Hang.taped: 0.1}
LYING: dict[Hang, float] = {Hang.slack: 0.7, Hang.sag: 0.15, Hang.taut: 0.15}
BUNDLE = ((1, 2, 3, 5), (0.74, 0.13, 0.09, 0.04))
TONES: tuple[Colour, ...] = ((235, 238, 238), (40, 42, 44), (40, 110, 230), (60, 60, 190), (120, 122, 124))


def put_cables(stage: Stage, mix: Mix) -> None:
    if not stage.chance(mix.cable):
        return
    chances = np.array([chance for _, chance in RUNS])
    for _ in range(int(stage.rng.integers(1, mix.cables + 1))):
        RUNS[int(stage.rng.choice(len(RUNS), p=chances / chances.sum()))][0](stage)


def _to_two_wheeler(stage: Stage) -> None:
    start = _outlet(stage)
    end, vehicle = _charged(stage, _end_near(stage, start))
    _lay_run(stage, start, end, HANGS)
    stage.note(Painted.two_wheeler, vehicle)


def _to_several(stage: Stage) -> None:
    """A fan: one window, two or three two-wheelers side by side."""
    start = _outlet(stage)
    first = _end_near(stage, start)
    for number in range(int(stage.rng.integers(2, 4))):
        end, vehicle = _charged(
            stage, moved(first, number * float(stage.rng.uniform(0.9, 1.8)) * stage.scene.px_per_m, 0)
        )
        _lay_run(stage, start + stage.rng.normal(0, 4, 2), end, HANGS)
        stage.note(Painted.two_wheeler, vehicle)


def _from_above(stage: Stage) -> None:
    """From a floor that the picture does not show."""
    start = np.array([stage.rng.uniform(0.05, 0.95) * stage.scene.size[0], -15.0])
    end, vehicle = _charged(stage, _end_near(stage, start))
    _lay_run(stage, start, end, {Hang.drop: 0.4, Hang.taut: 0.2, Hang.sag: 0.3, Hang.slack: 0.1})
    stage.note(Painted.two_wheeler, vehicle)


def _to_strip(stage: Stage) -> None:
    """Down to a socket strip or reel, and often on from there to a two-wheeler."""
    start = _outlet(stage)
    strip = _socket(stage, _end_near(stage, start))
    _lay_run(stage, start, strip, HANGS)
    if stage.chance(0.6):
        _strip_to_wheels(stage, strip)


def _along_the_ground(stage: Stage) -> None:
    """From a strip, a door or from beyond the picture's side along the pavement."""
    rng, foot = stage.rng, foot_place(stage)
    x = float(rng.uniform(0, stage.scene.size[0]))
    strip = np.array([x, float(foot)])
    if rng.random() < 0.3:
        strip[0] = float(rng.choice([-12, stage.scene.size[0] + 12]))
    else:
        strip = _socket(stage, strip)
    _strip_to_wheels(stage, strip)


def _strip_to_wheels(stage: Stage, strip: Path2) -> None:
    reach = float(stage.rng.uniform(0.8, 3.5)) * stage.scene.px_per_m_at(strip[1]) * float(stage.rng.choice([-1, 1]))
    if not 0 < strip[0] + reach < stage.scene.size[0]:
        reach = -reach
    end, vehicle = _charged(stage, moved(strip, reach, 0))
    _lay_run(stage, strip, end, LYING)
    stage.note(Painted.two_wheeler, vehicle)


def _loose(stage: Stage) -> None:
    """Hanging free, its rest in a coil or its plug in the air or on the ground."""
    start = _outlet(stage)
    foot = foot_place(stage)
    fall = float(stage.rng.uniform(0.3, 1.0)) * (foot - start[1])
    end = moved(start, float(stage.rng.normal(0, 0.25)) * stage.scene.px_per_m, fall)
    _lay_run(stage, start, end, {Hang.drop: 0.35, Hang.slack: 0.3, Hang.taut: 0.2, Hang.taped: 0.15}, loose=True)


def _out_of_sight(stage: Stage) -> None:
    start = _outlet(stage)
    side = float(stage.rng.choice([-12, stage.scene.size[0] + 12]))
    end = np.array([side, stage.rng.uniform(min(start[1], stage.scene.ground_y), stage.scene.size[1])])
    _lay_run(stage, start, end, {Hang.sag: 0.6, Hang.taut: 0.15, Hang.slack: 0.25})


def _across(stage: Stage) -> None:
    """From one opening to another or to a box elsewhere on the wall, sagging between."""
    start, end = _outlet(stage), _outlet(stage)
    _lay_run(stage, start, end, {Hang.sag: 0.7, Hang.slack: 0.15, Hang.taped: 0.15})


RUNS: tuple[tuple[Callable[[Stage], None], float], ...] = (
    (_to_two_wheeler, 0.4), (_to_strip, 0.14), (_along_the_ground, 0.11), (_loose, 0.11), (_out_of_sight, 0.07),
    (_across, 0.06), (_from_above, 0.07), (_to_several, 0.04),
)  # fmt: skip


def _outlet(stage: Stage) -> Path2:
    """Where the cable leaves: a window's sill or gap, a door, a wall box; anywhere on the wall at need."""
    rng, scene = stage.rng, stage.scene
    openings = [sides for sides in scene.of(OPENINGS) if sides[1] < scene.ground_y - 30]
    if openings and stage.chance(0.75):
        x1, y1, x2, y2 = openings[int(rng.integers(len(openings)))]
        low = y2 if stage.chance(0.7) else rng.uniform(y1 + 0.3 * (y2 - y1), y2)
        return np.array([rng.uniform(x1, x2), min(float(low), scene.ground_y - 20.0)])
    point = np.array([rng.uniform(0.05, 0.95) * scene.size[0], rng.uniform(0.05, 0.85) * scene.ground_y])
    if stage.chance(0.6):
        _wall_box(stage, point)
    return point


def _wall_box(stage: Stage, point: Path2) -> None:
    side = int(np.clip(stage.rng.uniform(0.1, 0.3) * stage.scene.px_per_m, 5, 26))
    tone = TONES[int(stage.rng.integers(len(TONES)))]
    box = sheet(int(side * stage.rng.uniform(0.8, 1.5)), side, tone)
    cv2.rectangle(box, (0, 0), (box.shape[1] - 1, box.shape[0] - 1), (*dim(tone, 0.7), 255), 1)
    left, top = int(point[0] - side / 2), int(point[1] - box.shape[0] + 1)
    cast_shadow(stage.scene.bgr, box, left, top, (1, 2), 0.35)
    stage.settle(box, left, top)


def _end_near(stage: Stage, start: Path2) -> Path2:
    """A place on the ground within a few metres of below `start`."""
    rng, foot = stage.rng, foot_place(stage)
    reach = float(rng.uniform(0.2, 3.5)) * stage.scene.px_per_m_at(foot) * float(rng.choice([-1, 1]))
    return np.array([np.clip(start[0] + reach, 6, stage.scene.size[0] - 6), foot - 2.0])


def _charged(stage: Stage, end: Path2) -> tuple[Path2, Box | None]:
    """A two-wheeler about at `end`: the place on it where the cable ends, and its box (None where it lies outside)."""
    rng, foot = stage.rng, int(end[1]) + 2
    sprite = a_two_wheeler(stage, foot)
    left = int(end[0] - rng.uniform(0.1, 0.9) * sprite.shape[1])
    box = stand(stage, sprite, foot, left)
    if box is None:
        return end, None
    socket = np.array([left + rng.uniform(0.2, 0.75) * sprite.shape[1], foot - rng.uniform(0.2, 0.6) * sprite.shape[0]])
    return np.clip(socket, 2, np.array(stage.scene.size) - 3.0), box


def _socket(stage: Stage, end: Path2) -> Path2:
    """A socket strip, a reel or a charger on the ground."""
    rng, scale = stage.rng, stage.scene.px_per_m_at(end[1])
    long = int(np.clip(rng.uniform(0.2, 0.45) * scale, 8, 60))
    tone = TONES[int(rng.integers(len(TONES)))]
    if rng.random() < 0.65:
        strip = sheet(max(4, long // 4), long, tone)
        for x in range(2, long - 2, max(3, long // 5)):
            cv2.rectangle(strip, (x, 1), (x + max(1, long // 12), max(1, strip.shape[0] - 2)), (60, 60, 62, 255), 1)
        strip = tilted(rng, strip, 0.05)
    else:
        strip = np.zeros((long, long, 4), np.uint8)
        cv2.circle(strip, (long // 2, long // 2), long // 2 - 1, (*tone, 255), -1, cv2.LINE_AA)
        cv2.circle(strip, (long // 2, long // 2), long // 4, (*dim(tone, 0.5), 255), max(1, long // 9), cv2.LINE_AA)
    left, top = int(end[0] - strip.shape[1] / 2), int(end[1] - strip.shape[0] / 2)
    ground_shadow(stage.scene.bgr, left, left + strip.shape[1], top + strip.shape[0], 0.35)
    stage.settle(strip, left, top)
    return end


def _lay_run(stage: Stage, start: Path2, end: Path2, hangs: dict[Hang, float], loose: bool = False) -> None:
    """One cable or several side by side, noted as one box where they hang together."""
    rng = stage.rng
    count = int(rng.choice(BUNDLE[0], p=BUNDLE[1]))
    hang = Hang(str(rng.choice(list(hangs), p=np.array(list(hangs.values())))))
    width = float(np.clip(np.exp(rng.normal(np.log(USUAL_PX), 0.45)), *CABLE_PX))
    look = any_look(rng, width)
    paths, boxes = [], []
    for _ in range(count):
        if rng.random() < 0.4:
            look = any_look(rng, width)
        apart = rng.normal(0, 6 if count > 1 else 0, (2, 2))
        path = _styled(stage, route(rng, tuple(start + apart[0]), tuple(end + apart[1]), hang), hang, loose)
        box = _painted(stage, path, look)
        if box is not None:
            paths.append(path)
            boxes.append(box)
            _fittings(stage, path, look, hang, loose)
    if boxes:
        whole = boxes[0]
        for box in boxes[1:]:
            whole = whole.union(box)
        stage.note(Painted.charging_cable, whole)
        stage.traces[whole] = np.vstack([_trace(stage, path) for path in paths])


def _trace(stage: Stage, path: Path2) -> Trace:
    """Points of the path inside the picture, one each TRACE_STEP_PX, in shares."""
    steps = np.hypot(*np.diff(path, axis=0).T)
    along = np.concatenate([[0.0], steps.cumsum()])
    places = np.linspace(0, along[-1], max(2, int(along[-1] / TRACE_STEP_PX)))
    even = np.stack([np.interp(places, along, path[:, axis]) for axis in (0, 1)], axis=1)
    shares = even / np.array(stage.scene.size, np.float64)
    inside = (shares >= 0).all(axis=1) & (shares <= 1).all(axis=1)
    return np.asarray(shares[inside] if inside.any() else np.clip(shares[:1], 0, 1), np.float64)


def _painted(stage: Stage, path: Path2, look: Look) -> Box | None:
    """None, and nothing painted, where an eye could not tell the cable from what is behind it."""
    boxes = stage.visibly(lambda: [box for box in (draw_path(stage.scene.bgr, path, look, _before(stage)),) if box])
    return boxes[0] if boxes else None


def _styled(stage: Stage, path: Path2, hang: Hang, loose: bool) -> Path2:
    """Spring cables, knots, and the rest in a coil."""
    rng = stage.rng
    if hang is not Hang.taped and rng.random() < 0.06:
        path = spiral(path, float(rng.uniform(1.5, 4)), float(rng.uniform(3.5, 8)))
    elif rng.random() < 0.12:
        path = knotted(rng, path)
    if rng.random() < (0.5 if loose else 0.12):
        size = float(rng.uniform(0.15, 0.6)) * stage.scene.px_per_m
        path = np.vstack([path, coil(rng, tuple(path[-1]), size)])
    return path


def _before(stage: Stage) -> NDArray[np.uint8] | None:
    """What hides a stretch of the cable: signs that stand out from the wall, a gap where it runs behind something."""
    if not stage.chance(0.15):
        return None
    width, height = stage.scene.size
    mask = np.zeros((height, width), np.uint8)
    for x1, y1, x2, y2 in stage.scene.of(frozenset({"signboard", "blade_sign"})):
        mask[y1:y2, x1:x2] = 1
    if stage.chance(0.5):
        x, y = stage.rng.uniform(0, 1, 2) * [width, height]
        cv2.ellipse(
            mask, (int(x), int(y)), (int(stage.rng.uniform(8, 40)), int(stage.rng.uniform(8, 40))), 0, 0, 360, (1,), -1
        )
    return mask


def _fittings(stage: Stage, path: Path2, look: Look, hang: Hang, loose: bool) -> None:
    """Tape along the wall, a charger's block on the way, a plug at a loose end."""
    rng = stage.rng
    if hang is Hang.taped:
        tone = dim((190, 195, 196), float(rng.uniform(0.4, 1)))
        for point in path[:: int(rng.integers(6, 20))]:
            _block(stage, point, int(look.width_px * 1.5) + 1, tone)
    if loose and rng.random() < 0.5:
        _block(stage, path[-1], max(2, int(look.width_px * 1.6)), dim(look.colour, 0.8))
    if not loose and rng.random() < 0.2:
        point = path[int(rng.uniform(0.6, 0.97) * (len(path) - 1))]
        _block(stage, point, int(np.clip(0.06 * stage.scene.px_per_m, 2, 8)), (36, 36, 38))


def _block(stage: Stage, point: Path2, size: int, colour: Colour) -> None:
    x, y = int(point[0]), int(point[1])
    high = max(1, round(size * float(stage.rng.uniform(0.5, 1))))
    cv2.rectangle(stage.scene.bgr, (x - size, y - high), (x + size, y + high), colour, -1)
