"""The gate between a challenger and the champion: a table of rules over what both were measured to do on one hold-out.

Pure: figures in, an answer in words out. A person decides; the gate says what speaks against it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class CategoryFigures:
    """One category on the frozen hold-out. Intervals are 95 %; None where the hold-out shows no such thing."""

    boxes: int
    ap50: float | None
    ap50_interval: Interval | None
    recall: float | None
    """At the working threshold."""
    recall_interval: Interval | None
    calibration_error: float | None
    """Mean distance between score and share of right boxes (ECE, 10 bins), from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A model on the hold-out."""

    model: str
    categories: Mapping[str, CategoryFigures]
    dismissed_places: int
    """Places that reviewers called false alarms."""
    dismissed_alarms: int
    """Of these, at how many it still alarms at its working threshold."""
    ms_an_image: float
    pictures: int = 0
    cameras: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    """By camera: things found, things there, false alarms."""


@dataclass(frozen=True, slots=True)
class GateTerms:
    """What a challenger must do, and what it may cost."""

    least_alarms_cut: float = 0.2
    """Share of the champion's alarms at dismissed places that must be gone."""
    least_places: int = 10
    """With fewer dismissed places on the hold-out only a rise counts against it."""
    most_slower: float = 0.05
    least_timed: int = 20
    """With fewer pictures times are chance."""
    most_calibration_worse: float = 0.02
    least_boxes: int = 5
    """With fewer boxes of a category its figures say nothing."""


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    code: str
    category: str | None
    passed: bool
    zh: str
    en: str
    champion: float | None = None
    challenger: float | None = None


@dataclass(frozen=True, slots=True)
class GateAnswer:
    rules: tuple[RuleAnswer, ...]

    @property
    def passed(self) -> bool:
        return all(rule.passed for rule in self.rules)

    @property
    def reasons(self) -> tuple[RuleAnswer, ...]:
        """What speaks against it; empty where it passed."""
        return tuple(rule for rule in self.rules if not rule.passed)


OfCategory = Callable[[str, CategoryFigures, CategoryFigures, GateTerms], RuleAnswer | None]
OfModel = Callable[[Measured, Measured, GateTerms], RuleAnswer | None]


def judge(champion: Measured, challenger: Measured, terms: GateTerms = GateTerms()) -> GateAnswer:
    """Every rule's answer, in the order of the tables below; a rule that has nothing to go by gives none."""
    answers: list[RuleAnswer | None] = []
    for category, before in champion.categories.items():
        after = challenger.categories.get(category)
        if after is None:
            answers.append(_lost(category))
            continue
        answers += [rule(category, before, after, terms) for rule in CATEGORY_RULES]
    answers += [rule(champion, challenger, terms) for rule in MODEL_RULES]
    return GateAnswer(tuple(answer for answer in answers if answer is not None))


def _lost(category: str) -> RuleAnswer:
    return RuleAnswer(
        "category_lost", category, False, "新模型不再识别该类别", "the challenger does not know it any more"
    )


def _ap50_holds(category: str, before: CategoryFigures, after: CategoryFigures, terms: GateTerms) -> RuleAnswer | None:
    """AP50 falls no further than the champion's own interval reaches."""
    if before.boxes < terms.least_boxes or before.ap50 is None or before.ap50_interval is None:
        return None
    now, low = after.ap50 or 0.0, before.ap50_interval[0]
    passed = now >= low
    return RuleAnswer(
        "ap50", category, passed,
        f"AP50 {before.ap50:.3f} → {now:.3f}，{'未低于' if passed else '低于'}区间下限 {low:.3f}（{before.boxes} 框）",
        f"AP50 {before.ap50:.3f} → {now:.3f}, {'not below' if passed else 'below'} the interval's end at {low:.3f} "
        f"({before.boxes} boxes)",
        before.ap50, now,
    )  # fmt: skip


def _recall_holds(
    category: str, before: CategoryFigures, after: CategoryFigures, terms: GateTerms
) -> RuleAnswer | None:
    if before.boxes < terms.least_boxes or before.recall is None or before.recall_interval is None:
        return None
    now, low = after.recall or 0.0, before.recall_interval[0]
    passed = now >= low
    return RuleAnswer(
        "recall", category, passed,
        f"工作阈值下召回率 {before.recall:.3f} → {now:.3f}，{'未低于' if passed else '低于'}区间下限 {low:.3f}",
        f"recall at the working threshold {before.recall:.3f} → {now:.3f}, {'not below' if passed else 'below'} the "
        f"interval's end at {low:.3f}",
        before.recall, now,
    )  # fmt: skip


def _calibration_holds(
    category: str, before: CategoryFigures, after: CategoryFigures, terms: GateTerms
) -> RuleAnswer | None:
    if before.calibration_error is None or after.calibration_error is None or before.boxes < terms.least_boxes:
        return None
    worse = after.calibration_error - before.calibration_error
    passed = worse <= terms.most_calibration_worse
    return RuleAnswer(
        "calibration", category, passed,
        f"校准误差 {before.calibration_error:.3f} → {after.calibration_error:.3f}，"
        f"{'未明显变差' if passed else f'变差超过 {terms.most_calibration_worse:.2f}'}",
        f"calibration error {before.calibration_error:.3f} → {after.calibration_error:.3f}, "
        f"{'not worse' if passed else f'worse by more than {terms.most_calibration_worse:.2f}'}",
        before.calibration_error, after.calibration_error,
    )  # fmt: skip


def _alarms_fall(champion: Measured, challenger: Measured, terms: GateTerms) -> RuleAnswer | None:
    """At places that reviewers dismissed; what it is for."""
    before, now = champion.dismissed_alarms, challenger.dismissed_alarms
    if not champion.dismissed_places:
        return None
    few = champion.dismissed_places < terms.least_places or not before
    wanted = before if few else int(before * (1.0 - terms.least_alarms_cut))
    passed = now <= wanted
    zh_goal, en_goal = (f"不得多于 {wanted}", f"no more than {wanted} allowed")
    return RuleAnswer(
        "dismissed_alarms", None, passed,
        f"在 {champion.dismissed_places} 处已判误报的位置：报警 {before} → {now}，{zh_goal}",
        f"at {champion.dismissed_places} places that reviewers dismissed: {before} → {now} alarms, {en_goal}",
        float(before), float(now),
    )  # fmt: skip


def _speed_holds(champion: Measured, challenger: Measured, terms: GateTerms) -> RuleAnswer | None:
    before, now = champion.ms_an_image, challenger.ms_an_image
    if before <= 0 or min(champion.pictures, challenger.pictures) < terms.least_timed:
        return None
    passed = now <= before * (1.0 + terms.most_slower)
    return RuleAnswer(
        "speed", None, passed,
        f"每帧 {before:.1f} → {now:.1f} 毫秒，{'在' if passed else '超出'} {terms.most_slower:.0%} 以内",
        f"{before:.1f} → {now:.1f} ms an image, {'within' if passed else 'beyond'} {terms.most_slower:.0%}",
        before, now,
    )  # fmt: skip


CATEGORY_RULES: tuple[OfCategory, ...] = (_ap50_holds, _recall_holds, _calibration_holds)
MODEL_RULES: tuple[OfModel, ...] = (_alarms_fall, _speed_holds)
