"""What the other hand draws: small ads, e-bikes, socket strips and cables, as layers that are laid on a photograph."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Floats = NDArray[np.float32]
Colour = tuple[int, int, int]
Face = tuple[str, int]
"""A font file, and which of its fonts."""

WANTED_FONTS = ("WenQuanYi", "Noto Sans CJK SC", "Noto Serif CJK SC", "UMing CN", "UKai CN")
HAND_FONT = "ukai"
TRADES = (
    "办证", "刻章 办证", "开锁", "开锁换锁", "疏通下水道", "管道疏通", "高价回收", "回收旧手机", "回收烟酒", "租房",
    "单间出租", "房屋出租", "贷款", "无抵押贷款", "代开发票", "搬家", "防水补漏", "空调移机", "家教", "招聘日结工",
)  # fmt: skip
DETAILS = (
    "随叫随到 价格优惠", "二十四小时服务", "拎包入住 押一付一", "当天放款 手续简单", "正规公司 诚信经营", "师傅上门",
    "马桶 地漏 化粪池", "家电 电脑 空调 冰箱", "一室一厅 精装修", "无需担保 利息低", "公安备案 安全可靠", "有意请电联",
)  # fmt: skip
PAPERS: tuple[Colour, ...] = ((244, 243, 238), (240, 236, 222), (250, 232, 120), (247, 196, 205), (200, 225, 245))
PAPER_INKS: tuple[Colour, ...] = ((20, 20, 22), (20, 20, 22), (190, 25, 30), (25, 40, 130))
STICKERS: tuple[tuple[Colour, Colour], ...] = (
    ((250, 214, 20), (190, 20, 25)), ((205, 28, 36), (255, 246, 200)), ((28, 74, 168), (255, 255, 255)),
    ((20, 130, 70), (255, 255, 255)), ((246, 246, 246), (200, 20, 30)), ((240, 120, 20), (20, 20, 20)),
)  # fmt: skip
WALL_INKS: tuple[Colour, ...] = ((22, 22, 26), (30, 30, 36), (170, 30, 32), (30, 50, 140), (228, 228, 226))
CABLES: tuple[Colour, ...] = ((26, 26, 28), (232, 232, 228), (186, 34, 36), (128, 130, 134), (232, 112, 26))
BIKES: tuple[Colour, ...] = (
    (150, 40, 42),
    (44, 68, 118),
    (215, 215, 212),
    (48, 50, 54),
    (82, 128, 122),
    (176, 144, 74),
)
PHONE_STARTS = ("13", "15", "17", "18", "19")
DRAWN_PX = 480
"""Longest side at which an ad is drawn before it is made small."""
LEAST_CONTRAST = 45.0
WIDTH = 1280
TURN_DEGREES = 15.0
FINER = 4
"""Lines are drawn so many times larger, then made small."""
BIKE_SIZE = (1.75, 1.15)


class NoChineseFont(Exception):
    """No font on this machine draws Chinese."""


def chinese_faces() -> list[Face]:
    """By file name. Raises NoChineseFont."""
    asked = ["fc-list", ":lang=zh", "--format", "%{file}|%{index}|%{family}\n"]
    try:
        listed = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoChineseFont(f"fc-list cannot be asked for fonts: {error}") from None
    rows = [row.split("|") for row in listed.splitlines()]
    faces = {
        (file, int(index) & 0xFFFF)
        for file, index, family in rows
        if any(name in family for name in WANTED_FONTS) and "Mono" not in family
    }
    if not faces:
        raise NoChineseFont("no Chinese font: install fonts-wqy-microhei or fonts-noto-cjk (needs fontconfig)")
    return sorted(faces, key=lambda face: (Path(face[0]).name, face[1]))


def phone(rng: np.random.Generator) -> str:
    digits = str(rng.choice(PHONE_STARTS)) + "".join(map(str, rng.integers(0, 10, 9)))
    between = str(rng.choice(["", "", " ", "-"]))
    return between.join((digits[:3], digits[3:7], digits[7:]))


def paper(rng: np.random.Generator, faces: Sequence[Face]) -> Image.Image:
    """A printed or written sheet, sometimes with tear-off strips, tape and a corner gone."""
    width, height = int(DRAWN_PX / rng.uniform(1.15, 1.5)), DRAWN_PX
    sheet = Image.new("RGBA", (width, height), (*_one(rng, PAPERS), 255))
    pen, face, ink = ImageDraw.Draw(sheet), _face(rng, faces), _one(rng, PAPER_INKS)
    strips = rng.random() < 0.3
    room = height * (0.72 if strips else 0.95)
    title, number = str(rng.choice(TRADES)), phone(rng)
    _line(pen, title, face, (width * 0.5, room * 0.17), (width * 0.86, room * 0.26), ink)
    for row, detail in enumerate(rng.choice(DETAILS, int(rng.integers(2, 5)), replace=False)):
        _line(pen, str(detail), face, (width * 0.5, room * (0.4 + row * 0.115)), (width * 0.84, room * 0.085), ink)
    _line(pen, number, face, (width * 0.5, room * 0.9), (width * 0.9, room * 0.13), ink)
    if strips:
        for edge in np.linspace(0, width, 9):
            if rng.random() < 0.25:
                pen.rectangle((edge, room, edge + width / 8, height), fill=(0, 0, 0, 0))
            pen.line((edge, room, edge, height), fill=(90, 90, 90, 255), width=2)
    if rng.random() < 0.35:
        torn = rng.uniform(0.08, 0.3, 2) * width
        pen.polygon(
            ((width, 0), (width - torn[0], 0), (width - torn[0] * 0.4, torn[1] * 0.6), (width, torn[1])), fill=0
        )
    return _worn(sheet, rng, 0.12)


def sticker(rng: np.random.Generator, faces: Sequence[Face]) -> Image.Image:
    width, height = DRAWN_PX, int(DRAWN_PX / rng.uniform(1.3, 2.3))
    ground, ink = STICKERS[int(rng.integers(len(STICKERS)))]
    card = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    pen, face = ImageDraw.Draw(card), _face(rng, faces)
    pen.rounded_rectangle((0, 0, width - 1, height - 1), height * rng.uniform(0, 0.12), fill=(*ground, 255))
    if rng.random() < 0.5:
        pen.rounded_rectangle((8, 8, width - 9, height - 9), height * 0.06, outline=(*ink, 255), width=5)
    _line(pen, str(rng.choice(TRADES)), face, (width * 0.5, height * 0.32), (width * 0.84, height * 0.42), ink)
    _line(pen, phone(rng), face, (width * 0.5, height * 0.76), (width * 0.88, height * 0.26), ink)
    return _worn(card, rng, 0.08)


def stencil(rng: np.random.Generator, faces: Sequence[Face]) -> Image.Image:
    """Stamped without a ground, patchy; black until `inked`."""
    title = str(rng.choice(TRADES)) if rng.random() < 0.7 else ""
    height = int(DRAWN_PX * (0.5 if title else 0.2))
    stamp = Image.new("RGBA", (DRAWN_PX, height), (0, 0, 0, 0))
    mask = Image.new("L", stamp.size, 0)
    pen, face = ImageDraw.Draw(mask), _face(rng, faces)
    if title:
        _line(pen, title, face, (DRAWN_PX / 2, height * 0.3), (DRAWN_PX * 0.85, height * 0.5), 255)
    _line(
        pen, phone(rng), face, (DRAWN_PX / 2, height * (0.78 if title else 0.5)), (DRAWN_PX * 0.96, height * 0.7), 255
    )
    stamp.putalpha(_patchy(mask.filter(ImageFilter.GaussianBlur(1.2)), rng))
    return stamp


def spray(rng: np.random.Generator, faces: Sequence[Face]) -> Image.Image:
    """Written by hand with a can: signs that dance, soft edges, drips; black until `inked`."""
    text = phone(rng).replace("-", "")
    text = f"{rng.choice(TRADES[:3])}{text}" if rng.random() < 0.4 else text
    hands = [face for face in faces if HAND_FONT in face[0]] or list(faces)
    font = _font(hands[int(rng.integers(len(hands)))], 84)
    mask = Image.new("L", (120 + 90 * len(text), 230), 0)
    across = 50.0
    for sign in text:
        tile = Image.new("L", (150, 150), 0)
        ImageDraw.Draw(tile).text(
            (75, 75), sign, fill=255, font=font, anchor="mm", stroke_width=int(rng.integers(2, 5))
        )
        tile = tile.rotate(float(rng.uniform(-12, 12)), Image.Resampling.BICUBIC)
        down = 40 + rng.normal(0, 7)
        mask.paste(255, (int(across) - 75 + 42, int(down)), tile)
        if rng.random() < 0.1:
            drip = across + 42, down + 100
            ImageDraw.Draw(mask).line((*drip, drip[0], drip[1] + rng.uniform(15, 60)), fill=200, width=4)
        across += font.getlength(sign) * rng.uniform(1.0, 1.2)
    mask = mask.crop(mask.getbbox())
    paint = Image.new("RGBA", mask.size, (0, 0, 0, 0))
    paint.putalpha(_patchy(mask.filter(ImageFilter.GaussianBlur(2.5)), rng))
    return paint


def inked(writing: Image.Image, rng: np.random.Generator, behind: float) -> Image.Image:
    """In a colour that shows on a wall of brightness `behind`, 0 to 255."""
    paint = Image.new("RGBA", writing.size, (*_seen(rng, WALL_INKS, behind), 0))
    paint.putalpha(writing.getchannel("A"))
    return paint


def bike(rng: np.random.Generator, width: int) -> Image.Image:
    """An e-bike from the side, `width` px long; its charging socket is below the seat."""
    unit = width * FINER / BIKE_SIZE[0]
    canvas = Image.new("RGBA", (width * FINER, int(BIKE_SIZE[1] * unit)), (0, 0, 0, 0))
    pen, coat = ImageDraw.Draw(canvas), _one(rng, BIKES)
    dark, metal = (30, 30, 32, 255), (120, 122, 126, 255)
    shade = (*(int(part * 0.6) for part in coat), 255)

    def at(*points: float) -> list[tuple[float, float]]:
        return [
            (x * unit, (BIKE_SIZE[1] - y) * unit) for x, y in np.reshape(points, (-1, 2)).tolist()
        ]  # from the ground up

    for middle in (0.27, 1.47):
        pen.ellipse(at(middle - 0.25, 0.5, middle + 0.25, 0.0), fill=dark)
        pen.ellipse(at(middle - 0.18, 0.43, middle + 0.18, 0.07), fill=metal)
        pen.ellipse(at(middle - 0.15, 0.4, middle + 0.15, 0.1), fill=(52, 52, 55, 255))
        pen.ellipse(at(middle - 0.06, 0.31, middle + 0.06, 0.19), fill=metal)
    pen.polygon(at(0.05, 0.62, 0.12, 0.72, 0.72, 0.72, 0.78, 0.3, 0.5, 0.27, 0.3, 0.5), fill=(*coat, 255))
    pen.polygon(at(0.5, 0.36, 0.72, 0.42, 0.76, 0.3, 0.5, 0.27), fill=shade)
    pen.polygon(at(0.7, 0.33, 1.18, 0.28, 1.2, 0.2, 0.6, 0.2), fill=shade)
    pen.polygon(at(1.1, 0.27, 1.2, 0.22, 1.38, 0.88, 1.26, 0.92), fill=(*coat, 255))
    pen.line(at(1.32, 0.9, 1.47, 0.25), fill=metal, width=int(unit * 0.05))
    pen.polygon(at(1.27, 0.5, 1.42, 0.56, 1.68, 0.5, 1.7, 0.42), fill=(*coat, 255))
    pen.line(at(1.36, 0.85, 1.24, 1.04, 1.14, 1.05), fill=dark, width=int(unit * 0.045))
    pen.ellipse(at(1.34, 0.92, 1.44, 0.78), fill=(235, 235, 215, 255))
    pen.line(at(1.26, 1.02, 1.2, 1.13), fill=dark, width=int(unit * 0.02))
    pen.rounded_rectangle(at(0.14, 0.82, 0.82, 0.7), unit * 0.05, fill=dark)
    pen.ellipse(at(0.02, 0.66, 0.1, 0.58), fill=(190, 30, 30, 255))
    if rng.random() < 0.4:
        pen.rounded_rectangle(at(-0.02, 1.08, 0.28, 0.8), unit * 0.03, fill=dark)
    pen.line(at(0.62, 0.25, 0.52, 0.02), fill=metal, width=int(unit * 0.03))
    return _worn(canvas.resize((width, canvas.height // FINER), Image.Resampling.LANCZOS), rng, 0.3)


def strip(rng: np.random.Generator, width: int) -> Image.Image:
    """A socket strip that lies on the ground."""
    body = _one(rng, ((236, 236, 232), (40, 40, 42)))
    canvas = Image.new("RGBA", (width * FINER, width * FINER // 4), (0, 0, 0, 0))
    pen, high = ImageDraw.Draw(canvas), canvas.height
    pen.rounded_rectangle((0, 0, canvas.width - 1, high - 1), high * 0.2, fill=(*body, 255))
    for middle in np.linspace(0.14, 0.86, 4) * canvas.width:
        pen.ellipse((middle - high * 0.28, high * 0.22, middle + high * 0.28, high * 0.78), fill=(110, 110, 112, 255))
    return canvas.resize((width, width // 4), Image.Resampling.LANCZOS)


def hanging(start: Sequence[float], end: Sequence[float], slack: float, steep: float) -> Floats:
    """Points of a catenary that sags by `slack` px below the straight line; larger `steep`: a flatter bottom."""
    along = np.linspace(0, 1, 120)
    sag = (np.cosh(steep) - np.cosh(steep * (2 * along - 1))) / (np.cosh(steep) - 1)
    line = np.outer(1 - along, start) + np.outer(along, end)
    line[:, 1] += slack * sag
    return line.astype(np.float32)


def spline(knots: Sequence[Sequence[float]]) -> Floats:
    """Catmull-Rom through all knots."""
    held = np.asarray([knots[0], *knots, knots[-1]], np.float64)
    t = np.linspace(0, 1, 24)[:, None]
    parts = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(held, held[1:], held[2:], held[3:], strict=False)
    ]
    return np.concatenate(parts, dtype=np.float32, casting="same_kind")


def stroke(points: Floats, width: float, size: tuple[int, int]) -> Floats:
    """How much of each pixel of a picture of `size` (width, height) a line covers, 0 to 1."""
    left, top = np.maximum(points.min(axis=0).astype(int) - 8, 0).tolist()
    right, bottom = np.minimum(points.max(axis=0).astype(int) + 8, size).tolist()
    mask = Image.new("L", ((right - left) * FINER, (bottom - top) * FINER), 0)
    path = [(float(x - left) * FINER, float(y - top) * FINER) for x, y in points]
    ImageDraw.Draw(mask).line(path, fill=255, width=max(1, round(width * FINER)), joint="curve")
    cover = np.zeros((size[1], size[0]), np.float32)
    small = mask.resize((right - left, bottom - top), Image.Resampling.BOX)
    cover[top:bottom, left:right] = np.asarray(small, np.float32) / 255
    return cover


def corners_of(place: Sequence[float], rng: np.random.Generator) -> Floats:
    """A place turned and seen a little from the side."""
    left, top, right, bottom = place
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    half = np.array([(right - left) / 2, (bottom - top) / 2])
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half * (rng.uniform(0.82, 1), 1)
    corners[[1, 2], 1] *= rng.uniform(0.88, 1.08)
    corners += rng.uniform(-0.03, 0.03, (4, 2)) * half
    angle = np.radians(np.clip(rng.normal(0, TURN_DEGREES / 3), -TURN_DEGREES, TURN_DEGREES))
    turn = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    return np.asarray(corners @ turn + middle, np.float32)


def path(start: Sequence[float], end: Sequence[float], foot: float, rng: np.random.Generator) -> Floats:
    """Hanging free, or down the wall and along the ground; nowhere below the ground."""
    (left, top), (right, bottom) = start, end
    if rng.random() < 0.5:
        slack = rng.uniform(0.05, 0.4) * (abs(right - left) + 0.4 * (bottom - top))
        points = hanging(start, end, slack, rng.uniform(0.5, 2.5))
    else:
        wall_foot = foot - rng.uniform(0.0, 0.3) * (foot - top)
        knots = [(left, top)]
        knots += [(left + rng.normal(0, 4), top + share * (wall_foot - top)) for share in (0.3, 0.6, 0.92)]
        for share in (0.15, 0.5, 0.8):
            ground = foot - rng.uniform(0.0, 0.06) * (foot - top)
            knots.append((left + share * (right - left) + rng.normal(0, 8), ground))
        points = spline([*knots, (right, bottom)])
    points[:, 1] = np.minimum(points[:, 1], foot - 1)
    points[:, 0] = np.clip(points[:, 0], 1, WIDTH - 1)
    return points


def cable_colour(rng: np.random.Generator, behind: Floats) -> Colour:
    return _seen(rng, CABLES, float(np.median(behind)))


def _seen(rng: np.random.Generator, colours: Sequence[Colour], behind: float) -> Colour:
    """One that stands out from a brightness, or else the one that does most."""
    contrasts = [abs(float(np.dot(colour, (0.299, 0.587, 0.114))) - behind) for colour in colours]
    good = [colour for colour, contrast in zip(colours, contrasts, strict=True) if contrast >= LEAST_CONTRAST]
    return _one(rng, good or [colours[int(np.argmax(contrasts))]])


def _worn(sheet: Image.Image, rng: np.random.Generator, depth: float) -> Image.Image:
    """Stains, and folds too soft to see as lines."""
    pixels = np.asarray(sheet, np.float32).copy()
    stains = _clouds(rng, (sheet.width, sheet.height), 7)
    pixels[..., :3] *= (1 - depth * stains)[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), "RGBA")


def _patchy(mask: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Ink that did not take everywhere."""
    taken = 1 - 0.55 * _clouds(rng, mask.size, 18) * rng.uniform(0.3, 1)
    return Image.fromarray((np.asarray(mask, np.float32) * taken).astype(np.uint8), "L")


def _clouds(rng: np.random.Generator, size: tuple[int, int], cells: int) -> Floats:
    coarse = rng.random((cells, cells)).astype(np.float32)
    return np.asarray(np.clip(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), 0, 1), np.float32)


def _one(rng: np.random.Generator, choices: Sequence[Colour]) -> Colour:
    return choices[int(rng.integers(len(choices)))]


def _face(rng: np.random.Generator, faces: Sequence[Face]) -> Face:
    return faces[int(rng.integers(len(faces)))]


def _font(face: Face, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(face[0], size, index=face[1])


def _line(
    pen: ImageDraw.ImageDraw,
    text: str,
    face: Face,
    middle: tuple[float, float],
    room: tuple[float, float],
    ink: Colour | int,
) -> None:
    """As large as `room` (width, height) allows."""
    size = room[1]
    size *= min(1.0, room[0] / max(_font(face, max(8, int(size))).getlength(text), 1))
    pen.text(middle, text, fill=ink, font=_font(face, max(8, int(size))), anchor="mm", stroke_width=int(size > 60))
