"""An installation whose reviewers have judged something: painted streets, verdicts of several cameras and weeks."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import sqlalchemy as sa

from flows.wiring import Town, open_town
from pipeline.adapters import tables
from pipeline.adapters.database import writing
from pipeline.adapters.tables_desk import sample_readings
from pipeline.domain.geometry import Box
from pipeline.ports import ImageKind, KeptImage
from pipeline.settings import load_settings
from tests.builders import START
from tests.fakes import SteppedClock
from tests.flows.town import PATCH_PX, SLOTS, add_cameras, make_home

CAMERAS = 8
PAINT, OTHER_PAINT = (255, 0, 255), (0, 255, 255)
"""Magenta is litter; yellow is what a model might take for it."""


def judged_home(home: Path, settings: Mapping[str, str], frames: int = 24) -> Path:
    """Every camera and week has its own scene; each frame shows one thing, judged by 王 and looked over."""
    make_home(home, **settings)
    add_cameras(home, [f"http://127.0.0.1:9/{number}.jpg" for number in range(1, CAMERAS + 1)])
    with open_town(load_settings(home)) as town:
        for number in range(frames):
            judge(town, number)
    return home


def judge(town: Town, number: int, whole: bool = True) -> None:
    """One frame more, with its verdict: even numbers are litter, odd ones wet ground."""
    view, slot, right = number % CAMERAS + 1, number % len(SLOTS), number % 2 == 0
    at = START + timedelta(days=number)
    jpeg = _picture(number, slot, PAINT if right else OTHER_PAINT)
    digest = town.images.put(jpeg, ImageKind.evidence)
    x, y = SLOTS[slot]
    box = Box(x / 640, y / 360, (x + PATCH_PX) / 640, (y + PATCH_PX) / 360)
    with town.units.writing() as uow:
        uow.keep_images([KeptImage(digest, ImageKind.evidence, view, len(jpeg), at)])
    verdict = {
        "at": at, "who": "王", "kind": "added" if right else "dismissed", "reason": None if right else "wet_ground",
        "teaches": "positive" if right else "negative", "category": "litter", "left": box.left, "top": box.top,
        "right": box.right, "bottom": box.bottom, "image": digest, "view_id": view,
    }  # fmt: skip
    reading = {
        "image": digest, "view_id": view, "frame_at": at, "share": 1.0, "review": f"r{number}", "who": "王", "at": at,
        "missed": 1,
    }  # fmt: skip
    with writing(town.engine) as connection:
        connection.execute(sa.insert(tables.verdicts).values(verdict))
        if whole:
            connection.execute(sa.insert(sample_readings).values(reading))


def _picture(number: int, slot: int, paint: tuple[int, int, int]) -> bytes:
    """Grey fields by chance, so that no two frames are copies of one scene."""
    fields = np.random.default_rng(number).integers(60, 200, (5, 8, 1), np.uint8).repeat(3, axis=2)
    pixels = np.ascontiguousarray(cv2.resize(fields, (640, 360), interpolation=cv2.INTER_NEAREST))
    x, y = SLOTS[slot]
    cv2.rectangle(pixels, (x, y), (x + PATCH_PX, y + PATCH_PX), paint, -1)
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()


def at_hour(town: Town, hours: float) -> Town:
    """The town so many hours after the last verdict, or later."""
    return replace(town, clock=SteppedClock(START + timedelta(days=60, hours=hours)))  # type: ignore[arg-type]  # a clock like the real one
