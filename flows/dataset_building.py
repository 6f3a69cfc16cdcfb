"""From verdicts to a frozen dataset version of this town, and from a camera's wish to leave to a version without it."""

from collections.abc import Callable
from pathlib import Path

import structlog

from datasets.versions import FreezeTerms, FrozenVersion, freeze, without_views
from flows.wiring import Town
from pipeline.adapters import dataset_rows
from pipeline.adapters.audit import note_audit
from pipeline.adapters.database import reading, writing
from pipeline.adapters.dataset_rows import SampleRow, VersionRow
from pipeline.adapters.label_queries import judged_frames
from pipeline.domain.audit import Audit
from pipeline.domain.errors import BadInput

log = structlog.get_logger()


def datasets_folder(town: Town) -> Path:
    return town.settings.home / "datasets"


def build_version(town: Town, who: str, tick: Callable[[int, int], None] = lambda done, of: None) -> FrozenVersion:
    """Freeze what verdicts teach by now; the same verdicts give the version that is there. Raises BadInput."""
    with reading(town.engine) as connection:
        frames = judged_frames(connection)
    terms = FreezeTerms(categories=tuple(sorted(town.categories())))
    frozen = freeze(frames, town.images.get, datasets_folder(town), terms, tick)
    at = town.clock.now()
    rows = [
        SampleRow(row.sample, row.verdict_id, row.number, row.image, row.view_id, row.split, row.teaches, row.category)
        for row in frozen.rows
    ]
    with writing(town.engine) as connection:
        new = dataset_rows.add_version(connection, VersionRow(frozen.hash, at, who, frozen.counts), rows)
    log.info("dataset_frozen", dataset=frozen.hash12, new=new, samples=frozen.counts["samples"])
    return frozen


def forget_camera(town: Town, camera: str, who: str, why: str) -> dict[str, str | None]:
    """The camera's frames leave every version and enter none again: hashes of versions and what became of them.

    A version of which nothing is left becomes None. Raises NotFound, BadInput without a reason.
    """
    if not why.strip():
        raise BadInput("say why its frames leave: who asked, and when")
    at, became = town.clock.now(), dict[str, str | None]()
    with writing(town.engine) as connection:
        views = dataset_rows.views_of_camera(connection, camera)
        dataset_rows.forget_views(connection, views, who, why, at)
        note_audit(connection, Audit(at, who, "forgotten", "camera", camera, after={"why": why}))
        touched = dataset_rows.versions_with(connection, views)
    for old in touched:
        became[old] = _left_of(town, old, views, (who, why))
    return became


def _left_of(town: Town, old: str, views: list[int], told: tuple[str, str]) -> str | None:
    """The hash of the version without them; a kill in between is mended by asking again."""
    folder = datasets_folder(town) / old[:12]
    left = without_views(folder, views) if folder.exists() else None
    who, why = told
    with writing(town.engine) as connection:
        if left is not None:
            kept = [row for row in dataset_rows.samples_of(connection, old) if row.view_id not in views]
            version = VersionRow(left.hash, town.clock.now(), who, left.counts)
            dataset_rows.add_version(connection, version, kept)
        dataset_rows.replace_version(connection, old, left.hash if left else "", views, why)
    return left.hash if left else None
