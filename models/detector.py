"""The detector of every round: OpenVINO on the CPU, without torch."""

import os
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.card import ModelCard
from models.openvino_runtime import load_openvino
from models.tiles import Look, Rows, Seen, as_detections, looks, merged, seen_in
from pipeline.adapters.picture import picture_of
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.errors import WeightsRefused
from pipeline.domain.frame import Frame

NETWORK_FILE = "network.xml"
SUPPRESSION_IOU = 0.5
"""Of two boxes of one class with a larger IoU the worse goes."""
MOST_CANDIDATES_A_LOOK = 1000
"""The best so many are compared with each other; a threshold near 0 gives thousands."""
MOST_BOXES_A_LOOK = 300
BOX_NUMBERS = 4
END_TO_END_NUMBERS = 6
"""Some networks suppress doubles themselves and give rows of corners, score and class."""


class OpenVinoDetector:
    """Port Detector over an exported network; safe for use by several threads.

    `folder` holds `network.xml` and `.bin`; `threads` is the number of cores it may use (default: all it is allowed);
    `precision` "f32" or "bf16" overrides OpenVINO's own choice. Raises WeightsRefused when the network does not load
    or does not fit `card`.
    """

    def __init__(self, folder: Path, card: ModelCard, threads: int | None = None, precision: str | None = None) -> None:
        self._card = card
        self._network = _compiled(folder / NETWORK_FILE, card, threads or len(os.sched_getaffinity(0)), precision)
        self._end_to_end = _is_end_to_end(self._network, card)
        # A queue of requests a call, used again: waiting for all waits for one's own only. None is tied to a thread,
        # for OpenVINO aborts the process where a queue is destroyed by a thread that ends.
        self._idle: LifoQueue[Any] = LifoQueue()

    @property
    def model(self) -> str:
        return self._card.hash12

    @property
    def classes(self) -> tuple[str, ...]:
        return self._card.classes

    def detect(self, frames: Sequence[Frame], found_by: Pass, threshold: float) -> list[tuple[Detection, ...]]:
        """See port Detector; boxes in shares of the frame. Raises CaptureFailed("corrupt") for a damaged frame."""
        found: list[list[Seen]] = [[] for _ in frames]
        queue = self._take_queue()
        try:
            for seen, frame in zip(found, frames, strict=True):
                for look, canvas in looks(picture_of(frame), found_by, self._card.image_size):
                    queue.start_async({0: canvas[np.newaxis]}, (seen, look, threshold))
        finally:
            queue.wait_all()
            self._idle.put(queue)
        return [as_detections(merged(seen), self.classes, found_by, self.model) for seen in found]

    def _take_queue(self) -> Any:
        try:
            return self._idle.get_nowait()
        except Empty:
            queue = load_openvino().AsyncInferQueue(self._network)
            queue.set_callback(self._collect)
            return queue

    def _collect(self, request: Any, asked: tuple[list[Seen], Look, float]) -> None:
        seen, look, threshold = asked
        output = request.get_output_tensor().data[0]
        rows = _end_to_end_rows(output, threshold) if self._end_to_end else decoded(output, threshold)
        seen.extend(seen_in(look, rows))


def _compiled(xml: Path, card: ModelCard, threads: int, precision: str | None) -> Any:
    openvino = load_openvino()
    settings = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "NUM_STREAMS": threads,
        "INFERENCE_NUM_THREADS": threads,
        # Pinned to the first cores, two processes would share these and leave the others idle.
        "ENABLE_CPU_PINNING": False,
    }
    if precision:
        settings["INFERENCE_PRECISION_HINT"] = precision
    try:
        core = openvino.Core()
        network = core.read_model(xml)
        if list(network.input().shape) != [1, 3, *card.image_size]:
            raise WeightsRefused(f"weights {card.hash12}: the network wants {network.input().shape}, its card differs")
        return core.compile_model(_with_pixels_in(openvino, network), "CPU", settings)
    except RuntimeError as error:  # what every failure inside OpenVINO becomes
        raise WeightsRefused(f"weights {card.hash12}: the exported network does not load; export it anew") from error


def _with_pixels_in(openvino: Any, network: Any) -> Any:
    """The network with (1, h, w, 3) BGR bytes as its input: conversion runs inside, on its threads."""
    before = openvino.preprocess.PrePostProcessor(network)
    tensor = before.input().tensor()
    tensor.set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    tensor.set_color_format(openvino.preprocess.ColorFormat.BGR)
    steps = before.input().preprocess().convert_element_type(openvino.Type.f32)
    steps.convert_color(openvino.preprocess.ColorFormat.RGB).scale(255.0)
    before.input().model().set_layout(openvino.Layout("NCHW"))
    return before.build()


def _is_end_to_end(network: Any, card: ModelCard) -> bool:
    shape = list(network.output().shape)
    if len(shape) == 3 and shape[2] == END_TO_END_NUMBERS:
        return True
    if len(shape) == 3 and shape[1] == BOX_NUMBERS + len(card.classes):
        return False
    raise WeightsRefused(f"weights {card.hash12}: an output of {shape} does not fit {len(card.classes)} classes")


def decoded(output: NDArray[np.float32], threshold: float) -> Rows:
    """Rows of a raw output (4 + classes, n) of centre, size and class scores; doubles of a class suppressed."""
    scores = output[BOX_NUMBERS:].max(axis=0)
    chosen = np.flatnonzero(scores >= threshold)
    if not len(chosen):
        return np.zeros((0, END_TO_END_NUMBERS), np.float32)
    scores, numbers = scores[chosen], output[BOX_NUMBERS:, chosen].argmax(axis=0)
    x, y, width, height = output[:BOX_NUMBERS, chosen]
    corners = np.stack([x - width / 2, y - height / 2, width, height], axis=1)
    kept = cv2.dnn.NMSBoxesBatched(
        corners.tolist(), scores.tolist(), numbers.tolist(), 0.0, SUPPRESSION_IOU, top_k=MOST_CANDIDATES_A_LOOK
    )
    corners[:, 2:] += corners[:, :2]
    return np.column_stack([corners, scores, numbers])[np.asarray(kept, np.intp)[:MOST_BOXES_A_LOOK]].astype(np.float32)


def _end_to_end_rows(output: NDArray[np.float32], threshold: float) -> Rows:
    return output[output[:, BOX_NUMBERS] >= threshold].copy()
