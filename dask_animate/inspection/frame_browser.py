"""Which frame of a sequence is shown, which ones are drawn next, and which ones are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from ..execution import PictureSource
from ..rendering import Picture

#: Frames that are drawn before they are looked at: in the direction in which one moves, and behind.
N_AHEAD, N_BEHIND = 16, 4
#: Seconds after which it is seen that the cluster is gone while a picture is awaited.
LOOK_SECONDS = 0.5


class FrameBrowser:
    """Shows one frame of a sequence at a time. Not thread-safe.

    The frame that is looked at is drawn first. What was asked for and is not looked at any more is not
    drawn unless it has begun. Pictures are kept up to a number of bytes; those that were not looked at
    for longest go first. Neighbours are drawn ahead as far as they fit into that.

    Parameters
    ----------
    source : PictureSource
        Makes the pictures.
    max_bytes : int
        How many bytes of pictures are kept.

    Attributes
    ----------
    frame_idx : int
        Index of the frame that is looked at.
    shown : Picture or None
        The picture to show: of that frame, or of one looked at before, as long as it is being drawn.
    was_kept : bool
        Whether the picture that is shown was there when it was asked for.
    """

    def __init__(self, source: PictureSource, max_bytes: int) -> None:
        self._source = source
        self._max_bytes = max_bytes
        self._kept: OrderedDict[int, Picture] = OrderedDict()  # the one used last is last
        self._kept_bytes = self._largest = 0
        self._direction = 1
        self._n_looks = self._n_shown = 0
        self._looked: dict[int, int] = {}  # frames looked at and not drawn yet: when
        self.frame_idx = 0
        self.shown: Picture | None = None
        self.was_kept = False
        self._look()

    @property
    def is_drawing(self) -> bool:
        """Whether the picture that is shown is not the one that is looked at."""
        return self.shown is None or self.shown.frame_idx != self.frame_idx

    @property
    def _shows_error(self) -> bool:
        """Whether the frame that is looked at is shown, and has failed."""
        return self.shown is not None and not self.is_drawing and self.shown.error is not None

    @property
    def kept_bytes(self) -> int:
        """Bytes of all pictures that are kept."""
        return self._kept_bytes

    def look_at(self, frame_idx: int) -> None:
        """Look at a frame from now on; one that has failed is tried again."""
        if frame_idx != self.frame_idx:
            self._direction = 1 if frame_idx > self.frame_idx else -1
            self.frame_idx = frame_idx
        elif not self._shows_error:
            return
        self._look()

    def work(self, timeout: float = 0) -> bool:
        """Take what was drawn, and ask for what is wanted; return whether to call it again at once.

        Parameters
        ----------
        timeout : float
            Seconds to wait for something that was asked for.
        """
        self._take(self._source.collect(timeout))
        for frame_idx in self._wanted():
            if frame_idx in self._kept or self._source.is_asked(frame_idx):
                continue
            ahead = frame_idx != self.frame_idx
            if not self._source.has_room(ahead=ahead):
                return False
            self._source.ask(frame_idx, ahead=ahead)
            made = self._source.collect()
            self._take(made)
            if made:  # drawn in this thread, which has other things to do
                return True
        return False

    def wait(self) -> Picture:
        """Return the picture of the frame that is looked at, once it is drawn."""
        while self.shown is None or self.is_drawing:
            self.work(LOOK_SECONDS)
        return self.shown

    def _look(self) -> None:
        self._n_looks += 1
        if self._shows_error:
            self.shown = None
        picture = self._kept.get(self.frame_idx)
        if picture is not None and picture.error is not None:
            self._forget(self.frame_idx)
            picture = None
        if picture is None:
            self._looked[self.frame_idx] = self._n_looks
            return
        self._kept.move_to_end(self.frame_idx)
        self._show(picture, self._n_looks, was_kept=True)

    def _show(self, picture: Picture, n_look: int, *, was_kept: bool) -> None:
        self.shown, self._n_shown, self.was_kept = picture, n_look, was_kept
        self._looked = {idx: n for idx, n in self._looked.items() if n > n_look}

    def _take(self, pictures: list[Picture]) -> None:
        for picture in pictures:
            self._keep(picture)
            n_look = self._looked.pop(picture.frame_idx, 0)
            # One that was looked at meanwhile is shown too: who plays sees something move.
            if n_look > self._n_shown:
                self._show(picture, n_look, was_kept=False)

    def _keep(self, picture: Picture) -> None:
        self._forget(picture.frame_idx)
        self._kept[picture.frame_idx] = picture
        self._kept_bytes += picture.n_bytes
        self._largest = max(self._largest, picture.n_bytes)
        wanted = {*self._wanted(), picture.frame_idx}
        for frame_idx in [idx for idx in self._kept if idx not in wanted]:
            if self._kept_bytes <= self._max_bytes:
                break
            self._forget(frame_idx)

    def _forget(self, frame_idx: int) -> None:
        picture = self._kept.pop(frame_idx, None)
        self._kept_bytes -= 0 if picture is None else picture.n_bytes

    def _wanted(self) -> Iterator[int]:
        """Yield frames to have: the one that is looked at, and as many neighbours as are sure to fit."""
        yield self.frame_idx
        if self.frame_idx not in self._kept:
            return  # no neighbour takes a thread from it
        n_fit = self._max_bytes // self._largest - 1 if self._largest else N_AHEAD + N_BEHIND
        offsets = [*range(1, N_AHEAD + 1), *(-k for k in range(1, N_BEHIND + 1))]
        offsets.sort(key=lambda k: k if k > 0 else -k * N_AHEAD / N_BEHIND)
        for offset in offsets[: max(0, n_fit)]:
            frame_idx = self.frame_idx + self._direction * offset
            if 0 <= frame_idx < self._source.n_frames:
                yield frame_idx
