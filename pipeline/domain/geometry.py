"""Boxes and polygons in shares of the frame: 0 is left or top, 1 right or bottom."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
Polygon = tuple[Point, ...]
TOUCHING_GAP = 1e-6


@dataclass(frozen=True, slots=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return max(0.0, self.right - self.left)

    @property
    def height(self) -> float:
        return max(0.0, self.bottom - self.top)

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def centre(self) -> Point:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def shared_area(self, other: "Box") -> float:
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return width * height if width > 0 and height > 0 else 0.0

    def iou(self, other: "Box") -> float:
        shared = self.shared_area(other)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0

    def overlap_of_smaller(self, other: "Box") -> float:
        """The shared area as a share of the smaller box."""
        smaller = min(self.area, other.area)
        return self.shared_area(other) / smaller if smaller > 0 else 0.0

    def covered_by(self, others: Sequence["Box"]) -> float:
        """The largest share of this box that any one of `others` covers."""
        return max((self.shared_area(other) / self.area for other in others), default=0.0) if self.area else 0.0

    def gap(self, other: "Box") -> float:
        """The larger of the horizontal and vertical clear distances, 0 where the boxes touch."""
        across = max(self.left, other.left) - min(self.right, other.right)
        down = max(self.top, other.top) - min(self.bottom, other.bottom)
        return max(0.0, across, down)

    def union(self, other: "Box") -> "Box":
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def grown(self, share: float) -> "Box":
        """Wider on each side by `share` of its own size, kept inside the frame."""
        across, down = self.width * share, self.height * share
        return Box(
            max(0.0, self.left - across),
            max(0.0, self.top - down),
            min(1.0, self.right + across),
            min(1.0, self.bottom + down),
        )


def touching(boxes: Sequence[Box], seed: Box) -> list[Box]:
    """Those of `boxes` that reach `seed`, themselves or by way of others of them."""
    reached: list[Box] = []
    edge = [seed]
    left = list(boxes)
    while edge:
        edge = [box for box in left if any(box.gap(other) <= TOUCHING_GAP for other in edge)]
        left = [box for box in left if box not in edge]
        reached += edge
    return reached


def encloses(polygon: Polygon, point: Point) -> bool:
    """Whether `point` lies inside `polygon` (even-odd rule)."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in pairwise((*polygon, polygon[0])):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside
