"""What the core asks of the world: one page of Protocols. Adapters implement them; wiring chooses."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from pipeline.domain.asking import AskedFrame, DoubtfulFrame
from pipeline.domain.audit import Audit, JsonValue
from pipeline.domain.camera import View, ViewThreshold, Zone
from pipeline.domain.category import Category
from pipeline.domain.desk import KnownAnswer, Lease, Sample, SecondReading, Shown
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.dispatch import DispatchRule
from pipeline.domain.errand import Errand
from pipeline.domain.finding import Finding, Sighting
from pipeline.domain.foreground import Foreground
from pipeline.domain.frame import Frame, Reading, ViewMemory
from pipeline.domain.geometry import Box, Polygon
from pipeline.domain.model_version import ModelVersion, Promotion, Proposal, ProposalState
from pipeline.domain.patrol import Mode, Plan, Visit
from pipeline.domain.photo import Photo, Place
from pipeline.domain.repair import Repair
from pipeline.domain.review import Reason, Review, ReviewKind, Verdict
from pipeline.domain.shadow import Compared, Difference, ShadowRun
from pipeline.domain.site import Site, Tier
from pipeline.domain.threshold_proposal import JudgedFinding, ThresholdProposal, ThresholdState
from pipeline.domain.ticket import HistoryEntry, Ticket
from pipeline.domain.verification import AfterLook
from pipeline.domain.working_time import DeadlineTerms

StagedMemories = object
"""Opaque to the steps."""


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC."""
        ...


class FrameSource(Protocol):
    def capture(self, views: Sequence[View], deliver: Callable[[View, "Frame | Exception"], None]) -> None:
        """Fetch one fresh frame a view, many at once; call `deliver` once a view, from any thread, as each ends.

        A failure is delivered as CaptureFailed. Returns when every view was delivered; never raises for a camera.
        """
        ...


class ViewGauge(Protocol):
    def read(self, frame: Frame, memory: ViewMemory, masks: Sequence[Box]) -> Reading:
        """Measure a frame against what the view remembers; `masks` are edited text areas, used beside those found.

        Raises CaptureFailed("corrupt", …) for pixels that do not decode.
        """
        ...

    def looks(self, frame: Frame, boxes: Sequence[Box]) -> list[bytes]:
        """A look (64 grey values) of each box; see `pipeline.domain.finding.similarity`."""
        ...


class Detector(Protocol):
    @property
    def model(self) -> str:
        """Content hash of the weights."""
        ...

    @property
    def classes(self) -> tuple[str, ...]: ...

    def detect(self, frames: Sequence[Frame], found_by: Pass, threshold: float) -> list[tuple[Detection, ...]]:
        """Boxes of every class with at least `threshold`, best first, a tuple a frame, in the order of `frames`."""
        ...


class SecondLook(Protocol):
    @property
    def version(self) -> str:
        """Part of the terms in force."""
        ...

    @property
    def categories(self) -> frozenset[str]:
        """The weak ones, of which it has something to say."""
        ...

    def review(self, frame: Frame, detections: Sequence[Detection]) -> tuple[Detection, ...]:
        """The same boxes in the same order; those of weak categories with other scores. Helper boxes speak for them.

        Raises CaptureFailed("corrupt") for a damaged frame.
        """
        ...


class ForegroundGauge(Protocol):
    def read(self, frame: Frame, reading: Reading, memory: ViewMemory, pavement: Sequence[Polygon]) -> Foreground:
        """What stands on the pavement zones that the background of this mode does not show."""
        ...

    def learn(
        self, frame: Frame, reading: Reading, memory: ViewMemory, foreground: Foreground, keep_out: Sequence[Box]
    ) -> dict[Mode, bytes] | None:
        """The view's backgrounds after this frame, without what is at `keep_out`; None where they stay the same."""
        ...


@dataclass(frozen=True, slots=True)
class FrameRead:
    """A stored frame as the networks see it."""

    features: tuple[float, ...]
    """Where it lies in the champion's own space, of length 1; empty where that is not known."""
    differs: bool = False
    """A challenger finds something on it."""


