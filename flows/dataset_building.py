"""From verdicts to a frozen dataset version of this town, and from a camera's wish to leave to versions without it."""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from datasets.versions import HASH_LENGTH, FreezeTerms, FrozenVersion, freeze, without_views
from flows.wiring import Town
from pipeline.adapters import dataset_rows
from pipeline.adapters.audit import note_audit
from pipeline.adapters.database import reading, writing
from pipeline.adapters.dataset_rows import VersionRow
from pipeline.adapters.label_queries import judged_frames
from pipeline.domain.audit import Audit
from pipeline.domain.errors import BadInput

log = structlog.get_logger()


def datasets_folder(town: Town) -> Path:
    return town.settings.home / "datasets"


def build_version(town: Town, who: str, tick: Callable[[int, int], None] = lambda done, of: None) -> FrozenVersion:
    """Freeze what verdicts teach by now; the same verdicts give the version that is there. Raises BadInput.

    Waits for another one that is under way.
    """
    terms = FreezeTerms(categories=tuple(sorted(town.categories())))
    with _alone(town):
        _finish_forgetting(town)
        with reading(town.engine) as connection:
            frames = judged_frames(connection)
        frozen = freeze(frames, town.images.get, datasets_folder(town), terms, tick)
        version = VersionRow(frozen.hash, town.clock.now(), who, frozen.counts)
        with writing(town.engine) as connection:
            new = dataset_rows.add_version(connection, version, frozen.rows)
    log.info("dataset_frozen", dataset=frozen.hash12, new=new, samples=frozen.counts["samples"])
    return frozen


def forget_camera(town: Town, camera: str, who: str, why: str) -> dict[str, str | None]:
    """The camera's frames leave every version and enter none again: hashes of versions and what became of them.

    A version of which nothing is left becomes None. Raises NotFound, BadInput without a reason. Asked again after a
    kill, or by the next freezing, it is finished.
    """
    if not why.strip():
        raise BadInput("say why its frames leave: who asked, and when")
    at = town.clock.now()
    with _alone(town):
        with writing(town.engine) as connection:
            views = dataset_rows.views_of_camera(connection, camera)
            dataset_rows.forget_views(connection, views, who, why, at)
            note_audit(connection, Audit(at, who, "forgotten", "camera", camera, after={"why": why}))
        return _finish_forgetting(town)


@contextmanager
def _alone(town: Town) -> Iterator[None]:
    """Whoever writes versions: a frame must not be forgotten while it is being frozen."""
    folder = datasets_folder(town)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _finish_forgetting(town: Town) -> dict[str, str | None]:
    """Files go last: until the new name stands in the database, a kill leaves all that is needed to try again."""
    with reading(town.engine) as connection:
        waiting = dataset_rows.to_be_replaced(connection)
    became = {old: _made_anew(town, old, views) for old, views in waiting.items()}
    with reading(town.engine) as connection:
        gone = dataset_rows.replaced(connection)
    for old in gone:
        folder = datasets_folder(town) / old[:HASH_LENGTH]
        _drop_copies(town, folder)
        shutil.rmtree(folder, ignore_errors=True)
    return became


def _made_anew(town: Town, old: str, views: list[int]) -> str | None:
    """The hash of the version without these views."""
    folder = datasets_folder(town) / old[:HASH_LENGTH]
    left = without_views(folder, views) if folder.exists() else None
    with writing(town.engine) as connection:
        who, why = dataset_rows.why_forgotten(connection, views)
        if left is not None:
            kept = [row for row in dataset_rows.samples_of(connection, old) if row.view_id not in views]
            version = VersionRow(left.hash, town.clock.now(), who, left.counts)
            dataset_rows.add_version(connection, version, kept)
        dataset_rows.replace_version(connection, old, left.hash if left else "", views, why)
    log.info("dataset_replaced", dataset=old[:HASH_LENGTH], by=left.hash12 if left else None)
    return left.hash if left else None


def _drop_copies(town: Town, folder: Path) -> None:
    """What trainings on this version keep: their work, and of their reports the pictures of frames."""
    for work in sorted((town.settings.home / "retraining").glob("*/")):
        sources = [link.resolve() for link in (work / "sources").glob("*")]
        if not any(source.is_relative_to(folder.resolve()) for source in sources):
            continue
        for part in work.iterdir():
            if part.name == "report":
                for picture in part.glob("*.jpg"):
                    picture.unlink()
            elif part.is_dir() and not part.is_symlink():
                shutil.rmtree(part)
            else:
                part.unlink()
