"""Blur heads and plates before anything is stored, and draw boxes on what was.

Where a head or a plate lies is told from the boxes of persons and vehicles alone; benchmarks/redaction.py measures how
often that is right. A face network over the whole frame (CenterFace) was tried beside it: 50 ms a frame at 640 px for
one more of the eight heads that were missed.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont

from pipeline.adapters.picture import Bgr, Picture, encode_jpeg, picture_of
from pipeline.domain.category import PERSON_CLASSES, VEHICLE_CLASSES
from pipeline.domain.detection import Detection
from pipeline.domain.frame import Frame
from pipeline.domain.geometry import Box

HELPER_SCORE = 0.05
"""What to ask the detector for; a person's box counts from here on: a false blur costs less than a face."""
VEHICLE_SCORE = 0.10
"""Below it, boxes of vehicles hid litter and no further plate."""

HEAD_HEIGHT = 0.33
"""Of a person's box, from its top."""
HEAD_PER_WIDTH = 0.7
"""Sitting, bent or half hidden people have wide boxes, and heads that take up more of the height."""
ABOVE_HEAD = 0.08
BESIDE_HEAD = 0.12
RIDER_ABOVE = 0.6
"""A rider's head lies up to this share of the two-wheeler's height above its box."""
RIDER_BELOW = 0.25
PLATE_TOP = {"car": 0.3, "truck": 0.3, "two_wheeler": 0.2}
"""Plates lie below this share of a vehicle's height; on boot lids as high as this."""
PLATE_MARGIN = 0.02

CELLS_ACROSS = 6
"""A region is averaged down to about so few cells along its shorter side, then smoothed: nothing can restore it."""
SMALLEST_CELL_PX = 6

SMALL_WIDTH = 640
SMALL_QUALITY = 80

OUTLINE = (255, 59, 48)
TAG_TEXT = (255, 255, 255)
OUTLINE_SHARE = 1 / 400
"""Line width as a share of the picture's width."""
WORD_SHARE = 1 / 45
SMALLEST_WORD_PX = 14
NO_GLYPH = "\U0010ffff"
"""A code point that no font draws: what it gives instead shows what a font gives for a sign it lacks."""

CHINESE_FONTS = tuple(
    Path(path)
    for path in (
        "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
        "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
        "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
        "/usr/share/fonts/opentype/noto/NotoSansCJKsc-Regular.otf",
        "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
        "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
        "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
        "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
        "/usr/share/fonts/wenquanyi/wqy-microhei/wqy-microhei.ttc",
        "/usr/share/fonts/truetype/arphic/uming.ttc",
        "/System/Library/Fonts/PingFang.ttc",
        "C:/Windows/Fonts/msyh.ttc",
    )
)


def find_font() -> Path | None:
    """A font with Chinese signs, from the usual places; None where there is none."""
    return next((path for path in CHINESE_FONTS if path.is_file()), None)


class HeadAndPlateRedactor:
    """Port Redactor; safe for use by several threads, each with frames of its own.

    `font` (see `find_font`) writes the words of `outlined`. Words that it has no signs for are left out; without any,
    a built-in one writes Latin words.
    """

    def __init__(self, font: Path | None = None) -> None:
        self._font = font

    def redact(self, frame: Frame, helpers: Sequence[Detection]) -> bytes:
        """See port Redactor; the original bytes where nothing is blurred. Raises CaptureFailed("corrupt").

        Best with helpers of the fine pass at HELPER_SCORE.
        """
        picture = picture_of(frame)
        regions = hidden_regions(helpers, picture.width / picture.height)
        return encode_jpeg(blurred(picture.full(), regions)) if regions else picture.as_jpeg()

    def redact_small(self, frame: Frame, helpers: Sequence[Detection]) -> bytes:
        """See port Redactor. Raises CaptureFailed("corrupt")."""
        picture = picture_of(frame)
        regions = hidden_regions(helpers, picture.width / picture.height)
        return encode_jpeg(blurred(_shrunk(picture.preview()), regions), SMALL_QUALITY)

    def outlined(self, jpeg: bytes, boxes: Sequence[tuple[Box, str]]) -> bytes:
        """See port Redactor. Raises CaptureFailed("corrupt")."""
        bgr = Picture.from_bytes(jpeg).full()
        canvas = Image.fromarray(bgr[:, :, ::-1])
        brush = ImageDraw.Draw(canvas)
        size = max(SMALLEST_WORD_PX, round(canvas.width * WORD_SHARE))
        line = max(2, round(canvas.width * OUTLINE_SHARE))
        for box, _ in boxes:
            brush.rectangle(_corners(box, canvas.width, canvas.height), outline=OUTLINE, width=line)
        for box, word in boxes:  # after all boxes, so that no line crosses a word
            _write(brush, canvas.size, box, word, self._font_for(word, size))
        return encode_jpeg(np.asarray(canvas)[:, :, ::-1])

    def _font_for(self, word: str, size: int) -> FreeTypeFont | None:
        if self._font is not None:
            font = ImageFont.truetype(self._font, size)
            return font if _writes(font, word) else None
        built_in = ImageFont.load_default(size)
        return built_in if isinstance(built_in, FreeTypeFont) and _writes(built_in, word) else None


