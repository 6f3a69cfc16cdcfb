"""One picture of many labelled pictures, for a look by eye."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont, ImageOps
from PIL.ImageDraw import ImageDraw as Brush
from PIL.ImageFont import FreeTypeFont

from datasets.source import Sample, Source, samples, splits
from pipeline.adapters.redactor import find_font
from pipeline.domain.category import DEFAULT_CATEGORIES
from pipeline.domain.errors import BadInput
from pipeline.domain.geometry import Box

WITHOUT_BOXES = "none"
COLUMNS = 4
CELL_PX = 440
GAP_PX = 8
CAPTION_PX = 22
LEGEND_ROW_PX = 28
TEXT_PX = 15
LINE_PX = 3
TAG_PAD_PX = 3
COLOURS = (
    "#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#008b8b", "#f032e6", "#808000", "#9a6324", "#000075",
)  # fmt: skip
PAPER, INK = "#ffffff", "#222222"
HARD_NEGATIVE_WORDS = ("负样本", "hard negative")
UNMAPPED_WORDS = ("未对应", "maps nowhere")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which samples. `split` '' is all; `category` a model class, a class name of the source, `none` or '' for all."""

    split: str = ""
    category: str = ""
    count: int = 24
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Sheet:
    image: Image.Image
    shown: int
    of: int


@dataclass(frozen=True, slots=True)
class Pens:
    font: FreeTypeFont
    chinese: bool
    colours: Mapping[str, str]