class FrameReader(Protocol):
    def read(self, images: Sequence[str]) -> dict[str, FrameRead]:
        """Stored pictures by digest; those that are gone or damaged are left out."""
        ...


class Redactor(Protocol):
    def redact(self, frame: Frame, helpers: Sequence[Detection]) -> bytes:
        """The frame as JPEG of its full size with heads and plates blurred; `helpers` are the frame's own boxes."""
        ...

    def redact_small(self, frame: Frame, helpers: Sequence[Detection]) -> bytes:
        """The same, small (at most 640 wide) and cheap, for the last frame of a view."""
        ...

    def outlined(self, jpeg: bytes, boxes: Sequence[tuple[Box, str]]) -> bytes:
        """A redacted JPEG with boxes and their words drawn on it."""
        ...


class ImageKind(StrEnum):
    """What a stored image is kept for; each kind has its retention."""

    evidence = "evidence"
    sighting = "sighting"
    last = "last"
    reference = "reference"
    sample = "sample"
    asked = "asked"
    print = "print"


@dataclass(frozen=True, slots=True)
class KeptImage:
    digest: str
    kind: ImageKind
    view_id: int
    size_bytes: int
    created_at: datetime
    share: float | None = None
    """Of a sample: the share of empty frames that are kept."""


class ImageStore(Protocol):
    def put(self, content: bytes, kind: ImageKind) -> str:
        """Store under its content hash, durably but for prints and last frames, and give the hash.

        Raises DiskFull, StoreFailed.
        """
        ...

    def get(self, digest: str) -> bytes:
        """Raises NotFound; also where the content no longer matches its hash."""
        ...

    def delete(self, digest: str) -> None:
        """Missing is fine."""
        ...


class ViewMemories(Protocol):
    """Kept partly in files, so it stands outside the transaction: load, then stage, then save what was staged."""

    def load(self, view_ids: Sequence[int]) -> dict[int, ViewMemory]: ...
    def stage(self, memories: Mapping[int, ViewMemory]) -> StagedMemories:
        """Store the prints; what comes back goes to `UnitOfWork.save_memories`."""
        ...

    def forget_prints(self, staged: StagedMemories) -> None:
        """After the commit: drop the prints that the staged ones replaced."""
        ...


class Findings(Protocol):
    def live(self, view_ids: Sequence[int]) -> dict[int, list[Finding]]:
        """Candidates, open and dismissed findings by view."""
        ...

    def recently_cleared(self, view_ids: Sequence[int], since: datetime) -> dict[int, list[Finding]]: ...
    def get(self, finding_id: str) -> Finding:
        """Raises NotFound."""
        ...

    def save(self, findings: Sequence[Finding]) -> None: ...
    def add_sightings(self, sightings: Sequence[Sighting]) -> None: ...


class Visits(Protocol):
    def done(self, round_id: int) -> set[int]:
        """Views that already have a visit in this round."""
        ...

    def revisions(self, view_ids: Sequence[int]) -> dict[int, int]:
        """A number a view that grows with each visit written; held fast until the transaction ends, where it writes."""
        ...

    def add(self, visits: Sequence[Visit]) -> list[str]:
        """Add the visits and bring health, back-off and last frame of their views up to date.

        Gives the last frames that nothing names any more: to be deleted after the commit.
        """
        ...

    def queue_follow_up(self, view_id: int, due_at: datetime, found_by: Pass) -> None:
        """Keep the earlier of this and one already queued."""
        ...

    def finish_follow_ups(self, view_ids: Sequence[int], visited_at: datetime) -> None:
        """Drop those that were due by then."""
        ...


class Tickets(Protocol):
    def add(self, ticket: Ticket, history: HistoryEntry) -> None: ...
    def get(self, number: str) -> Ticket:
        """Raises NotFound."""
        ...

    def of_finding(self, finding_id: str) -> Ticket | None: ...
    def save(self, ticket: Ticket, history: HistoryEntry) -> None:
        """Write the new status and append to the history."""
        ...

    def note(self, history: HistoryEntry) -> None: ...
    def next_number(self, day: str) -> int:
        """The next counter value of a local day `YYYYMMDD`, from 1, without gaps or doubles once committed."""
        ...

    def attach(self, number: str, images: Mapping[str, str], at: datetime) -> None:
        """Name stored images of a ticket by role: `plain`, `outlined`, `after`."""
        ...

    def add_look(self, look: AfterLook) -> None: ...
    def newest_look(self, number: str) -> AfterLook | None: ...


