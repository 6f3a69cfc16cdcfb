"""All kinds of sources behind the port FrameSource: many at once, few on one host, none waiting for another."""

import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from traceback import extract_tb

from pipeline.adapters.addresses import Credentials, Patience, hidden, host_of, source_kind_of, split_credentials
from pipeline.adapters.replay import STEP_S, ReplaySource
from pipeline.adapters.rtsp import RtspSource
from pipeline.adapters.snapshot import SnapshotSource
from pipeline.domain.camera import SourceKind, View
from pipeline.domain.errors import BadInput, CaptureFailed, StreetPatrolError
from pipeline.domain.frame import Frame
from pipeline.ports import Clock

Deliver = Callable[[View, Frame | Exception], None]
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CaptureLimits:
    connect_timeout_s: float = 3.0
    read_timeout_s: float = 5.0
    deadline_s: float = 12.0
    """For the whole of one capture, from its start; waiting for a turn does not count."""
    at_once: int = 64
    """Threads for HTTP."""
    streams_at_once: int = 8
    """Threads for RTSP, which decodes."""
    files_at_once: int = 2
    per_host: int = 4
    """An NVR gives few streams; HTTP and RTSP count together."""
    jitter_s: float = 0.2
    """Spread of the first starts, so that a round does not hit the network as one blow."""
    ca_file: str | None = None
    """Certificates that https and rtsps are checked against; without it they are not checked."""


@dataclass(frozen=True, slots=True)
class _Job:
    view: View
    source: str
    credentials: Credentials | None
    host: str
    delay_s: float = 0.0


class Cameras:
    """The port FrameSource. `credentials` gives a camera's, by its id, and is called in the thread that captures;
    replays show what `epoch` and `step_s` make of the hour. Several captures may be under way at once: they share
    the threads and the places at each host."""

    def __init__(
        self,
        clock: Clock,
        credentials: Callable[[int], Credentials | None],
        limits: CaptureLimits,
        jitter: Random,
        *,
        epoch: datetime = EPOCH,
        step_s: float = STEP_S,
    ) -> None:
        patience = Patience(limits.connect_timeout_s, limits.read_timeout_s, limits.deadline_s)
        self._credentials = credentials
        self._limits = limits
        self._jitter = jitter
        self._http = SnapshotSource(clock, patience, limits.ca_file)
        self._rtsp = RtspSource(clock, patience, limits.ca_file)
        self._replay = ReplaySource(clock, epoch, step_s)
        self._threads = {
            SourceKind.http: limits.at_once,
            SourceKind.rtsp: limits.streams_at_once,
            SourceKind.replay: limits.files_at_once,
        }
        self._turns = _Turns(self._threads, limits.per_host, self._fetched)

    def capture(self, views: Sequence[View], deliver: Deliver) -> None:
        """As the port says; what `deliver` itself raises is raised here once all views were delivered."""
        jobs = []
        for view in views:
            prepared = self._prepared(view)
            if isinstance(prepared, CaptureFailed):
                deliver(view, prepared)
            else:
                jobs.append(prepared)
        if jobs:
            under_way = _Capture(len(jobs), deliver)
            self._turns.run(self._spread(jobs), under_way)
            under_way.wait()

    def _prepared(self, view: View) -> _Job | CaptureFailed:
        try:
            source, embedded = split_credentials(view.source)
            if source_kind_of(source) is not view.source_kind:
                raise BadInput(f"the source is no {view.source_kind} address or path")
            host = host_of(source)
        except BadInput as error:
            return CaptureFailed("bad_source", str(error))
        try:
            credentials = self._credentials(view.camera_id) if host else None
        except StreetPatrolError as error:
            return CaptureFailed("credentials", str(error))
        return _Job(view, source, credentials or embedded, host)

    def _spread(self, jobs: Sequence[_Job]) -> list[_Job]:
        """Delay the first of each kind, as many as start at once; later ones start as earlier ones end."""
        started: Counter[SourceKind] = Counter()
        spread = []
        for job in jobs:
            kind = job.view.source_kind
            started[kind] += 1
            at_first = job.host and started[kind] <= self._threads[kind]
            spread.append(replace(job, delay_s=self._jitter.uniform(0, self._limits.jitter_s)) if at_first else job)
        return spread

    def _fetched(self, job: _Job) -> Frame | CaptureFailed:
        time.sleep(job.delay_s)
        try:
            return self._fetch(job)
        except CaptureFailed as failure:
            return CaptureFailed(failure.fault, hidden(str(failure), job.credentials))
        except Exception as error:  # noqa: BLE001  # per-camera boundary: the port promises a delivery for every view
            last = extract_tb(error.__traceback__)[-1]  # the error's own text might hold an address
            return CaptureFailed("unexpected", f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}")

    def _fetch(self, job: _Job) -> Frame:
        match job.view.source_kind:
            case SourceKind.http:
                return self._http.fetch(job.source, job.credentials)
            case SourceKind.rtsp:
                return self._rtsp.fetch(job.source, job.credentials)
            case SourceKind.replay:
                return self._replay.fetch(job.source)


Fetch = Callable[[_Job], Frame | CaptureFailed]


class _Capture:
    """One call of `capture`: how many of its jobs are still to end, and the first error of its `deliver`."""

    def __init__(self, count: int, deliver: Deliver) -> None:
        self._left = count
        self._deliver = deliver
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._error: BaseException | None = None

    def end(self, view: View, got: Frame | CaptureFailed) -> None:
        try:
            self._deliver(view, got)
        except BaseException as error:  # noqa: BLE001  # handed over to the thread that waits
            self._error = self._error or error
        finally:
            with self._lock:
                self._left -= 1
                if not self._left:
                    self._over.set()

    def wait(self) -> None:
        self._over.wait()
        if self._error is not None:
            raise self._error


class _Turns:
    """A pool of threads for each kind. A job takes a thread only when its host has room, so that a slow recorder with
    many views keeps no more threads than its share, however many captures are under way at once."""

    def __init__(
        self, threads: dict[SourceKind, int], per_host: int, fetch: Callable[[_Job], Frame | CaptureFailed]
    ) -> None:
        self._per_host = per_host
        self._fetch = fetch
        self._lock = threading.Lock()
        self._pools = {kind: ThreadPoolExecutor(count, f"capture-{kind}") for kind, count in threads.items()}
        self._busy: Counter[str] = Counter()
        self._waiting: defaultdict[str, deque[tuple[_Job, _Capture]]] = defaultdict(deque)

    def run(self, jobs: Sequence[_Job], capture: _Capture) -> None:
        """Begin the jobs, or let them wait for their host."""
        with self._lock:
            for job in jobs:
                if not job.host:
                    self._begin(job, capture)  # files have no host
                elif self._busy[job.host] < self._per_host:
                    self._busy[job.host] += 1
                    self._begin(job, capture)
                else:
                    self._waiting[job.host].append((job, capture))

    def _begin(self, job: _Job, capture: _Capture) -> None:
        self._pools[job.view.source_kind].submit(self._turn, job, capture)

    def _turn(self, job: _Job, capture: _Capture) -> None:
        try:
            capture.end(job.view, self._fetch(job))
        finally:
            if job.host:
                self._pass_on(job.host)

    def _pass_on(self, host: str) -> None:
        """Give the place at a host to who waits for it, or back."""
        with self._lock:
            if self._waiting[host]:
                self._begin(*self._waiting[host].popleft())
            else:
                self._busy[host] -= 1