def contact_sheet(
    source: Source, choice: Choice, track: Callable[[Sequence[Sample]], Iterable[Sample]] = iter
) -> Sheet:
    """Samples drawn by lot, each with its boxes, names and file name, under a legend. Raises BadInput."""
    fitting = _fitting(source, choice)
    drawn = random.Random(choice.seed).sample(fitting, min(choice.count, len(fitting)))  # noqa: S311  # no secret
    pens = _pens(source)
    legend = _legend(source, drawn, pens)
    columns = min(COLUMNS, len(drawn))
    rows = -(-len(drawn) // columns)
    cell_height = CELL_PX + CAPTION_PX + GAP_PX
    paper = Image.new("RGB", (columns * (CELL_PX + GAP_PX) + GAP_PX, legend.height + rows * cell_height), PAPER)
    paper.paste(legend.crop((0, 0, min(legend.width, paper.width), legend.height)))
    for place, sample in enumerate(track(drawn)):
        row, column = divmod(place, columns)
        corner = (GAP_PX + column * (CELL_PX + GAP_PX), legend.height + row * cell_height)
        paper.paste(_cell(source, sample, pens), corner)
    return Sheet(paper, len(drawn), len(fitting))


def _fitting(source: Source, choice: Choice) -> list[Sample]:
    wanted = splits(source) if not choice.split else (choice.split,)
    found = [sample for split in wanted for sample in samples(source, split)]
    _refuse_unknown(source, choice.category)
    fitting = [sample for sample in found if _shows(source, sample, choice.category)]
    if not fitting:
        where = f"split {choice.split} of {source.name}" if choice.split else source.name
        raise BadInput(f"{where} has no picture" + (f" with {choice.category}" if choice.category else ""))
    return fitting


def _refuse_unknown(source: Source, category: str) -> None:
    known = [*source.names, *sorted({code for code in source.categories.values() if code}), WITHOUT_BOXES]
    if category and category not in known:
        raise BadInput(f"{source.name} knows no {category}: say one of {', '.join(dict.fromkeys(known))}")


def _shows(source: Source, sample: Sample, category: str) -> bool:
    if not category:
        return True
    if category == WITHOUT_BOXES:
        return not sample.boxes
    return any(category in (box.name, source.category_of(box.name)) for box in sample.boxes)


def _pens(source: Source) -> Pens:
    file = find_font()
    built_in = ImageFont.load_default(TEXT_PX)
    assert isinstance(built_in, FreeTypeFont)
    font = ImageFont.truetype(file, TEXT_PX) if file else built_in
    colours = {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(source.names)}
    return Pens(font, file is not None, colours)


def _legend(source: Source, drawn: Sequence[Sample], pens: Pens) -> Image.Image:
    counts = Counter(box.name for sample in drawn for box in sample.boxes)
    paper = Image.new("RGB", (COLUMNS * (CELL_PX + GAP_PX), LEGEND_ROW_PX * (1 + len(source.names)) + GAP_PX), PAPER)
    brush = ImageDraw.Draw(paper)
    title = _cut(f"{source.name} · {len(drawn)} pictures · {source.licence}", len(drawn) * CELL_PX, pens.font)
    brush.text((GAP_PX, GAP_PX), title, INK, pens.font)
    for place, name in enumerate(source.names, 1):
        top = GAP_PX + place * LEGEND_ROW_PX
        brush.rectangle((GAP_PX, top, GAP_PX + TEXT_PX, top + TEXT_PX), fill=pens.colours[name])
        shown = name if pens.chinese else _latin(source, name)
        words = f"{shown} = {_meaning(source, name, pens.chinese)} × {counts[name]}"
        brush.text((GAP_PX + 2 * TEXT_PX, top), words, INK, pens.font)
    return paper


def _meaning(source: Source, name: str, chinese: bool) -> str:
    """Category in both languages; in English alone where no font writes Chinese."""
    code = source.category_of(name)
    known = {category.code: (category.name_zh, category.name_en) for category in DEFAULT_CATEGORIES}
    if code is None:
        words = UNMAPPED_WORDS if name in source.unmapped() else HARD_NEGATIVE_WORDS
    else:
        words = known.get(code, ("", code))
    return " ".join(word for word in words if word) if chinese else words[1]


def _cell(source: Source, sample: Sample, pens: Pens) -> Image.Image:
    cell = Image.new("RGB", (CELL_PX, CELL_PX + CAPTION_PX), PAPER)
    brush = ImageDraw.Draw(cell)
    split = sample.picture.parent.parent.name
    caption = _cut(f"{split}/{sample.picture.name} · {len(sample.boxes)}", CELL_PX, pens.font)
    brush.text((0, CELL_PX + 2), caption, INK, pens.font)
    try:
        with Image.open(sample.picture) as opened:
            opened.draft("RGB", (CELL_PX, CELL_PX))
            picture = ImageOps.contain(ImageOps.exif_transpose(opened).convert("RGB"), (CELL_PX, CELL_PX))
    except (OSError, ValueError, SyntaxError):
        brush.text((GAP_PX, GAP_PX), "cannot be read", COLOURS[0], pens.font)
        return cell
    _draw_boxes(picture, sample, pens, lambda name: _tag(source, name, pens.chinese))
    cell.paste(picture)
    return cell


def _tag(source: Source, name: str, chinese: bool) -> str:
    if not chinese:
        return _latin(source, name)
    known = {category.code: category.name_zh for category in DEFAULT_CATEGORIES}
    zh = known.get(source.category_of(name) or "", "")
    return f"{zh} {name}".strip()


def _latin(source: Source, name: str) -> str:
    """What a font without Chinese can write."""
    return name if name.isascii() else f"class {source.names.index(name)}"


def _draw_boxes(picture: Image.Image, sample: Sample, pens: Pens, tag_of: Callable[[str], str]) -> None:
    brush = ImageDraw.Draw(picture)
    width, height = picture.size
    for labelled in sample.boxes:
        box = labelled.box
        corners = (box.left * width, box.top * height, box.right * width, box.bottom * height)
        brush.rectangle(corners, outline=pens.colours[labelled.name], width=LINE_PX)
    taken: list[Box] = []
    for labelled in sample.boxes:  # after all boxes, so that no line crosses a word
        room = _free_room(brush, picture.size, labelled.box, tag_of(labelled.name), pens, taken)
        if room is not None:  # in a crowd the colour alone must tell
            taken.append(room)
            brush.rectangle((room.left, room.top, room.right, room.bottom), fill=pens.colours[labelled.name])
            brush.text((room.left + TAG_PAD_PX, room.top), tag_of(labelled.name), PAPER, pens.font)


def _free_room(
    brush: Brush, size: tuple[int, int], box: Box, words: str, pens: Pens, taken: Sequence[Box]
) -> Box | None:
    """For a tag above its box, or below it, or inside, in pixels; None where other tags leave no room."""
    _, _, wide, high = brush.textbbox((0, 0), words, pens.font)
    wide, high = wide + 2 * TAG_PAD_PX, high + TAG_PAD_PX
    left = max(0.0, min(box.left * size[0], size[0] - wide))
    top, bottom = box.top * size[1], box.bottom * size[1]
    for start in (top - high, bottom, top):
        room = Box(left, start, left + wide, start + high)
        if start >= 0 and room.bottom <= size[1] and not any(room.shared_area(other) for other in taken):
            return room
    return None


def _cut(words: str, width: int, font: FreeTypeFont) -> str:
    if font.getlength(words) <= width:
        return words
    while words and font.getlength(words + "…") > width:
        words = words[:-1]
    return words + "…"