class DispatchRules(Protocol):
    """Who is sent where, and what such a rule may name."""

    def all(self) -> tuple[DispatchRule, ...]:
        """In their order."""
        ...

    def add(self, rule: DispatchRule) -> int:
        """At the end; gives its id."""
        ...

    def save(self, rule: DispatchRule) -> None: ...
    def remove(self, rule_id: int) -> None: ...
    def site(self, name: str) -> Site:
        """With its units by tier. Raises NotFound."""
        ...

    def units(self) -> dict[str, Tier]:
        """Every unit by name."""
        ...


class Reviews(Protocol):
    """Looks by people, and the labels they left."""

    def lock(self, numbers: Sequence[str]) -> None:
        """Nobody else moves these tickets until the transaction ends."""
        ...

    def shown(self, number: str) -> Shown:
        """The ticket's newest plain picture with the finding's box on it. Raises NotFound."""
        ...

    def new_key(self) -> str: ...
    def add(self, review: Review) -> None: ...
    def get(self, key: str) -> Review | None: ...
    def last_of(self, who: str) -> Review | None:
        """The newest that stands."""
        ...

    def withdraw(self, key: str, at: datetime) -> None: ...
    def add_labels(self, labels: Sequence[Verdict]) -> None: ...
    def labels_of(self, number: str) -> tuple[Verdict, ...]:
        """Those that decided the ticket: without further things drawn beside it."""
        ...

    def decided_by(self, key: str) -> tuple[str, ...]:
        """Tickets that this review's labels decide."""
        ...

    def withdraw_labels(self, number: str) -> None:
        """Those that decided the ticket."""
        ...

    def withdraw_labels_by(self, key: str) -> None:
        """All that one review left."""
        ...

    def awaiting_like(self, number: str) -> dict[str, Finding]:
        """Other tickets of its view and category that await review, oldest first, not too many; their findings."""
        ...

    def save_reason(self, reason: Reason, position: int | None) -> None:
        """Add it, or change one with this code; None leaves its place, or puts a new one last."""
        ...

    def is_used(self, reason: str) -> bool: ...
    def remove_reason(self, code: str) -> None: ...
    def all_reasons(self) -> dict[str, Reason]:
        """With those that are retired, in their order."""
        ...


