"""Two-wheelers and bins, drawn from the side; each with straight alpha, its foot on the bottom edge."""

import cv2
import numpy as np

from datasets.composer.lettering import lettered
from datasets.composer.sprites import any_colour, blotched, clear, dim, jittered, layered, sheet, stamp, to_width
from datasets.town_camera import Bgra
from datasets.town_texture import Colour

PAINT_PX = 340
TYRE: Colour = (30, 30, 32)
METAL: Colour = (150, 152, 154)
BODIES: tuple[Colour, ...] = (
    (40, 40, 44), (60, 50, 190), (190, 110, 40), (225, 228, 230), (90, 160, 80), (40, 180, 230), (130, 130, 134),
    (170, 140, 210), (120, 60, 30),
)  # fmt: skip


def paint_two_wheeler(rng: np.random.Generator, width_px: int) -> Bgra:
    """A bicycle, an e-bike, a scooter with or without shield and box."""
    width = PAINT_PX
    sprite = clear(int(width * 0.68), width)
    kind = rng.random()
    if kind < 0.25:
        _bicycle(rng, sprite)
    else:
        _scooter(rng, sprite)
    sprite = blotched(rng, sprite, 0.06, 30)
    if rng.random() < 0.5:
        sprite = sprite[:, ::-1].copy()
    squeeze = float(rng.uniform(0.55, 1.0)) if rng.random() < 0.5 else 1.0
    small = to_width(sprite, max(10, width_px))
    if squeeze == 1.0:
        return small
    return np.asarray(cv2.resize(small, (max(6, int(small.shape[1] * squeeze)), small.shape[0])), np.uint8)


