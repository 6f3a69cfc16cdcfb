"""What views remember: small facts in a row, prints as files by content hash."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.adapters import rows, tables
from pipeline.adapters.database import reading, writing
from pipeline.domain.errors import NotFound
from pipeline.domain.frame import ViewMemory
from pipeline.domain.patrol import Mode
from pipeline.ports import ImageKind, ImageStore, StagedMemories

OWNER_BYTES = 8


@dataclass(frozen=True, slots=True)
class StagedRows:
    values: list[rows.Columns]
    replaced: tuple[str, ...]
    """Digests of prints that nothing names once the values are saved."""


class SqlViewMemories:
    """Between load and forget_prints it knows which prints came from where, so that these are not hashed again."""

    def __init__(self, engine: Engine, prints: ImageStore) -> None:
        self._engine = engine
        self._prints = prints
        self._loaded: dict[int, list[tuple[bytes | None, str]]] = {}

    def load(self, view_ids: Sequence[int]) -> dict[int, ViewMemory]:
        """A view without a row, or whose prints are lost, starts anew: that costs a detection, no more."""
        query = sa.select(tables.view_memories).where(tables.view_memories.c.view_id.in_(view_ids))
        with reading(self._engine) as connection:
            found = connection.execute(query).all()
        memories = {view_id: ViewMemory() for view_id in view_ids}
        for row in found:
            loaded = {digest: self._get(digest) for digest in rows.prints_of(row)}
            references, backgrounds = (_there(kept, loaded) for kept in (row.references, row.backgrounds or {}))
            memories[row.view_id] = rows.memory_of(row, references, backgrounds, loaded.get(row.detected_print))
            self._loaded[row.view_id] = [(content, digest) for digest, content in loaded.items()]
        return memories

    def stage(self, memories: Mapping[int, ViewMemory]) -> StagedMemories:
        values, replaced = [], []
        for view_id, memory in memories.items():
            references, backgrounds = (
                {mode.value: self._digest(view_id, content) for mode, content in kept.items()}
                for kept in (memory.references, memory.backgrounds)
            )
            detected = self._digest(view_id, memory.detected_print) if memory.detected_print else None
            kept = {*references.values(), *backgrounds.values(), detected}
            replaced += [digest for _, digest in self._loaded.get(view_id, []) if digest not in kept]
            values.append(
                {
                    "view_id": view_id,
                    "references": references,
                    "backgrounds": backgrounds,
                    "detected_print": detected,
                    "pulse": memory.pulse,
                    "text_areas": _areas(memory),
                    "facts": rows.memory_facts(memory),
                }
            )
        return StagedRows(values, tuple(replaced))

    def forget_prints(self, staged: StagedMemories) -> None:
        assert isinstance(staged, StagedRows)
        for columns in staged.values:
            self._loaded.pop(columns["view_id"], None)
        for digest in staged.replaced:
            self._prints.delete(digest)

    def forget_poses(self, view_ids: Sequence[int]) -> None:
        """Start these views anew: the next good frame gives reference and on-screen text."""
        with writing(self._engine) as connection:
            connection.execute(sa.delete(tables.view_memories).where(tables.view_memories.c.view_id.in_(view_ids)))

    def _digest(self, view_id: int, content: bytes) -> str:
        known = (digest for loaded, digest in self._loaded.get(view_id, []) if loaded is content)
        # The view's number makes a print nobody else's, so that dropping it harms no other view.
        return next(known, None) or self._prints.put(content + view_id.to_bytes(OWNER_BYTES, "big"), ImageKind.print)

    def _get(self, digest: str) -> bytes | None:
        with suppress(NotFound):
            return self._prints.get(digest)[:-OWNER_BYTES]
        return None


def _there(kept: Mapping[str, str], loaded: Mapping[str, bytes | None]) -> dict[Mode, bytes]:
    there = ((Mode(mode), loaded[digest]) for mode, digest in kept.items())
    return {mode: content for mode, content in there if content is not None}


def _areas(memory: ViewMemory) -> list[tuple[float, float, float, float]] | None:
    if memory.text_areas is None:
        return None
    return [(box.left, box.top, box.right, box.bottom) for box in memory.text_areas]