def hidden_regions(helpers: Sequence[Detection], aspect: float) -> list[Box]:
    """Where heads and plates may lie, in shares of a frame that is `aspect` times as wide as high."""
    regions: list[Box] = []
    for helper in helpers:
        if helper.category in PERSON_CLASSES and helper.score >= HELPER_SCORE:
            regions.append(_head(helper.box, aspect))
        if helper.category in VEHICLE_CLASSES and helper.score >= VEHICLE_SCORE:
            regions.append(_plates(helper.box, PLATE_TOP[helper.category]))
            if helper.category == "two_wheeler":  # its rider is blurred, found or not
                regions.append(_rider(helper.box))
    return [region for region in regions if region.area > 0]


def _head(person: Box, aspect: float) -> Box:
    reach = max(HEAD_HEIGHT * person.height, min(person.height, HEAD_PER_WIDTH * person.width * aspect))
    aside, above = BESIDE_HEAD * person.width, ABOVE_HEAD * person.height
    return _inside(person.left - aside, person.top - above, person.right + aside, person.top + reach)


def _rider(vehicle: Box) -> Box:
    top = vehicle.top - RIDER_ABOVE * vehicle.height
    return _inside(vehicle.left, top, vehicle.right, vehicle.top + RIDER_BELOW * vehicle.height)


def _plates(vehicle: Box, top_share: float) -> Box:
    aside, below = PLATE_MARGIN * vehicle.width, PLATE_MARGIN * vehicle.height
    top = vehicle.top + top_share * vehicle.height
    return _inside(vehicle.left - aside, top, vehicle.right + aside, vehicle.bottom + below)


def _inside(left: float, top: float, right: float, bottom: float) -> Box:
    return Box(max(0.0, left), max(0.0, top), min(1.0, right), min(1.0, bottom))


def blurred(bgr: Bgr, regions: Sequence[Box]) -> Bgr:
    """A copy of (h, w, 3) pixels with `regions` made unreadable; every other pixel as it was."""
    out = bgr.copy()
    areas = list(pixel_regions(regions, bgr.shape[1], bgr.shape[0]))
    # The coarsest last: the fine cells of a far person must not show the face of a near one.
    for rows, columns in sorted(areas, key=lambda area: min(side.stop - side.start for side in area)):
        out[rows, columns] = _smeared(bgr[rows, columns])
    return out


def pixel_regions(regions: Sequence[Box], width: int, height: int) -> Iterator[tuple[slice, slice]]:
    """Rows and columns that `regions` touch, rounded outwards."""
    for region in regions:
        rows = slice(int(region.top * height), int(np.ceil(region.bottom * height)))
        columns = slice(int(region.left * width), int(np.ceil(region.right * width)))
        if rows.stop > rows.start and columns.stop > columns.start:
            yield rows, columns


def _smeared(patch: Bgr) -> Bgr:
    height, width = patch.shape[:2]
    cell = max(SMALLEST_CELL_PX, min(height, width) / CELLS_ACROSS)
    cells = (max(1, round(width / cell)), max(1, round(height / cell)))
    means = cv2.resize(patch, cells, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(means, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _shrunk(bgr: Bgr) -> Bgr:
    height, width = bgr.shape[:2]
    if width <= SMALL_WIDTH:
        return bgr
    size = (SMALL_WIDTH, max(1, round(height * SMALL_WIDTH / width)))
    # Averaging an area takes 2 ms; a preview is seldom so much larger that it would look better.
    way = cv2.INTER_LINEAR if width < 2 * SMALL_WIDTH else cv2.INTER_AREA
    return np.asarray(cv2.resize(bgr, size, interpolation=way), np.uint8)


def _writes(font: FreeTypeFont, word: str) -> bool:
    lacking = _drawn(font, NO_GLYPH)
    return bool(word) and all(sign.isspace() or _drawn(font, sign) != lacking for sign in word)


def _drawn(font: FreeTypeFont, sign: str) -> bytes:
    mask: Any = font.getmask(sign)  # Any: Pillow's core image, which has no public type
    return bytes(mask)


def _corners(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    left, top = round(box.left * width), round(box.top * height)
    return left, top, max(left, round(box.right * width) - 1), max(top, round(box.bottom * height) - 1)


def _write(brush: ImageDraw.ImageDraw, size: tuple[int, int], box: Box, word: str, font: FreeTypeFont | None) -> None:
    """The word on a filled tag above the box, or inside it where there is no room above."""
    if font is None:
        return
    left, top, _, _ = _corners(box, *size)
    _, _, width, height = (int(side) for side in font.getbbox(word))
    pad = max(2, height // 6)
    across, down = width + 2 * pad, height + 2 * pad
    x, y = max(0, min(left, size[0] - across)), top - down if top >= down else top
    brush.rectangle((x, y, x + across, y + down), fill=OUTLINE)
    brush.text((x + pad, y + pad), word, fill=TAG_TEXT, font=font)