class Dealing(Protocol):
    """Cards before reviewers. Each of the `deal_` gives None where there is nothing of its kind for this person."""

    def renew(self, who: str, tokens: Sequence[str], at: datetime, until: datetime) -> tuple[str, ...]:
        """Those that are still this person's."""
        ...

    def held(self, token: str) -> Lease | None: ...
    def holder(self, number: str, at: datetime) -> Lease | None:
        """Who has this ticket on the desk for its first verdict."""
        ...

    def lease(self, kind: ReviewKind, subject: str, who: str, at: datetime, until: datetime) -> Lease | None:
        """None where somebody else has it."""
        ...

    def release(self, tokens: Sequence[str], who: str) -> None: ...
    def sweep(self, at: datetime) -> None:
        """Forget leases and skips that ended long before."""
        ...

    def pass_over(self, lease: Lease, until: datetime) -> None:
        """Not to be dealt to this person again before then."""
        ...

    def deal_tickets(self, who: str, count: int, at: datetime, until: datetime) -> list[Lease]:
        """The longest waiting first."""
        ...

    def deal_second(self, who: str, at: datetime, until: datetime) -> Lease | None: ...
    def deal_conflict(self, who: str, at: datetime, until: datetime) -> Lease | None: ...
    def deal_known(self, who: str, at: datetime, until: datetime, draw: float) -> Lease | None: ...
    def deal_sample(self, who: str, at: datetime, until: datetime, draw: float) -> Lease | None:
        """`draw` (0 to 1) says where to look among the samples, so that any may come next."""
        ...

    def deal_asked(self, who: str, at: datetime, until: datetime) -> Lease | None:
        """What champion and challenger differ about first, then what teaches most."""
        ...

    def ask_second(self, review: Review) -> None:
        """Have somebody else read what this review decided."""
        ...

    def second(self, reading_id: int) -> SecondReading:
        """Raises NotFound."""
        ...

    def reading_of(self, key: str) -> int | None:
        """The second reading that this review answered or settled."""
        ...

    def answer_second(self, reading_id: int, review: Review, conflict: bool) -> None: ...
    def reopen_second(self, key: str) -> None:
        """The second reader took this review back."""
        ...

    def settle(self, reading_id: int, key: str) -> None: ...
    def unsettle(self, key: str) -> None: ...
    def forget_seconds(self, key: str) -> None:
        """The first reader took this review back: what is unread or in conflict is asked of nobody any more."""
        ...

    def known(self, known_id: int) -> KnownAnswer:
        """Raises NotFound."""
        ...

    def plant(self, known: KnownAnswer, who: str, at: datetime) -> int:
        """Mark it as known, or change the answer of what is marked already; its id."""
        ...

    def retire_known(self, known_id: int, at: datetime) -> None: ...
    def sample(self, digest: str) -> Sample:
        """Raises NotFound for what is no sample, or is one no more."""
        ...

    def read_sample(self, sample: Sample, review: Review, missed: int) -> None:
        """Note what was read; a frame that holds something missed is kept as evidence."""
        ...

    def unread_sample(self, key: str) -> None: ...


class ViewSettings(Protocol):
    """What people set up on a view."""

    def name_of(self, view_id: int) -> str:
        """Raises NotFound."""
        ...

    def zones(self, view_id: int) -> tuple[Zone, ...]: ...
    def save_zones(self, view_id: int, zones: Sequence[Zone]) -> None:
        """In place of all that were there."""
        ...

    def text_found(self, view_id: int) -> tuple[Box, ...]:
        """On-screen text that the gauge found by itself."""
        ...

    def forget_found_text(self, view_id: int) -> None:
        """From here on only zones of kind text count, and what newly shows itself to be text."""
        ...

    def overtake(self, view_id: int) -> None:
        """Rounds that look at this view now begin it again from what is known by then."""
        ...

    def rest_no_longer(self, view_id: int) -> None:
        """A view that kept failing is tried again at the next round."""
        ...

    def thresholds(self, view_id: int) -> tuple[ViewThreshold, ...]: ...
    def save_thresholds(self, view_id: int, thresholds: Sequence[ViewThreshold], who: str, at: datetime) -> None:
        """In place of all that were there."""
        ...

    def hold_picture(self, view_id: int, image: str, kind: ImageKind) -> None:
        """Keep a stored picture of the view as long as this kind is kept. Raises NotFound where it is none."""
        ...

    def approve(self, view_id: int, mode: Mode, image: str, who: str, at: datetime) -> None:
        """Name the picture that a person approved as the view's reference of a mode."""
        ...

    def forget_references(self, view_id: int) -> None:
        """Those that were approved of a pose that is no more."""
        ...

    def add_repair(self, repair: Repair) -> int: ...
    def repair(self, repair_id: int) -> Repair:
        """Raises NotFound."""
        ...

    def close_repair(self, repair_id: int, words: str, who: str, at: datetime) -> None:
        """Raises TransitionRefused where it is closed."""
        ...


class Plans(Protocol):
    def get(self, name: str) -> Plan:
        """Raises NotFound."""
        ...

    def add(self, plan: Plan) -> None:
        """Raises BadInput where the name is taken."""
        ...

    def save(self, plan: Plan) -> None: ...
    def remove(self, name: str) -> None:
        """Raises TransitionRefused while a round of it is under way."""
        ...

    def known_sites(self) -> set[str]: ...


