"""Images by content hash: on local disk, written whole and durably or not at all."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from pipeline.domain.errors import DiskFull, NotFound, StoreFailed
from pipeline.ports import ImageKind

DIGEST_LENGTH = 64
FLEETING = frozenset({ImageKind.print, ImageKind.last})
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class LocalImages:
    """Files `root/ab/abcdef…`, never seen half written; a kill leaves at most a `.part` that housekeeping sweeps."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, content: bytes, kind: ImageKind) -> str:
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        if path.exists():
            return digest
        part = path.with_name(f"{digest}.{uuid4().hex}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(content)
                # Evidence must survive a power cut; a lost print costs a detection, a lost last frame one visit.
                if kind not in FLEETING:
                    file.flush()
                    os.fsync(file.fileno())
            part.replace(path)
            if kind not in FLEETING:
                _sync_folder(path.parent)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            if error.errno in NO_ROOM:
                raise DiskFull("no room for images: free some disk, then run the round again") from error
            raise StoreFailed(f"an image could not be stored: {error.strerror}") from error
        return digest

    def get(self, digest: str) -> bytes:
        try:
            content = self._path(digest).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"no image {digest[:12]}") from None
        except OSError as error:
            raise StoreFailed(f"image {digest[:12]} cannot be read: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise NotFound(f"image {digest[:12]} is damaged on disk")
        return content

    def delete(self, digest: str) -> None:
        try:
            self._path(digest).unlink(missing_ok=True)
        except OSError as error:
            raise StoreFailed(f"image {digest[:12]} cannot be deleted: {error.strerror}") from error

    def older_than(self, limit: datetime) -> Iterator[str]:
        """Names of files last written before `limit`: digests, and parts that a kill left behind."""
        for path in self._root.glob("??/*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < limit.timestamp():
                    yield path.name

    def drop_part(self, name: str) -> None:
        (self._root / name[:2] / name).unlink(missing_ok=True)

    def check(self) -> None:
        """Raises StoreFailed where the folder cannot be written."""
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            probe = self._root / f".probe-{uuid4().hex}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise StoreFailed(f"the image folder cannot be written: {error.strerror}") from error

    def _path(self, digest: str) -> Path:
        if len(digest) != DIGEST_LENGTH or not set(digest) <= set("0123456789abcdef"):
            raise NotFound("no such image")
        return self._root / digest[:2] / digest


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
