"""Measures a frame against what its view remembers; what the figures mean is decided by `pipeline.steps.assess`."""

from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.adapters.gauge_change import changed_areas
from pipeline.adapters.gauge_print import Grey, colour_spread, grey_of, loaded, mode_of, print_of, shown_mask
from pipeline.adapters.gauge_pulse import pulse_change, pulse_of
from pipeline.adapters.gauge_text import find_text, found_anew
from pipeline.adapters.gauge_tiles import NOTHING_TOLD, Likeness, edges_of, likeness
from pipeline.adapters.picture import Picture, picture_of
from pipeline.domain.frame import Frame, Reading, ViewMemory
from pipeline.domain.geometry import Box
from pipeline.domain.patrol import Mode

LOOK_SIDE = 8


class Gauge:
    """Holds nothing between frames, so that threads may share one."""

    def read(self, frame: Frame, memory: ViewMemory, masks: Sequence[Box]) -> Reading:
        picture = picture_of(frame)
        preview = picture.preview()
        grey = grey_of(preview)
        printed = print_of(grey)
        known = memory.text_areas
        text = known if known is not None else _text(picture)
        shown = shown_mask((*text, *masks))
        brightness, contrast = _light(printed, shown)
        mode = mode_of(colour_spread(preview, shown), brightness, memory.mode)
        changed = _changed(printed, memory, mode, shown)
        if changed and known is not None:
            text = found_anew(known, changed, lambda: _text(picture))
            if text != known:
                shown = shown_mask((*text, *masks))
                changed = _changed(printed, memory, mode, shown)
        alike = _likeness(printed, memory, mode, shown)
        pulse = pulse_of(grey)
        return Reading(
            mode=mode, brightness=brightness, contrast=contrast, sharpness_share=alike.sharpness_share,
            blind=alike.blind, blind_share=alike.blind_share, pose_share=alike.pose_share, shift=alike.shift,
            changed=changed, pulse_change=pulse_change(pulse, memory.pulse, shown),
            print=printed.tobytes(), pulse=pulse, text_areas=text,
        )  # fmt: skip

    def looks(self, frame: Frame, boxes: Sequence[Box]) -> list[bytes]:
        if not boxes:
            return []
        grey = grey_of(picture_of(frame).preview())
        return [_look(grey, box) for box in boxes]


def _text(picture: Picture) -> tuple[Box, ...]:
    """From the whole picture: small letters do not outlive the preview. Happens once a view and where a clock shows."""
    return find_text(grey_of(picture.full()))


def _light(printed: Grey, shown: Grey) -> tuple[float, float]:
    mean, deviation = cv2.meanStdDev(printed, mask=shown)
    return float(mean[0][0]), float(deviation[0][0])


def _changed(printed: Grey, memory: ViewMemory, mode: Mode, shown: Grey) -> tuple[Box, ...] | None:
    """None also across a change between colour and infra-red, where everything differs and it says nothing."""
    then = loaded(memory.detected_print)
    if then is None or memory.mode is None or memory.mode.is_colour != mode.is_colour:
        return None
    return changed_areas(printed, then, shown)


def _likeness(printed: Grey, memory: ViewMemory, mode: Mode, shown: Grey) -> Likeness:
    """Against the mode's own reference, or, for pose alone, against another one that is coloured as this frame is."""
    own = loaded(memory.references.get(mode))
    kindred = next((kept for other, kept in memory.references.items() if other.is_colour == mode.is_colour), None)
    reference = own if own is not None else loaded(kindred)
    if reference is None:
        return NOTHING_TOLD
    alike = likeness(edges_of(printed, shown), edges_of(reference, shown))
    return alike if own is not None else Likeness(alike.pose_share, alike.shift, None, (), 0.0)


def _look(grey: Grey, box: Box) -> bytes:
    """At least one preview pixel, the nearest inside the frame."""
    height, width = grey.shape
    left = min(max(int(box.left * width), 0), width - 1)
    top = min(max(int(box.top * height), 0), height - 1)
    right = min(max(int(np.ceil(box.right * width)), left + 1), width)
    bottom = min(max(int(np.ceil(box.bottom * height)), top + 1), height)
    crop = grey[top:bottom, left:right]
    return cv2.resize(crop, (LOOK_SIDE, LOOK_SIDE), interpolation=cv2.INTER_AREA).tobytes()