def _wheel(sprite: Bgra, centre: tuple[int, int], radius: int, thick: int) -> None:
    cv2.circle(sprite, centre, radius, (*TYRE, 255), thick, cv2.LINE_AA)
    cv2.circle(sprite, centre, max(2, radius // 5), (*METAL, 255), -1, cv2.LINE_AA)
    if thick < radius // 2:
        for angle in np.linspace(0, np.pi, 7)[:-1]:
            reach = np.array([np.cos(angle), np.sin(angle)]) * radius
            start, end = (tuple(int(p) for p in np.array(centre) + sign * reach) for sign in (-1, 1))
            cv2.line(sprite, start, end, (*METAL, 130), 1, cv2.LINE_AA)


def _bicycle(rng: np.random.Generator, sprite: Bgra) -> None:
    height, width = sprite.shape[:2]
    radius = int(width * 0.17)
    back, front = (radius + 8, height - radius - 5), (width - radius - 8, height - radius - 5)
    body = (*jittered(rng, BODIES[int(rng.integers(len(BODIES)))]), 255)
    _wheel(sprite, back, radius, 7)
    _wheel(sprite, front, radius, 7)
    crank, seat = (int(width * 0.44), height - radius), (int(width * 0.36), int(height * 0.3))
    head = (int(width * 0.68), int(height * 0.28))
    for start, end in ((back, crank), (crank, seat), (seat, back), (crank, head), (seat, head), (head, front)):
        cv2.line(sprite, start, end, body, 7, cv2.LINE_AA)
    cv2.ellipse(sprite, (seat[0], seat[1] - 8), (24, 8), 0, 0, 360, (*TYRE, 255), -1, cv2.LINE_AA)
    cv2.line(sprite, head, (head[0] - 4, 28), body, 6, cv2.LINE_AA)
    cv2.line(sprite, (head[0] - 22, 22), (head[0] + 14, 30), (*TYRE, 255), 7, cv2.LINE_AA)
    if rng.random() < 0.5:
        cv2.rectangle(sprite, (head[0] + 8, 36), (head[0] + 60, 88), (*METAL, 200), 4)


def _scooter(rng: np.random.Generator, sprite: Bgra) -> None:
    height, width = sprite.shape[:2]
    radius = int(width * rng.uniform(0.1, 0.15))
    back, front = (int(width * 0.2), height - radius - 4), (int(width * 0.84), height - radius - 4)
    colour = jittered(rng, BODIES[int(rng.integers(len(BODIES)))] if rng.random() < 0.7 else any_colour(rng))
    body, shade = (*colour, 255), (*dim(colour, 0.6), 255)
    for wheel in (back, front):
        _wheel(sprite, wheel, radius, int(radius * 0.55))
    deck = height - radius - 12
    tail = [(12, deck - 66), (40, deck - 84), (int(width * 0.5), deck - 70), (int(width * 0.56), deck - 6), (60, deck)]
    cv2.fillPoly(sprite, [np.array(tail)], body, cv2.LINE_AA)
    cv2.rectangle(sprite, (int(width * 0.3), deck - 14), (int(width * 0.76), deck + 2), shade, -1)
    shield = [(int(width * 0.7), 44), (int(width * 0.75), 40), (int(width * 0.86), deck - 40), (int(width * 0.8), deck),
              (int(width * 0.74), deck)]  # fmt: skip
    cv2.fillPoly(sprite, [np.array(shield)], body, cv2.LINE_AA)
    cv2.line(sprite, (int(width * 0.73), 40), (int(width * 0.84), height - radius), shade, 7, cv2.LINE_AA)
    cv2.fillPoly(sprite, [np.array([(30, deck - 96), (170, deck - 88), (175, deck - 74), (26, deck - 80)])],
                 (*TYRE, 255), cv2.LINE_AA)  # fmt: skip
    cv2.line(sprite, (int(width * 0.64), 34), (int(width * 0.78), 40), (*TYRE, 255), 8, cv2.LINE_AA)
    cv2.ellipse(sprite, (int(width * 0.79), 62), (9, 13), 0, 0, 360, (220, 236, 240, 255), -1, cv2.LINE_AA)
    cv2.circle(sprite, (16, deck - 56), 8, (40, 36, 190, 255), -1, cv2.LINE_AA)
    _extras(rng, sprite, deck)


def _extras(rng: np.random.Generator, sprite: Bgra, deck: int) -> None:
    """What hangs on it: mirrors, a box behind, a basket, a rain cover."""
    width = sprite.shape[1]
    if rng.random() < 0.6:
        cv2.line(sprite, (int(width * 0.7), 38), (int(width * 0.66), 10), (*TYRE, 255), 3, cv2.LINE_AA)
        cv2.ellipse(sprite, (int(width * 0.655), 10), (11, 8), 0, 0, 360, (*TYRE, 255), -1, cv2.LINE_AA)
    if rng.random() < 0.35:
        box = jittered(rng, ((40, 190, 240), (60, 60, 66), (200, 120, 40), (235, 236, 236))[int(rng.integers(4))])
        cv2.rectangle(sprite, (4, deck - 150), (86, deck - 86), (*box, 255), -1)
        cv2.rectangle(sprite, (4, deck - 150), (86, deck - 138), (*dim(box, 0.75), 255), -1)
    if rng.random() < 0.3:
        cv2.rectangle(sprite, (int(width * 0.76), 52), (int(width * 0.92), 100), (*METAL, 190), 4)
    if rng.random() < 0.25:
        cover = any_colour(rng)
        sheet_of = [
            (int(width * 0.62), 30),
            (int(width * 0.84), 36),
            (int(width * 0.93), deck - 50),
            (int(width * 0.6), deck - 40),
        ]
        cv2.fillPoly(sprite, [np.array(sheet_of)], (*cover, 245), cv2.LINE_AA)


def paint_bin(rng: np.random.Generator, width_px: int) -> Bgra:
    """A closed bin: on wheels, or a pair of sorted ones, or a steel one of the street."""
    width = 160
    height = int(width * rng.uniform(1.3, 1.8))
    sprite = clear(height, width)
    colour = jittered(
        rng, ((70, 120, 50), (160, 90, 40), (50, 50, 190), (90, 90, 94), (40, 40, 44))[int(rng.integers(5))]
    )
    lid = int(height * 0.16)
    body = np.array([(14, lid), (width - 14, lid), (width - 26, height - 10), (26, height - 10)])
    cv2.fillPoly(sprite, [body], (*colour, 255), cv2.LINE_AA)
    cv2.ellipse(
        sprite, (width // 2, lid), (width // 2 - 6, lid - 4), 0, 180, 360, (*dim(colour, 1.2), 255), -1, cv2.LINE_AA
    )
    cv2.rectangle(sprite, (6, lid - 4), (width - 6, lid + 12), (*dim(colour, 0.8), 255), -1)
    for share in (0.3, 0.5, 0.7):
        cv2.line(
            sprite, (int(width * share), lid + 24), (int(width * share), height - 24), (*dim(colour, 0.85), 255), 3
        )
    for x in (34, width - 34):
        cv2.circle(sprite, (x, height - 12), 11, (*TYRE, 255), -1, cv2.LINE_AA)
    label = sheet(30, 60, (240, 242, 242))
    stamp(
        label, lettered(rng, ("其他", "可回收", "厨余", "垃圾")[int(rng.integers(4))], 18), (30, 15), dim(colour, 0.7)
    )
    layered(sprite, label, width // 2 - 30, int(height * 0.4))
    return to_width(blotched(rng, sprite, 0.06, 40), max(6, width_px))
