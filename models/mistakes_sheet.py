"""A contact sheet of mistakes that people can judge by eye."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from models.evaluation import frame_of
from models.mistakes import FAULT_NAMES, MISSES, Mistake
from models.scoring import Numbers
from pipeline.adapters.picture import Bgr, picture_of
from pipeline.domain.category import DEFAULT_CATEGORIES

COLUMNS = 6
TILE_WIDTH, TILE_HEIGHT = 300, 225
CAPTION_HEIGHT, MARGIN = 62, 10
HEAD_HEIGHT = 86
TITLE_PX, WORDS_PX, SMALL_PX = 24, 15, 13
CONTEXT = 2.2
"""A tile shows this many times its box, that the eye sees where it is …"""
LEAST_SIDE_PX = 140
"""… and at least so much of the picture."""
WRONG, LOST, TRUE = (214, 39, 40), (240, 140, 0), (30, 160, 60)
"""Colours (RGB) of a false box, of a missed thing and of the other true boxes."""
PAPER, INK, FAINT_INK = (250, 250, 248), (30, 30, 30), (110, 110, 110)
LINE_PX = 3
LONGEST_NAME = 40
SHEET_QUALITY = 90

NAMES = {category.code: (category.name_zh, category.name_en) for category in DEFAULT_CATEGORIES}


class Sheet:
    """Lettering for one sheet: Chinese and English where `font` has the signs, English alone without a font."""

    def __init__(self, font: Path | None) -> None:
        self._font = font

    def words(self, chinese: str, english: str) -> str:
        return f"{chinese} {english}" if self._font else english

    def font(self, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        return ImageFont.truetype(str(self._font), size) if self._font else ImageFont.load_default(size)


def draw_sheet(mistakes: Sequence[Mistake], out: Path, title: str, font: Path | None) -> None:
    """A JPEG with a tile a mistake, in the order given. The pictures are shown as they are, nothing is blurred."""
    sheet = Sheet(font)
    rows = -(-len(mistakes) // COLUMNS)
    width = COLUMNS * (TILE_WIDTH + MARGIN) + MARGIN
    height = HEAD_HEIGHT + max(rows, 1) * (TILE_HEIGHT + CAPTION_HEIGHT + MARGIN)
    paper = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(paper)
    _draw_head(pen, sheet, title)
    if not mistakes:
        pen.text((MARGIN, HEAD_HEIGHT), sheet.words("没有错误", "no mistake"), INK, sheet.font(WORDS_PX))
    for number, mistake in enumerate(mistakes):
        row, column = divmod(number, COLUMNS)
        left = MARGIN + column * (TILE_WIDTH + MARGIN)
        top = HEAD_HEIGHT + row * (TILE_HEIGHT + CAPTION_HEIGHT + MARGIN)
        paper.paste(Image.fromarray(tile_of(mistake)[..., ::-1]), (left, top))
        _draw_caption(pen, sheet, mistake, number + 1, (left, top + TILE_HEIGHT))
    out.parent.mkdir(parents=True, exist_ok=True)
    paper.save(out, quality=SHEET_QUALITY)


def _draw_head(pen: ImageDraw.ImageDraw, sheet: Sheet, title: str) -> None:
    pen.text((MARGIN, MARGIN), title, INK, sheet.font(TITLE_PX))
    left, font = float(MARGIN), sheet.font(WORDS_PX)
    meanings = (
        (WRONG, sheet.words("红框:系统报了,标注里没有", "red: reported, but not in the labels")),
        (LOST, sheet.words("橙框:标注里有,系统没报", "orange: in the labels, but not reported")),
        (TRUE, sheet.words("绿框:其他标注", "green: other labels")),
    )
    for colour, meaning in meanings:
        pen.rectangle((left, 54, left + WORDS_PX, 54 + WORDS_PX), outline=colour, width=LINE_PX)
        pen.text((left + WORDS_PX + 6, 52), meaning, INK, font)
        left += WORDS_PX + 6 + pen.textlength(meaning, font) + 30


def _draw_caption(pen: ImageDraw.ImageDraw, sheet: Sheet, mistake: Mistake, number: int, at: tuple[int, int]) -> None:
    left, top = at
    score = f" {mistake.score:.2f}" if mistake.score else ""
    colour = LOST if mistake.fault in MISSES else WRONG
    pen.text(
        (left, top + 3), f"{number}. {sheet.words(*FAULT_NAMES[mistake.fault])}{score}", colour, sheet.font(WORDS_PX)
    )
    name = sheet.words(*NAMES[mistake.category]) if mistake.category in NAMES else mistake.category
    doubt = "" if mistake.labelled else " · " + sheet.words("来源未标注此类", "not labelled there")
    pen.text((left, top + 24), name + doubt, INK, sheet.font(SMALL_PX))
    place = f"{mistake.source}: {mistake.picture.stem}"
    short = place if len(place) <= LONGEST_NAME else f"{place[: LONGEST_NAME - 1]}…"
    pen.text((left, top + 42), short, FAINT_INK, sheet.font(SMALL_PX))


def tile_of(mistake: Mistake) -> Bgr:
    """(TILE_HEIGHT, TILE_WIDTH, 3): the box in its surroundings, with the other true boxes."""
    full = picture_of(frame_of(mistake.picture)).full()
    height, width = full.shape[:2]
    view = window(mistake.box * (width, height, width, height), width, height)
    left, top, right, bottom = view
    scale = min(TILE_WIDTH / (right - left), TILE_HEIGHT / (bottom - top))
    size = (max(round((right - left) * scale), 1), max(round((bottom - top) * scale), 1))
    shown = np.asarray(cv2.resize(full[top:bottom, left:right], size, interpolation=cv2.INTER_AREA), np.uint8)
    sides = np.array([width, height, width, height])
    for other in mistake.others:
        if not np.array_equal(other, mistake.box):
            _outline(shown, (other * sides - (left, top, left, top)) * scale, TRUE)
    colour = LOST if mistake.fault in MISSES else WRONG
    _outline(shown, (mistake.box * sides - (left, top, left, top)) * scale, colour)
    tile = np.full((TILE_HEIGHT, TILE_WIDTH, 3), PAPER[0], np.uint8)
    down, across = (TILE_HEIGHT - size[1]) // 2, (TILE_WIDTH - size[0]) // 2
    tile[down : down + size[1], across : across + size[0]] = shown
    return tile


def _outline(shown: Bgr, box: Numbers, colour: tuple[int, int, int]) -> None:
    low, high = (int(box[0]), int(box[1])), (int(np.ceil(box[2])), int(np.ceil(box[3])))
    cv2.rectangle(shown, low, high, colour[::-1], LINE_PX)


def window(box: Numbers, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in whole pixels of what is shown around `box` (pixels): of the tile's shape where the
    picture has room, never beyond the picture."""
    shape = TILE_WIDTH / TILE_HEIGHT
    wide, high = box[2] - box[0], box[3] - box[1]
    across = max(wide * CONTEXT, high * CONTEXT * shape, LEAST_SIDE_PX)
    across, down = min(across, float(width)), min(across / shape, float(height))
    left = float(np.clip((box[0] + box[2] - across) / 2, 0, width - across))
    top = float(np.clip((box[1] + box[3] - down) / 2, 0, height - down))
    return int(left), int(top), max(round(left + across), int(left) + 1), max(round(top + down), int(top) + 1)
