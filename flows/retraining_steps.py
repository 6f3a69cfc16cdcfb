"""The steps of a retraining, each kept by what went into it: done again after a kill they give the same."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from datasets.source import SOURCE_FILE
from datasets.town_pictures import write_pictures
from datasets.versions import FrozenVersion
from flows.model_adding import Lineage, add_version
from flows.wiring import Town, champion_card
from models.card import ModelCard, Source
from models.gate import GateTerms, judge
from models.gate_measuring import compare
from models.gate_report import gate_facts, write_report
from models.mlflow_export import told_to_mlflow
from models.retraining import RetrainTerms, retrain
from pipeline.adapters.redactor import find_font
from pipeline.domain.detection import Pass
from pipeline.domain.model_version import ModelVersion, Proposal, ProposalState
from pipeline.settings import Settings

KEY_LENGTH = 12
DRAWN_PICTURES, DRAWN_SEED = 150, 4
"""Of the drawn town, where everything is known of every category: they hold what the town's own verdicts never show."""
GATE_FILE = "gate.json"
Tick = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Course:
    """One retraining: what it starts from, and where its files lie."""

    version: FrozenVersion
    champion: ModelCard
    terms: RetrainTerms
    work: Path

    @property
    def key(self) -> str:
        return self.work.name


def terms_of(settings: Settings) -> RetrainTerms:
    return RetrainTerms(epochs=settings.retrain_epochs, image_size=settings.retrain_image_size)


def course_of(town: Town, version: FrozenVersion) -> Course:
    """Named by the samples, the champion, the terms and what is replayed. Raises NotFound, WeightsRefused."""
    champion, terms = champion_card(town), terms_of(town.settings)
    replayed = [folder.name for folder in own_replay(town)]
    told = json.dumps([version.hash, champion.sha256, asdict(terms), replayed, DRAWN_PICTURES, DRAWN_SEED])
    key = hashlib.sha256(told.encode()).hexdigest()[:KEY_LENGTH]
    return Course(version, champion, terms, town.settings.home / "retraining" / key)


def own_replay(town: Town) -> list[Path]:
    """Source folders that the engineer laid into `replay`: what else must not be forgotten."""
    return sorted(path.parent for path in (town.settings.home / "replay").glob(f"*/{SOURCE_FILE}"))


def drawn_replay(town: Town) -> Path:
    """Pictures of the drawn town, made once."""
    folder = town.settings.home / "retraining" / "drawn"
    if not (folder / SOURCE_FILE).exists() or not (folder / "whole").exists():
        write_pictures(folder, DRAWN_PICTURES, DRAWN_SEED)
        (folder / "whole").touch()
    return folder


def train_challenger(town: Town, course: Course, tick: Tick) -> Path:
    """The challenger's weights. Raises BadInput, WeightsRefused."""
    sources = [*course.version.sources, *own_replay(town), drawn_replay(town)]
    with told_to_mlflow(town.settings.mlflow_uri, course.key, course.work / "config"):
        return retrain(town.registry.weights(course.champion), sources, course.work, course.terms, tick)


def make_known(town: Town, course: Course, weights: Path, who: str) -> ModelVersion:
    """A model version with its lineage. It works at the champion's thresholds: what is compared is the weights."""
    champion = course.champion
    card = ModelCard(
        name=f"{champion.name} · {course.version.hash12}"[:80],
        sha256="0" * 64,  # read from the file
        classes=champion.classes,
        image_size=champion.image_size,
        thresholds=champion.thresholds,
        sources=(*champion.sources, Source(name=f"verdicts of this town, {course.version.hash12}", licence="own")),
        note=champion.note,
    )
    parameters = {name: value for name, value in asdict(course.terms).items() if value is not None}
    lineage = Lineage(who, course.version.hash, (champion.hash12,), parameters, {"labels": dict(course.version.counts)})
    return add_version(town, weights, card, lineage)


def put_to_the_gate(town: Town, course: Course, model: str, tick: Tick) -> dict[str, object]:
    """What the gate says, in words and figures; once said it stays said. Raises BadInput, WeightsRefused."""
    kept = course.work / GATE_FILE
    if kept.exists():
        said: dict[str, object] = json.loads(kept.read_text("utf-8"))
        return said
    challenger = town.registry.card(model)
    detectors = [town.registry.opened(card) for card in (course.champion, challenger)]
    thresholds = _working_thresholds(town)
    compared = compare(detectors[0], detectors[1], course.version.folder, thresholds, tick)
    answer = judge(compared.champion, compared.challenger, GateTerms())
    write_report(town.settings.home / report_of(course), compared, answer, find_font())
    facts = gate_facts(compared, answer)
    part = kept.with_suffix(".part")
    part.write_text(json.dumps(facts, ensure_ascii=False), "utf-8")
    part.replace(kept)
    return facts


def _working_thresholds(town: Town) -> dict[str, float]:
    """Those in force, of categories that the champion finds."""
    classes = champion_card(town).classes
    return {code: row.threshold_of(Pass.fast) for code, row in town.categories().items() if code in classes}


def report_of(course: Course) -> str:
    return f"retraining/{course.key}/report"


def propose(town: Town, course: Course, version: ModelVersion, facts: dict[str, object]) -> int:
    """The proposal that waits for a person; the same one where it was made before.

    It takes the place of older ones that still wait, but one that the gate let through yields only to such a one.
    """
    with town.units.writing() as uow:
        for known in uow.models.proposals():
            if (known.model, known.champion) == (version.hash12, course.champion.hash12) and known.id is not None:
                return known.id
        for older in uow.models.proposals(ProposalState.waiting):
            if facts["passed"] or not older.passed:
                outdated = replace(older, state=ProposalState.outdated, decided_by="patrol")
                uow.models.decide(replace(outdated, decided_at=town.clock.now()))
        return uow.models.propose(
            Proposal(
                model=version.hash12, champion=course.champion.hash12, created_at=town.clock.now(),
                passed=bool(facts["passed"]), gate=facts, report=report_of(course), dataset=course.version.hash,
            )
        )  # fmt: skip