class Errands(Protocol):
    """What pages ask of workers; the oldest first."""

    def ask(self, kind: str, subject: str, payload: Mapping[str, JsonValue], who: str, at: datetime) -> int:
        """Its number; that of one which waits already, where the same was asked."""
        ...

    def get(self, errand_id: int) -> Errand:
        """Raises NotFound."""
        ...

    def waits(self, at: datetime) -> bool:
        """Whether there is anything to take; needs no write lock."""
        ...

    def take(self, at: datetime) -> Errand | None:
        """The oldest that waits, or that a killed worker left; now running."""
        ...

    def beat(self, errand: Errand, at: datetime) -> None:
        """The worker that took it is still at it. This and what ends it does nothing once another took it."""
        ...

    def finish(self, errand: Errand, answer: Mapping[str, JsonValue]) -> None: ...
    def fail(self, errand: Errand, why: str) -> None: ...
    def give_back(self, errand: Errand) -> None:
        """Waiting again: its worker was told to stop."""
        ...

    def give_up_lost(self, at: datetime) -> int:
        """End those whose workers were killed too often; how many."""
        ...


class Photos(Protocol):
    """Rows of people's photos."""

    def add(self, photo: Photo) -> None: ...
    def save(self, photo: Photo) -> None: ...
    def remove(self, photo_id: str) -> None: ...
    def get(self, photo_id: str) -> Photo:
        """Raises NotFound."""
        ...

    def of_ticket(self, number: str) -> tuple[Photo, ...]:
        """The oldest first."""
        ...

    def site_of(self, number: str) -> Place | None:
        """Where the ticket's site lies, if that is known."""
        ...


class PhotoInbox(Protocol):
    """Files of photos on their way in, out of everybody's sight. Raises NotFound for an id that is none."""

    def size(self, photo_id: str) -> int:
        """Bytes that are there; 0 where nothing is."""
        ...

    def append(self, photo_id: str, offset: int, chunk: bytes) -> int:
        """Durably; gives the next offset. Raises TransitionRefused for another offset than `size`, DiskFull."""
        ...

    def sha256(self, photo_id: str) -> str: ...
    def read(self, photo_id: str) -> bytes:
        """Raises NotFound."""
        ...

    def drop(self, photo_id: str) -> None:
        """Missing is fine."""
        ...


class ModelVersions(Protocol):
    """Weights by hash, which of them is the champion, and what waits for a decision."""

    def add(self, version: ModelVersion) -> None:
        """One that is known already stays as it is."""
        ...

    def get(self, hash12: str) -> ModelVersion:
        """Raises NotFound."""
        ...

    def all(self) -> tuple[ModelVersion, ...]: ...
    def current(self) -> Promotion | None:
        """The newest promotion that was not refused."""
        ...

    def promotion(self, promotion_id: int) -> Promotion:
        """Raises NotFound."""
        ...

    def promotions(self) -> tuple[Promotion, ...]:
        """The newest first."""
        ...

    def promote(self, promotion: Promotion, keep_thresholds: bool = False) -> Promotion:
        """Also takes over the version's measured thresholds; a rollback takes those that were in force before.

        Raises NotFound.
        """
        ...

    def take_up(self, promotion: Promotion) -> None: ...
    def refuse(self, promotion: Promotion) -> None:
        """Also puts back the thresholds of before."""
        ...

    def propose(self, proposal: Proposal) -> int: ...
    def proposal(self, proposal_id: int) -> Proposal:
        """Raises NotFound."""
        ...

    def proposals(self, state: ProposalState | None = None) -> tuple[Proposal, ...]:
        """The newest first."""
        ...

    def decide(self, proposal: Proposal) -> None: ...


class AskedFrames(Protocol):
    """Stored frames that people are asked about, and those from which these are chosen."""

    def note_doubtful(self, frames: Sequence[DoubtfulFrame]) -> None: ...
    def doubted_at(self, view_ids: Sequence[int]) -> dict[int, datetime]:
        """Frame time of the newest doubtful frame of each view that has one."""
        ...

    def doubtful(self, since: datetime) -> tuple[DoubtfulFrame, ...]:
        """Those that may be asked about and were not yet; none of views whose frames had to leave."""
        ...

    def add(self, frames: Sequence[AskedFrame]) -> None:
        """One that is asked about already stays as it is."""
        ...

    def get(self, image: str) -> AskedFrame:
        """Raises NotFound, also where its picture is kept no more."""
        ...

    def read(self, image: str, review: Review, found: int) -> None:
        """Note what was read; the picture is kept as evidence from now on: an answer of nothing is a label too."""
        ...

    def unread(self, key: str) -> None:
        """The review was taken back."""
        ...

    def waiting(self) -> int: ...
    def chosen_since(self, since: datetime) -> int:
        """How many were asked for doubt or novelty."""
        ...

    def newest(self, most: int) -> tuple[str, ...]:
        """Pictures that were asked about last, the newest first."""
        ...


