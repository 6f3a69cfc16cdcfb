"""The second look at boxes of weak categories: what was read or stands near raises or lowers a score.

Each kind of evidence moves the log-odds of a score by a fixed amount, so that several add up and none alone makes a
certainty.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import exp, log

from pipeline.domain.geometry import Box

SECOND_LOOK_VERSION = "1"
"""Part of the terms in force: when the rules below change, unchanged views are detected anew."""

SURE_ENOUGH = 0.5
"""Confidence from which a line of text was read."""
SIGN_ASPECT = 1.6
"""Legal signs are wider than high; small ads seldom are."""
SIGN_WIDTH = 0.12
"""Share of the frame's width from which a wide box is no sticker."""
LEAST_SIGN_WIDTH = 0.07
SIGN_LETTERS = 0.28
"""Share of the crop's height from which letters are a sign's: a small ad says more in less room."""
FEW_LINES = 3
CABLE_END_GAP = 0.25
"""Shares of the two-wheeler's mean side within which a cable ends at it."""
OVERHEAD_ASPECT = 6.0
OVERHEAD_BOTTOM = 0.4
"""What spans far across above this share of the height is a line on poles."""
PIPE_ASPECT = 0.07
"""Width by height below which something upright is a pipe."""
BESIDE_GAP = 0.3
"""Shares of the mean side within which something stands beside a stall."""
LEAST_SCORE, MOST_SCORE = 0.001, 0.999


class Evidence(StrEnum):
    """What a second look can tell."""

    mobile = "mobile"
    mobile_in_part = "mobile_in_part"
    """One digit unread or lost."""
    landline = "landline"
    """Also 400 and 800 numbers: small ads have them, signs of shops too."""
    trade = "trade"
    """A word of the trades that small ads are for."""
    sign_word = "sign_word"
    sign_shape = "sign_shape"
    other_text = "other_text"
    """Letters without a number, a trade or a sign's word."""
    no_text = "no_text"
    """Nothing to read where print would be legible."""
    at_two_wheeler = "at_two_wheeler"
    overhead = "overhead"
    pipe = "pipe"
    umbrella = "umbrella"
    person_beside = "person_beside"
    truck_beside = "truck_beside"
    static_foreground = "static_foreground"
    always_there = "always_there"
    """The view's background shows the same."""
    partly_explained = "partly_explained"
    """A vehicle, a bin or a person covers part of it."""


LOG_ODDS: Mapping[Evidence, float] = {
    Evidence.mobile: 2.5,
    Evidence.mobile_in_part: 1.6,
    Evidence.landline: 0.8,
    Evidence.trade: 1.6,
    Evidence.sign_word: -1.2,
    Evidence.sign_shape: -1.0,
    Evidence.other_text: -0.6,
    Evidence.no_text: -0.8,
    Evidence.at_two_wheeler: 1.2,
    Evidence.overhead: -1.0,
    Evidence.pipe: -0.7,
    Evidence.umbrella: 0.8,
    Evidence.person_beside: 0.4,
    Evidence.truck_beside: 0.4,
    Evidence.static_foreground: 0.6,
    Evidence.always_there: -0.6,
    Evidence.partly_explained: -0.9,
}
"""Chosen by hand from what `benchmarks/second_look.py` prints; the sum over a box's evidence is added."""

TRADE_WORDS = tuple(
    """
    办证 刻章 贷款 借款 借钱 疏通 开锁 换锁 下水道 管道 马桶 化粪池 发票 代开 套现 信用卡 无抵押 急用钱
    回收 高价收 搬家 防水 补漏 家电维修 空调维修 加氟 移机 租房 求租 出租 招租 转让 招聘 招工 日结 兼职
    家教 保姆 月嫂 祖传 老军医 性病 根治 私家侦探 要账 讨债 文凭 驾照 消分 打孔 钻孔 砸墙 拆除 粉刷
    刮腻子 宽带
    """.split()  # noqa: SIM905  # a line a word would fill a page
)
SIGN_WORDS = tuple(
    """
    超市 便利 银行 药房 药店 医院 诊所 饭店 酒店 宾馆 餐厅 公司 学校 幼儿园 派出所 居委会 社区 中心 邮政
    快递 烟酒 美发 理发 五金 服装 眼镜 面馆 小吃 火锅 烧烤 水果 停车 禁止 严禁 请勿 消防 出口 入口 小心
    注意 当心 欢迎 营业 公厕 卫生间 电梯 监控 门牌 parking open exit hotel bank shop store coffee cafe
    bar pharmacy
    """.split()  # noqa: SIM905  # a line a word would fill a page
)

GAP = r"[\s.\-_·•—–:,/]{0,3}"
UNREAD = r"[\d?*#口□x]"
MOBILE = re.compile(rf"(?<!\d)1{GAP}[3-9](?:{GAP}\d){{9}}(?!\d)")
WITH_ONE_UNREAD = re.compile(rf"(?<![\d?*#])1{GAP}[3-9](?:{GAP}{UNREAD}){{9}}(?!\d)")
ONE_LOST = re.compile(rf"(?<!\d)1{GAP}[3-9](?:{GAP}\d){{8}}(?!\d)")
LANDLINES = (
    re.compile(rf"(?<!\d)\(?0\d{{2,3}}\)?{GAP}[2-9]\d{{2,3}}{GAP}\d{{4}}(?!\d)"),
    re.compile(rf"(?<!\d)[48]00{GAP}\d{{3}}{GAP}\d{{4}}(?!\d)"),
    re.compile(rf"(?:电话|热线|手机|tel|call){GAP}[2-9]\d{{2,3}}{GAP}\d{{4}}(?!\d)"),
)
MISREAD = str.maketrans("OoDQlI|!SsZB", "000011115528")
"""Letters that stand where a digit does."""
LETTER_IN_NUMBER = re.compile(r"(?<=\d)[OoDQlI|!SsZB](?=[\dOoDQlI|!SsZB]*\d)")
FIRST_ONE = re.compile(r"(?<![\w])[lI|!](?=[3-9]\d)")


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line that was read in a crop; its height as a share of the crop's."""

    text: str
    confidence: float
    height: float


