"""The pixels of a frame, decoded no further than asked for."""

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from pipeline.domain.errors import CaptureFailed
from pipeline.domain.frame import Frame

Bgr = NDArray[np.uint8]

PREVIEW_WIDTH, PREVIEW_HEIGHT = 640, 360
STORED_QUALITY = 88
LARGEST_SIDE = 16_384
"""A header that claims more is held to be hostile or broken."""


class Picture:
    """One image; from JPEG bytes it is decoded lazily: small for gauge and fast pass, in full for storing.

    Not safe for use by two threads at once.
    """

    __slots__ = ("_full", "_preview", "height", "jpeg", "width")

    def __init__(self, width: int, height: int, jpeg: bytes | None = None, full: Bgr | None = None) -> None:
        self.width = width
        self.height = height
        self.jpeg = jpeg
        self._full = full
        self._preview: Bgr | None = None

    @classmethod
    def from_bytes(cls, content: bytes) -> "Picture":
        """JPEG by its header, other formats decoded at once. Raises CaptureFailed("corrupt")."""
        if content[:2] != b"\xff\xd8":
            decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
            if decoded is None:
                raise CaptureFailed("corrupt", "the answer is not a picture")
            return cls.from_pixels(np.asarray(decoded, np.uint8))
        try:
            rows, columns, _, _ = simplejpeg.decode_jpeg_header(content)
            height, width = int(rows), int(columns)
        except ValueError as error:
            raise CaptureFailed("corrupt", f"the JPEG cannot be read: {error}") from error
        if not 0 < max(width, height) <= LARGEST_SIDE:
            raise CaptureFailed("corrupt", f"the JPEG claims {width}x{height} pixels")
        return cls(width, height, jpeg=content)

    @classmethod
    def from_pixels(cls, bgr: Bgr) -> "Picture":
        """Takes ownership of `bgr` (h, w, 3)."""
        return cls(bgr.shape[1], bgr.shape[0], full=bgr)

    def full(self) -> Bgr:
        """(h, w, 3) BGR, not to be written to; decoded at each call, for kept it would fill the memory of a round.

        Raises CaptureFailed("corrupt").
        """
        return self._decoded() if self._full is None else self._full

    def preview(self) -> Bgr:
        """BGR of at least 640x360 where the picture is that large: decoded by halves, so cheaply."""
        if self._preview is None:
            self._preview = self._reduced() if self._full is not None else self._decoded(PREVIEW_HEIGHT, PREVIEW_WIDTH)
        return self._preview

    def as_jpeg(self) -> bytes:
        """The original bytes, or the pixels encoded."""
        if self.jpeg is None:
            self.jpeg = encode_jpeg(self.full())
        return self.jpeg

    def _decoded(self, min_height: int = 0, min_width: int = 0) -> Bgr:
        try:
            pixels: Bgr = simplejpeg.decode_jpeg(
                self.jpeg, "BGR", fastdct=True, fastupsample=True, min_height=min_height, min_width=min_width
            )
        except ValueError as error:
            raise CaptureFailed("corrupt", f"the JPEG is damaged: {error}") from error
        return pixels

    def _reduced(self) -> Bgr:
        assert self._full is not None
        factor = min(self.width // PREVIEW_WIDTH, self.height // PREVIEW_HEIGHT)
        if factor < 2:
            return self._full
        size = (self.width // factor, self.height // factor)
        return np.asarray(cv2.resize(self._full, size, interpolation=cv2.INTER_AREA), np.uint8)


def encode_jpeg(bgr: Bgr, quality: int = STORED_QUALITY) -> bytes:
    content = simplejpeg.encode_jpeg(np.ascontiguousarray(bgr), quality, "BGR", "420")
    return bytes(content)


def picture_of(frame: Frame) -> Picture:
    """The frame's pixels; the one place where the opaque value is opened."""
    if not isinstance(frame.pixels, Picture):
        raise TypeError(f"a frame holds a Picture, not {type(frame.pixels).__name__}")
    return frame.pixels
