"""Stored images: whole or not at all, found by their content, and clear when the disk is full."""

import hashlib
import os
import resource
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from threading import Thread

import pytest

from pipeline.adapters.images import LocalImages
from pipeline.domain.errors import DiskFull, NotFound, StoreFailed
from pipeline.ports import ImageKind

CONTENT = b"\xff\xd8 a picture" * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def images(tmp_path: Path) -> LocalImages:
    return LocalImages(tmp_path / "images")


@pytest.mark.parametrize("kind", list(ImageKind))
def test_what_was_put_is_got_by_its_hash(images: LocalImages, kind: ImageKind) -> None:
    assert images.put(CONTENT, kind) == DIGEST
    assert images.put(CONTENT, kind) == DIGEST
    assert images.get(DIGEST) == CONTENT


def test_many_who_put_the_same_at_once_leave_one_whole_file(images: LocalImages, tmp_path: Path) -> None:
    threads = [Thread(target=images.put, args=(CONTENT, ImageKind.evidence)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.name for path in (tmp_path / "images").glob("??/*")] == [DIGEST]
    assert images.get(DIGEST) == CONTENT


def test_deleting_twice_is_fine_and_what_is_gone_is_not_found(images: LocalImages) -> None:
    images.put(CONTENT, ImageKind.last)
    images.delete(DIGEST)
    images.delete(DIGEST)
    with pytest.raises(NotFound):
        images.get(DIGEST)


def test_a_damaged_file_is_not_given_out(images: LocalImages, tmp_path: Path) -> None:
    images.put(CONTENT, ImageKind.last)
    (tmp_path / "images" / DIGEST[:2] / DIGEST).write_bytes(CONTENT[:-1])
    with pytest.raises(NotFound, match="damaged"):
        images.get(DIGEST)


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "a" * 63, "g" * 64, "A" * 64, "../" + "a" * 61])
def test_a_name_that_is_no_digest_reaches_no_file(images: LocalImages, digest: str) -> None:
    for use in (images.get, images.delete):
        with pytest.raises(NotFound):
            use(digest)


def _put_below_a_size_limit(folder: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    import signal  # noqa: PLC0415

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        LocalImages(folder).put(CONTENT, ImageKind.evidence)
    except DiskFull as error:
        os._exit(3 if "\n" not in str(error) else 4)
    os._exit(0)


def test_no_room_is_one_clear_line_and_leaves_no_half_a_file(tmp_path: Path) -> None:
    child = get_context("spawn").Process(target=_put_below_a_size_limit, args=(tmp_path,))
    child.start()
    child.join()
    assert child.exitcode == 3
    assert list(tmp_path.glob("??/*")) == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "images").write_text("a file stands in the way")
    images = LocalImages(tmp_path / "images")
    with pytest.raises(StoreFailed) as raised:
        images.put(CONTENT, ImageKind.last)
    assert "\n" not in str(raised.value)
    with pytest.raises(StoreFailed):
        images.check()


def test_old_files_and_parts_left_by_a_kill_are_listed(images: LocalImages, tmp_path: Path) -> None:
    images.put(CONTENT, ImageKind.last)
    images.check()
    part = tmp_path / "images" / "ab" / f"{'ab' * 32}.123.part"
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(b"half")
    now = datetime.now(UTC)
    assert set(images.older_than(now + timedelta(minutes=1))) == {DIGEST, part.name}
    assert set(images.older_than(now - timedelta(minutes=1))) == set()
    images.drop_part(part.name)
    assert not part.exists()
