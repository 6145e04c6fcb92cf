"""Rectangles of whole pixels, and how a list of them becomes a short one."""

from __future__ import annotations

from collections.abc import Iterable

#: left, top, right, bottom in pixels. Rows are counted from the top; right and bottom are exclusive.
Rect = tuple[int, int, int, int]

#: Pixels that `merged` rather copies in vain than keeps a further rectangle for.
SPARE_PIXELS = 20_000


def area(rect: Rect) -> int:
    """Return the number of pixels of a rectangle."""
    return (rect[2] - rect[0]) * (rect[3] - rect[1])


def overlap(a: Rect, b: Rect) -> bool:
    """Whether two rectangles have a pixel in common."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def inside(a: Rect, b: Rect) -> bool:
    """Whether all of `a` is in `b`."""
    return a[0] >= b[0] and a[1] >= b[1] and a[2] <= b[2] and a[3] <= b[3]


def union(a: Rect, b: Rect) -> Rect:
    """Return the smallest rectangle around two."""
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def bounding_rect(rects: Iterable[Rect]) -> Rect | None:
    """Return the smallest rectangle around any number of them; None around none."""
    rects = list(rects)
    if not rects:
        return None
    left, top, right, bottom = zip(*rects, strict=True)
    return min(left), min(top), max(right), max(bottom)


def merged(rects: Iterable[Rect]) -> list[Rect]:
    """Return few rectangles that cover all of `rects` and little besides."""
    few: list[Rect] = []
    for rect in rects:
        idx = 0
        while idx < len(few):
            both = union(rect, few[idx])
            if area(both) <= area(rect) + area(few[idx]) + SPARE_PIXELS:
                rect = both  # which may be near to one that was passed
                del few[idx]
                idx = 0
            else:
                idx += 1
        few.append(rect)
    return few