def rescored(score: float, evidence: Iterable[Evidence]) -> float:
    """The score with the log-odds of all that was told added; unchanged where nothing was."""
    moved = sum(LOG_ODDS[one] for one in evidence)
    if not moved:
        return score
    kept = min(max(score, LEAST_SCORE), MOST_SCORE)
    return 1 / (1 + exp(-(log(kept / (1 - kept)) + moved)))


def numbers_in(text: str) -> frozenset[Evidence]:
    """Which phone numbers a text holds: mainland mobiles (whole, or with one digit unread or lost), others."""
    plain = _plain(text)
    if MOBILE.search(plain):
        return frozenset({Evidence.mobile})
    if any(_unread(match.group()) == 1 for match in WITH_ONE_UNREAD.finditer(plain)) or ONE_LOST.search(plain):
        return frozenset({Evidence.mobile_in_part})
    if any(pattern.search(plain) for pattern in LANDLINES):
        return frozenset({Evidence.landline})
    return frozenset()


def _plain(text: str) -> str:
    """Full-width digits as plain ones, letters within numbers as the digits they are mistaken for."""
    folded = FIRST_ONE.sub("1", unicodedata.normalize("NFKC", text))
    return LETTER_IN_NUMBER.sub(lambda match: match.group().translate(MISREAD), folded).lower()


def _unread(number: str) -> int:
    return sum(character in "?*#口□x" for character in number)


def ad_evidence(lines: Sequence[TextLine], box: Box, aspect: float, legible: bool) -> frozenset[Evidence]:
    """What the text in a box of illegal_ad tells. `aspect` is width by height in pixels; `legible` says that print of
    a small ad could have been read there."""
    read = [line for line in lines if line.confidence >= SURE_ENOUGH and line.text.strip()]
    if not read:
        return frozenset({Evidence.no_text}) if legible else frozenset()
    told = _numbers(read) | _words(read)
    if told & {Evidence.mobile, Evidence.mobile_in_part}:
        return told - {Evidence.sign_word}
    if Evidence.trade not in told and _is_sign(read, box, aspect):
        told |= {Evidence.sign_shape}
    return told or frozenset({Evidence.other_text})


def _numbers(read: Sequence[TextLine]) -> frozenset[Evidence]:
    """Line by line; a mobile broken over two lines counts in part."""
    found = frozenset().union(*(numbers_in(line.text) for line in read))
    if found & {Evidence.mobile, Evidence.mobile_in_part}:
        return found
    broken = any(MOBILE.search(_plain(f"{one.text} {other.text}")) for one, other in pairwise(read))
    return found | {Evidence.mobile_in_part} if broken else found


def _words(read: Sequence[TextLine]) -> frozenset[Evidence]:
    text = "".join(unicodedata.normalize("NFKC", line.text).lower().replace(" ", "") for line in read)
    if any(word in text for word in TRADE_WORDS):
        return frozenset({Evidence.trade})
    return frozenset({Evidence.sign_word}) if any(word in text for word in SIGN_WORDS) else frozenset()


def _is_sign(read: Sequence[TextLine], box: Box, aspect: float) -> bool:
    """Wide, and either large in the frame or written in few large letters."""
    large_letters = len(read) <= FEW_LINES and max(line.height for line in read) >= SIGN_LETTERS
    return aspect >= SIGN_ASPECT and (box.width >= SIGN_WIDTH or (large_letters and box.width >= LEAST_SIGN_WIDTH))


def cable_evidence(box: Box, aspect: float, two_wheelers: Sequence[Box]) -> frozenset[Evidence]:
    """Whether a cable's lower half ends at a two-wheeler; or that it is a line on poles, or a pipe."""
    lower = Box(box.left, (box.top + box.bottom) / 2, box.right, box.bottom)
    if any(lower.gap(one) <= CABLE_END_GAP * (one.width + one.height) / 2 for one in two_wheelers):
        return frozenset({Evidence.at_two_wheeler})
    if aspect >= OVERHEAD_ASPECT and box.bottom <= OVERHEAD_BOTTOM:
        return frozenset({Evidence.overhead})
    return frozenset({Evidence.pipe}) if aspect <= PIPE_ASPECT else frozenset()


def stall_evidence(box: Box, umbrellas: Sequence[Box], persons: Sequence[Box]) -> frozenset[Evidence]:
    """Who and what stands at a box of street_business."""
    told = set()
    if any(_is_beside(box, one) for one in umbrellas):
        told.add(Evidence.umbrella)
    if any(_is_beside(box, one) for one in persons):
        told.add(Evidence.person_beside)
    return frozenset(told)


def _is_beside(box: Box, other: Box) -> bool:
    return box.gap(other) <= BESIDE_GAP * (box.width + box.height + other.width + other.height) / 4