class ShadowRuns(Protocol):
    """At most one is under way; what is written to one that has ended is dropped."""

    def begin(self, run: ShadowRun) -> int: ...
    def get(self, run_id: int) -> ShadowRun:
        """Raises NotFound."""
        ...

    def running(self) -> ShadowRun | None: ...
    def all(self) -> tuple[ShadowRun, ...]:
        """The newest first."""
        ...

    def end(self, run_id: int, at: datetime, why: str | None = None) -> None:
        """`why`: it could not go on."""
        ...

    def known(self, run_id: int, view_ids: Sequence[int]) -> dict[int, tuple[Difference, ...]]:
        """Differences that stand already, by view."""
        ...

    def note(self, run_id: int, round_id: int, frames: Sequence["ShadowFrame"], seconds: float) -> bool:
        """False where the run has ended."""
        ...


@dataclass(frozen=True, slots=True)
class ShadowFrame:
    view_id: int
    at: datetime
    image: str | None
    """The frame in full, where one was stored."""
    compared: Compared


class ThresholdProposals(Protocol):
    """Thresholds of single views that verdicts speak for, and that wait for a person."""

    def judged(self, model: str, since: datetime) -> tuple[JudgedFinding, ...]:
        """Findings of tickets that bear a standing verdict which teaches something, with sightings by these weights.

        Tickets in conflict between readers are left out.
        """
        ...

    def add(self, proposal: ThresholdProposal) -> int: ...
    def get(self, proposal_id: int) -> ThresholdProposal:
        """Raises NotFound."""
        ...

    def all(self, state: ThresholdState | None = None) -> tuple[ThresholdProposal, ...]:
        """The newest first."""
        ...

    def decide(self, proposal: ThresholdProposal) -> None: ...


class UnitOfWork(Protocol):
    """One transaction; commits when left without an exception."""

    @property
    def findings(self) -> Findings: ...
    @property
    def visits(self) -> Visits: ...
    @property
    def tickets(self) -> Tickets: ...
    @property
    def rules(self) -> DispatchRules: ...
    @property
    def reviews(self) -> Reviews: ...
    @property
    def dealing(self) -> Dealing: ...
    @property
    def views(self) -> ViewSettings: ...
    @property
    def errands(self) -> Errands: ...
    @property
    def photos(self) -> Photos: ...
    @property
    def plans(self) -> Plans: ...
    @property
    def models(self) -> ModelVersions: ...
    @property
    def asked(self) -> AskedFrames: ...
    @property
    def shadow(self) -> ShadowRuns: ...
    @property
    def threshold_proposals(self) -> ThresholdProposals: ...
    def categories(self) -> dict[str, Category]: ...
    def reasons(self) -> dict[str, Reason]: ...
    def deadline_terms(self, category: str, unit: str | None) -> DeadlineTerms:
        """What binds a dispatch made now; later changes of the tables do not touch it. Raises NotFound."""
        ...

    def save_memories(self, staged: StagedMemories) -> None: ...
    def keep_images(self, images: Sequence[KeptImage]) -> None:
        """Name stored images and what they are kept for; a digest already named keeps its stronger kind."""
        ...

    def audit(self, audit: Audit) -> None:
        """Append to the audit; needed wherever a person changes a setting."""
        ...

    def bump(self, topic: str) -> None:
        """Advance the change sequence that live pages read."""
        ...


class UnitsOfWork(Protocol):
    def writing(self) -> AbstractContextManager[UnitOfWork]: ...
    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """A consistent look; takes no write lock."""
        ...
