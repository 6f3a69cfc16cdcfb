"""Which pictures are the same but for size, compression, light, mirroring or quarter turns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Print = NDArray[np.uint64]
"""(8,): the perceptual hash of a picture as it is, then in its seven mirrored and turned forms."""

THUMB_PX = 32
DRAFT_PX = 4 * THUMB_PX
"""A JPEG is decoded no finer than needed to be at least so wide."""
HASH_BITS = 64
ALIKE_BITS = 8
"""Over 2,447 real pictures every pair up to 6 bits was one photo, none had 8, and the pairs looked at
with 10 and 12 were two photos. Copies in lower quality, half the size or other light differ by 6 at most, three of four
cropped by 3 % a side by 8; sheared ones by 10 to 18 (see likeness_by_points)."""
FORMS: tuple[Image.Transpose | None, ...] = (None, *Image.Transpose)
ROWS_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Likeness:
    """`first` < `second` are indexes of pictures; the first in the form FORMS[`form`] is most like the second."""

    first: int
    second: int
    bits: int
    form: int


def picture_print(picture: Path) -> Print:
    """Decodes the whole file. Raises OSError where it is broken or cut off."""
    try:
        with Image.open(picture) as image:
            image.draft("L", (DRAFT_PX, DRAFT_PX))
            grey = image.convert("L").resize((THUMB_PX, THUMB_PX), Image.Resampling.BOX)
    except (ValueError, SyntaxError, Image.DecompressionBombError) as error:  # Pillow's plugins raise these too
        raise OSError(str(error)) from error
    forms = (grey if form is None else grey.transpose(form) for form in FORMS)
    return np.array([_packed(imagehash.phash(form)) for form in forms], np.uint64)


def _packed(found: imagehash.ImageHash) -> int:
    return int.from_bytes(np.packbits(found.hash.ravel()).tobytes(), "big")


def alike_pairs(prints: Sequence[Print], limit: int = ALIKE_BITS) -> Iterator[Likeness]:
    """Every pair whose prints differ in at most `limit` of 64 bits in the form that fits best."""
    if not prints:
        return
    forms = np.stack(prints)
    upright = forms[:, 0]
    for start in range(0, len(upright), ROWS_AT_ONCE):
        block = forms[start : start + ROWS_AT_ONCE]
        each = [np.bitwise_count(block[:, form, None] ^ upright[None, start:]) for form in range(forms.shape[1])]
        least = np.min(each, axis=0)
        for row, column in np.argwhere(least <= limit):
            if column > row:
                form = int(np.argmin([distances[row, column] for distances in each]))
                yield Likeness(start + int(row), start + int(column), int(least[row, column]), form)
