"""Words as coverage masks: in every Chinese font that fontconfig knows, or in strokes where it knows none."""

import shutil
import subprocess
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from datasets.town_facade import STROKES, write
from datasets.town_texture import cloud

Mask = NDArray[np.uint8]
"""(h, w), 0 clear to 255 covered."""

TRADES = (
    "办证", "刻章", "疏通管道", "开锁", "贷款", "租房", "招工", "搬家", "回收", "家教", "修空调", "补漏",
    "防水", "高价收药", "无抵押贷款", "急开锁", "换锁", "专业打孔", "通下水", "维修热水器", "收旧家电",
    "回收手机", "代开发票", "信用卡套现", "招聘日结", "房屋出租", "单间出租", "店面转让", "打井", "除甲醛",
    "美缝", "刷墙", "家电清洗", "修洗衣机", "送水", "收头发", "收烟酒", "借钱", "征婚", "寻人启事",
    "治疗皮肤病", "祖传秘方", "老军医", "驾照消分", "代办文凭", "水电安装", "焊接", "纱窗", "灯箱", "宽带办理",
    "钟点工", "保姆月嫂", "辅导班", "二手车", "拉货",
)  # fmt: skip
PROMISES = (
    "随叫随到", "价格优惠", "二十四小时", "当天放款", "诚信经营", "上门服务", "保密", "长期有效", "免费咨询",
    "质量保证", "无效退款", "十年老店", "包教包会", "月薪八千", "押一付一", "家具齐全", "拎包入住",
    "不成功不收费", "联系电话", "微信同号", "请勿撕", "谢谢合作", "李师傅", "王经理", "张先生", "小区专用",
    "本地师傅", "低息", "急用钱找我", "身份证即可",
)  # fmt: skip
SHOPS = (
    "便民超市", "水果店", "五金日杂", "理发店", "早餐店", "牛肉面馆", "药店", "烟酒", "文具店", "洗衣店",
    "建设银行", "中国电信", "蛋糕房", "服装店", "茶楼", "诊所", "快递驿站", "彩票站", "美容美甲", "手机维修",
    "社区居委会", "派出所", "小学", "停车场", "公共厕所", "沙县小吃", "兰州拉面", "重庆火锅", "老百姓大药房",
    "邮政储蓄", "房产中介", "宠物医院",
)  # fmt: skip
NOTICES = ("告示", "通知", "温馨提示", "公告", "安全须知", "垃圾分类", "禁止停车", "小心台阶", "消防通道", "营业时间")
STREETS = ("人民路", "中山路", "建设街", "解放大道", "和平里", "新华巷", "文化路", "东风街", "幸福弄", "胜利路")
LATIN = (
    "LOANS", "SALE", "RENT", "CASH 24H", "WORK", "CALL NOW", "FOR RENT", "PLUMBER", "LOCKS", "TATTOO", "ROOM",
    "MASSAGE", "REPAIR", "WIFI", "TAXI", "VISA", "IPHONE FIX", "MOVING", "FREE", "HOT", "DIPLOMA", "BUY GOLD",
)  # fmt: skip
MOBILE_HEADS = ("13", "15", "17", "18", "19", "16")
LOADED_FONTS = 512
FONT_SIZES = (8, 11, 15, 20, 27, 36, 48, 64, 86, 120)
"""Faces are loaded in these sizes and the ink reduced from there: loading costs more than reducing."""


class Hand(StrEnum):
    printed = "printed"
    brushed = "brushed"
    """Printed shapes, bent and swollen as by a brush or marker."""
    strokes = "strokes"
    """Straight strokes on a square of ten; invented ones for characters that the project's font lacks."""


@dataclass(frozen=True, slots=True)
class FontFile:
    path: Path
    number: int
    """Of the face within a collection."""


@cache
def chinese_fonts() -> tuple[FontFile, ...]:
    """All Chinese faces of this machine in a stable order; none where fontconfig is absent or knows none."""
    if shutil.which("fc-list") is None:
        return ()
    listed = subprocess.run(
        ["fc-list", "-f", "%{file}\t%{index}\n", ":lang=zh"], capture_output=True, text=True, check=False
    ).stdout
    found = {tuple(line.split("\t")) for line in listed.splitlines() if "\t" in line}
    # Variable fonts tell their instances in the high half of the number: only the face itself is wanted.
    faces = [FontFile(Path(path), int(number) & 0xFFFF) for path, number in found]
    ordered = sorted({face for face in faces if face.path.is_file()}, key=lambda face: (face.path, face.number))
    return tuple(face for face in ordered if face.path.suffix.lower() in {".ttf", ".ttc", ".otf", ".otc"})


@lru_cache(maxsize=LOADED_FONTS)
def _font(face: FontFile, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(face.path), size_px, index=face.number)


def phone(rng: np.random.Generator) -> str:
    """A mobile or landline number, grouped as people write it; drawn at random."""
    digits = "".join(str(part) for part in rng.integers(0, 10, 9))
    if rng.random() < 0.15:
        return f"{digits[:4]}-{digits[4:]}{rng.integers(0, 10)}{rng.integers(0, 10)}"[:12]
    number = MOBILE_HEADS[int(rng.integers(len(MOBILE_HEADS)))] + digits
    gap = ("", "", " ", "-", ".")[int(rng.integers(5))]
    return gap.join((number[:3], number[3:7], number[7:]))


