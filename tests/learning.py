"""A town whose verdicts have become datasets and challengers: rows as workers write them, for tests and pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.adapters import dataset_rows, training_rows
from pipeline.adapters.database import reading, writing
from pipeline.adapters.dataset_rows import VersionRow
from pipeline.adapters.tables import images, verdicts
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.asking import AskedFor, AskedFrame
from pipeline.domain.detection import Pass
from pipeline.domain.geometry import Box
from pipeline.domain.label import SampleRow
from pipeline.domain.model_version import ModelVersion, Proposal
from pipeline.domain.review import Teaches
from pipeline.domain.shadow import Compared, Difference, Seen, ShadowRun, Side
from pipeline.domain.threshold_proposal import Proposed, Share, ThresholdProposal
from pipeline.ports import ShadowFrame
from pipeline.steps import promotion

SHIPPED, CHAMPION, CHALLENGER, REFUSED = "a1b2c3d4e5f6", "4f1e3a9c0b7d", "c0ffee123456", "bad0bad0bad0"
DATASET, FIRST_DATASET = "d" * 64, "e" * 64
CLASSES = ("person", "car", "litter", "street_business", "illegal_ad")
THRESHOLDS = {code: {Pass.fast: 0.42, Pass.fine: 0.5} for code in CLASSES[2:]}
REPORT = "retraining/0123/report"


@dataclass
class Learning:
    engine: Engine
    home: Path
    now: datetime

    def __post_init__(self) -> None:
        self.units = SqlUnitsOfWork(self.engine)

    def build(self) -> int:
        """The number of the proposal that waits."""
        self._champions()
        self._freeze(FIRST_DATASET, self.now - timedelta(days=8), None)
        self._train(FIRST_DATASET, REFUSED, self.now - timedelta(days=8), (300, 0.55, 34))
        promotion.approve(self.units, 1, "admin", self.now - timedelta(days=7), "看过对比图，误报明显减少")
        with self.units.reading() as uow:
            made = uow.models.promotions()[0]
        promotion.refuse(self.units, made, "unexpected end of file in weights.pt", self.now - timedelta(days=7))
        self._freeze(DATASET, self.now - timedelta(hours=9), 40)
        self._train(DATASET, CHALLENGER, self.now - timedelta(hours=9), (640, 0.61, 18))
        self._shadow()
        return 2

    def _champions(self) -> None:
        promotion.start_with(
            self.units, _version(SHIPPED, "随附模型 1.0", self.now - timedelta(days=30)), "patrol",
            self.now - timedelta(days=30),
        )  # fmt: skip
        looked = _version(CHAMPION, "街面 y11s", self.now - timedelta(days=21), parents=(SHIPPED,))
        promotion.add_version(self.units, looked)
        promoted = promotion.promote(self.units, CHAMPION, "admin", self.now - timedelta(days=20), "试用一周无误")
        promotion.take_up(self.units, promoted, self.now - timedelta(days=20))

    def _freeze(self, digest: str, at: datetime, most: int | None) -> None:
        with reading(self.engine) as connection:
            told = connection.execute(sa.select(verdicts).where(verdicts.c.number.is_not(None)).limit(most)).all()
        samples = [
            SampleRow(
                f"{row.id:012x}" + "0" * 52, row.id, row.number, row.image, row.view_id,
                "val" if row.id % 5 == 0 else "train", Teaches(row.teaches), row.category,
            )
            for row in told
        ]  # fmt: skip
        samples.append(SampleRow("f" * 64, 0, None, "0" * 64, 1, "train", Teaches.nothing, None))
        counts = {"samples": {"train": 520, "val": 96}, "scenes": 188, "backgrounds": 54}
        with writing(self.engine) as connection:
            dataset_rows.add_version(connection, VersionRow(digest, at, "patrol", counts), samples)

    def _train(self, dataset: str, model: str, at: datetime, told: tuple[int, float, int]) -> None:
        labels, ap50, alarms = told
        version = _version(model, f"街面 y11s · {dataset[:12]}", at, dataset, (CHAMPION,))
        promotion.add_version(self.units, version)
        with self.units.writing() as uow:
            number = uow.models.propose(
                Proposal(model, CHAMPION, at, True, gate_of(model, ap50, alarms), REPORT, dataset)
            )  # fmt: skip
        with writing(self.engine) as connection:
            begun = training_rows.begin(connection, "labels", "patrol", labels, at - timedelta(minutes=92))
            assert begun is not None
            training_rows.note(connection, begun.id, dataset=dataset, model=model, proposal_id=number)
            training_rows.reach(connection, begun.id, "propose", at, "0 / 1")
            training_rows.end(connection, begun.id, training_rows.DONE, at, "the gate lets it through")
        write_report(self.home)

    def _shadow(self) -> None:
        begun = self.now - timedelta(days=1)
        shown = self._pictures()
        with self.units.writing() as uow:
            run = uow.shadow.begin(ShadowRun(CHALLENGER, CHAMPION, begun, self.now + timedelta(days=2)))
            tally = {"litter": Seen(61, 9, 14), "illegal_ad": Seen(20, 11, 2)}
            frames = [
                ShadowFrame(view, begun, image, Compared(tally if place == 0 else {}, (_difference(place),)))
                for place, (image, view) in enumerate(shown)
            ]
            uow.shadow.note(run, 1, frames, 84.0)
            uow.asked.add(
                [
                    AskedFrame(image, view, begun, self.now, list(AskedFor)[place % 3], 0.9 - place / 20)
                    for place, (image, view) in enumerate(shown)
                ]
            )

    def _pictures(self) -> Sequence[tuple[str, int]]:
        query = sa.select(images.c.digest, images.c.view_id).where(
            images.c.kind == "last", images.c.view_id.is_not(None)
        )
        with reading(self.engine) as connection:
            return [(row.digest, row.view_id) for row in connection.execute(query.order_by(images.c.digest).limit(6))]

    def propose_threshold(self, numbers: Sequence[str], before: float, view_id: int = 1) -> int:
        proposed = Proposed(0.64, (0.61, 0.66), Share(11, 14), Share(3, 3), Share(58, 60), tuple(numbers))
        with self.units.writing() as uow:
            return uow.threshold_proposals.add(
                ThresholdProposal(view_id, "litter", Pass.fast, before, proposed, CHAMPION, self.now)
            )

    def train_on(self) -> None:
        """One that is under way."""
        with writing(self.engine) as connection:
            begun = training_rows.begin(connection, "hand", "admin", 655, self.now - timedelta(minutes=20))
            assert begun is not None
            training_rows.reach(connection, begun.id, "train", self.now, "12 / 30")


def _version(
    hash12: str, name: str, at: datetime, dataset: str | None = None, parents: tuple[str, ...] = ()
) -> ModelVersion:
    parameters = {"epochs": 30, "image_size": 416, "freeze": 10, "seed": 7} if dataset else {}
    figures = {"litter": {"ap50": 0.6123, "recall": 0.71}, "pictures": 940}
    note = "" if dataset else "飞线充电尚无模型 no model for charging cables yet"
    return ModelVersion(
        hash12, name, CLASSES, at, "patrol", note, THRESHOLDS, dataset, parents, "0.5.0" if dataset else "",
        parameters, figures,
    )  # fmt: skip


def gate_of(model: str, ap50: float, alarms: int, passed: bool = True) -> dict[str, object]:
    """As the gate writes it."""
    told = (
        ("ap50", "litter", f"AP50 0.540 → {ap50:.3f}，未低于区间下限 0.495（212 框）",
         f"AP50 0.540 → {ap50:.3f}, not below the interval's end at 0.495 (212 boxes)", 0.54, ap50),
        ("recall", "litter", "工作阈值下召回率 0.700 → 0.712，未低于区间下限 0.640",
         "recall at the working threshold 0.700 → 0.712, not below the interval's end at 0.640", 0.7, 0.712),
        ("dismissed_alarms", None, f"在 60 处已判误报的位置：报警 41 → {alarms}，不得多于 32",
         f"at 60 places that reviewers dismissed: 41 → {alarms} alarms, no more than 32 allowed", 41.0, float(alarms)),
        ("speed", None, "每帧 23.1 → 23.0 毫秒，在 5% 以内", "23.1 → 23.0 ms an image, within 5%", 23.1, 23.0),
    )  # fmt: skip
    rules = [
        {"code": code, "category": category, "passed": passed, "zh": zh, "en": en, "champion": was, "challenger": now}
        for code, category, zh, en, was, now in told
    ]
    figures = {
        name: {"categories": {"litter": {"ap50": figure}}, "dismissed_places": 60, "dismissed_alarms": count}
        for name, figure, count in ((CHAMPION, 0.54, 41), (model, ap50, alarms))
    }
    return {"passed": passed, "rules": rules, "per_camera": [], "figures": figures}


def _difference(place: int) -> Difference:
    side, category = (Side.challenger, "litter") if place % 3 else (Side.champion, "illegal_ad")
    return Difference(side, category, Box(0.3, 0.55, 0.42, 0.74), 0.81 - 0.05 * place)


def write_report(home: Path) -> None:
    folder = home / REPORT
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.html").write_text("<!doctype html><link rel=stylesheet href=report.css><h1>报告</h1>", "utf-8")
    (folder / "report.css").write_text("h1{color:#123}", "utf-8")
