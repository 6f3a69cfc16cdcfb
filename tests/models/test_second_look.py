"""The second look over real pixels: who is asked, how often, and what is remembered."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from models.second_look import CROP_SIDE_PX, SecondLook
from models.text_reader import RapidReader
from pipeline.adapters.picture import Bgr, Picture
from pipeline.domain.camera import SourceKind
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.errors import WeightsRefused
from pipeline.domain.frame import Frame
from pipeline.domain.geometry import Box
from pipeline.domain.second_look import TextLine
from tests.builders import START, a_detection

ROOT = Path(__file__).resolve().parents[2]
NUMBER = (TextLine("办证 139 1234 5678", 0.95, 0.3),)
STICKER = Box(0.4, 0.4, 0.5, 0.55)


@dataclass
class ScriptedReader:
    """Reads the same lines in every crop."""

    lines: Sequence[TextLine] = NUMBER
    shapes: list[tuple[int, int]] = field(default_factory=list)

    def read(self, crop: Bgr) -> Sequence[TextLine]:
        self.shapes.append((crop.shape[0], crop.shape[1]))
        return self.lines


def a_frame(seed: int = 1) -> Frame:
    coarse = np.random.default_rng(seed).integers(0, 255, (18, 32, 3), dtype=np.uint8)
    return framed(np.kron(coarse, np.ones((40, 40, 1), np.uint8)))


def framed(pixels: Bgr) -> Frame:
    return Frame(Picture.from_pixels(pixels), pixels.shape[1], pixels.shape[0], START, START, SourceKind.http)


def an_ad(box: Box = STICKER, score: float = 0.4) -> Detection:
    return a_detection(box, "illegal_ad", score, Pass.fine)


def test_a_number_that_is_read_raises_the_box_and_leaves_all_else_as_it_was() -> None:
    litter = a_detection()
    (ad, other) = SecondLook(ScriptedReader()).review(a_frame(), [an_ad(), litter])
    assert ad.score > 0.9
    assert (ad.box, ad.category, ad.found_by) == (STICKER, "illegal_ad", Pass.fine)
    assert other == litter


def test_a_small_box_is_read_enlarged() -> None:
    reader = ScriptedReader()
    SecondLook(reader).review(a_frame(), [an_ad()])
    assert max(reader.shapes[0]) == CROP_SIDE_PX


def test_only_so_many_boxes_of_a_frame_are_read_and_the_best_first() -> None:
    reader = ScriptedReader()
    ads = [an_ad(Box(0.1 * number, 0.1, 0.1 * number + 0.08, 0.2), 0.1 * number + 0.1) for number in range(5)]
    reviewed = SecondLook(reader, most_reads=2).review(a_frame(), ads)
    assert len(reader.shapes) == 2
    assert [new.score != old.score for new, old in zip(reviewed, ads, strict=True)] == [False, False, False, True, True]


def test_what_was_read_at_a_place_is_remembered_as_long_as_it_looks_the_same() -> None:
    reader = ScriptedReader()
    look = SecondLook(reader)
    first = look.review(a_frame(1), [an_ad()])
    assert look.review(a_frame(1), [an_ad()]) == first
    assert len(reader.shapes) == 1
    look.review(a_frame(2), [an_ad()])
    assert len(reader.shapes) == 2


def test_one_sticker_found_by_both_passes_is_read_once() -> None:
    reader = ScriptedReader()
    fast, fine = SecondLook(reader).review(
        a_frame(), [a_detection(STICKER.grown(0.02), "illegal_ad", 0.5, Pass.fast), an_ad()]
    )
    assert len(reader.shapes) == 1
    assert min(fast.score, fine.score) > 0.9


def test_certain_boxes_and_other_categories_are_not_read() -> None:
    reader = ScriptedReader()
    boxes = [an_ad(score=0.95), a_detection()]
    assert SecondLook(reader).review(a_frame(), boxes) == tuple(boxes)
    assert not reader.shapes


def test_a_cable_is_raised_by_the_two_wheeler_it_ends_at() -> None:
    cable = a_detection(Box(0.4, 0.2, 0.5, 0.7), "charging_cable", 0.4)
    at_it = a_detection(Box(0.48, 0.65, 0.6, 0.9), "two_wheeler", 0.7)
    afar = a_detection(Box(0.8, 0.65, 0.9, 0.9), "two_wheeler", 0.7)
    look = SecondLook(ScriptedReader())
    assert look.review(a_frame(), [cable, at_it])[0].score > 0.6
    assert look.review(a_frame(), [cable, afar])[0].score == 0.4


def test_the_real_reader_reads_a_drawn_sticker() -> None:
    sticker = Image.new("RGB", (170, 90), "white")
    drawn = ImageDraw.Draw(sticker)
    drawn.text((8, 6), "TEL", fill=(190, 0, 0), font=ImageFont.load_default(26))
    drawn.text((8, 48), "13912345678", fill=(0, 0, 0), font=ImageFont.load_default(24))
    pixels = np.full((720, 1280, 3), 120, np.uint8)
    pixels[300:390, 500:670] = np.asarray(sticker)[..., ::-1]
    box = Box(500 / 1280, 300 / 720, 670 / 1280, 390 / 720)
    bare = Box(0.1, 0.2, 0.25, 0.5)
    ad, wall = SecondLook().review(framed(pixels), [an_ad(box, 0.4), an_ad(bare, 0.6)])
    assert ad.score > 0.8
    assert wall.score < 0.5


def test_a_missing_model_file_is_told_and_nothing_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(WeightsRefused, match="PP-OCRv6_det_small.onnx is missing".replace(".", "[.]")):
        RapidReader(tmp_path).read(np.zeros((60, 60, 3), np.uint8))


def test_a_process_that_meets_no_ad_loads_no_reader_and_one_that_does_asks_no_network() -> None:
    """In a process of its own, for other tests load the reader here."""
    script = """
import socket, sys
def refused(*_): raise AssertionError("a socket was opened")
socket.socket.connect = refused
socket.getaddrinfo = refused
import numpy as np
from models.text_reader import RapidReader
import models.second_look
assert not {"rapidocr", "onnxruntime"} & set(sys.modules)
RapidReader().read(np.full((64, 64, 3), 200, np.uint8))
assert {"rapidocr", "onnxruntime"} <= set(sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