def some(rng: np.random.Generator, words: tuple[str, ...]) -> str:
    return words[int(rng.integers(len(words)))]


def lettered(rng: np.random.Generator, words: str, size_px: int, hand: Hand = Hand.printed, down: bool = False) -> Mask:
    """`words` in one row, or one below the other (`down`), cropped to the ink; at least 2 by 2 px."""
    size = max(6, size_px)
    fonts = chinese_fonts()
    if hand is Hand.strokes or not fonts:
        mask = _stroked(rng, words, size, down)
    else:
        mask = _typed(words, fonts[int(rng.integers(len(fonts)))], size, down)
    if hand is not Hand.printed:
        mask = _bent(rng, mask, size)
    return _inked(_pressed(rng, mask, size))


def _typed(words: str, face: FontFile, size: int, down: bool) -> Mask:
    loaded = next((step for step in FONT_SIZES if step >= size), FONT_SIZES[-1])
    font = _font(face, loaded)
    rows = tuple(words) if down else (words,)
    step = int(loaded * 1.25)
    canvas = Image.new("L", (step * max(len(row) for row in rows) + loaded, step * len(rows) + loaded))
    pen = ImageDraw.Draw(canvas)
    for number, row in enumerate(rows):
        pen.text((loaded // 4, number * step + loaded // 8), row, fill=255, font=font)
    mask = _inked(np.asarray(canvas, np.uint8))
    share = size / loaded
    if share == 1:
        return mask
    target = (max(2, round(mask.shape[1] * share)), max(2, round(mask.shape[0] * share)))
    return np.asarray(cv2.resize(mask, target, interpolation=cv2.INTER_AREA), np.uint8)


def _stroked(rng: np.random.Generator, words: str, size: int, down: bool) -> Mask:
    step = int(size * 1.22)
    shape = (step * len(words) + 4, size + 4) if down else (size + 4, step * len(words) + 4)
    canvas = np.zeros((*shape, 3), np.uint8)
    for number, character in enumerate(words):
        corner = (2, 2 + number * step) if down else (2 + number * step, 2)
        if character in STROKES:
            write(canvas, character, corner, size, (255, 255, 255))
        elif character.isascii():
            cv2.putText(
                canvas, character, (corner[0], corner[1] + size - 2), cv2.FONT_HERSHEY_DUPLEX, size / 26,
                (255, 255, 255), max(1, size // 12), cv2.LINE_AA,
            )  # fmt: skip
        else:
            _invented(rng, canvas, corner, size)
    return canvas[..., 0].copy()


def _invented(rng: np.random.Generator, canvas: NDArray[np.uint8], corner: tuple[int, int], size: int) -> None:
    """Strokes that look like a character from afar: level, upright and slanting ones."""
    thick = max(1, size // 10)
    for _ in range(int(rng.integers(4, 11))):
        x, y = rng.uniform(0, 0.7, 2)
        kind = rng.random()
        long = rng.uniform(0.25, 0.9)
        across, fall = (long, 0.02) if kind < 0.45 else (0.02, long) if kind < 0.75 else (long * 0.6, long * 0.7)
        start = (int(corner[0] + x * size), int(corner[1] + y * size))
        end = (int(corner[0] + min(1, x + across) * size), int(corner[1] + min(1, y + fall) * size))
        cv2.line(canvas, start, end, (255, 255, 255), thick, cv2.LINE_AA)


def _pressed(rng: np.random.Generator, mask: Mask, size: int) -> Mask:
    """Squeezed, stretched, slanted, fattened or thinned a little, as typefaces differ."""
    if rng.random() < 0.5:
        wide = float(rng.choice([0.7, 0.82, 0.9, 1.15, 1.3]))
        mask = np.asarray(cv2.resize(mask, (max(2, int(mask.shape[1] * wide)), mask.shape[0])), np.uint8)
    if rng.random() < 0.25:
        slant = float(rng.uniform(-0.25, 0.35))
        height, width = mask.shape
        shift = np.array([[1, -slant, max(0.0, slant) * height], [0, 1, 0]], np.float32)
        mask = np.asarray(cv2.warpAffine(mask, shift, (int(width + abs(slant) * height), height)), np.uint8)
    if rng.random() < 0.3 and size >= 14:
        kernel = np.ones((1 + size // 18, 1 + size // 18), np.uint8)
        padded = cv2.copyMakeBorder(mask, 3, 3, 3, 3, cv2.BORDER_CONSTANT, value=(0,))
        mask = np.asarray(cv2.dilate(padded, kernel), np.uint8)
    return mask


def _bent(rng: np.random.Generator, mask: Mask, size: int) -> Mask:
    padded = cv2.copyMakeBorder(mask, size // 4, size // 4, size // 4, size // 4, cv2.BORDER_CONSTANT, value=(0,))
    height, width = padded.shape
    reach = size * float(rng.uniform(0.02, 0.06))
    across = np.arange(width, dtype=np.float32)[None] + reach * cloud(rng, height, width, size * 0.5)
    along = np.arange(height, dtype=np.float32)[:, None] + reach * cloud(rng, height, width, size * 0.5)
    return np.asarray(cv2.remap(padded, across, along, cv2.INTER_LINEAR), np.uint8)


def _inked(mask: Mask) -> Mask:
    left, top, width, height = cv2.boundingRect(mask)
    if width < 2 or height < 2:
        return np.zeros((2, 2), np.uint8)
    return mask[top : top + height, left : left + width]
