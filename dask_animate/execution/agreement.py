"""Whether the workers of a render draw the same frames, and what becomes of those that do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..errors import MismatchError
from ..provenance import process_versions
from .worker_facts import WorkerFacts, differences, differences_in_words

#: What is done about workers whose frames would differ.
ON_MISMATCH = ("raise", "exclude", "ignore")


@dataclass(frozen=True)
class Reference:
    """What a worker has to be, or to draw, for its frames to be wanted; travels with each task.

    Attributes
    ----------
    origins : frozenset of str
        Processes of these origins are known to draw the same frames.
    proof : str or None
        Digest of what they draw; None if none of them was asked yet.
    tolerant : bool
        Whether a worker that cannot draw is left out.
    """

    origins: frozenset[str]
    proof: str | None
    tolerant: bool


@dataclass(frozen=True)
class Refusal:
    """What a task returns in place of frames, on a worker of which it is not known what it draws.

    Attributes
    ----------
    facts : WorkerFacts
        Of the worker, with its proof, unless it cannot draw.
    """

    facts: WorkerFacts


class Agreement:
    """The workers of a render that draw the same frames.

    Workers of the same origin do. Others prove it: each draws the same frame, and what is compared is a
    digest of its pixels. Before the start, this is done by those that are there. The others, and those
    that join later, do it in their first task, before they draw anything for it. So no frame is made by
    a worker that has not proved what it draws.

    Its user calls it from one thread at a time.

    Parameters
    ----------
    on_mismatch : {"raise", "exclude", "ignore"}
        "ignore" compares nothing.
    prove : callable
        Given addresses of workers, lets them draw, and returns what is known of those that answer; none
        if all are gone.

    Attributes
    ----------
    left_out : dict of str to str
        Why workers are excluded, by their addresses.
    """

    def __init__(
        self, on_mismatch: str, prove: Callable[[Sequence[str]], Sequence[WorkerFacts]]
    ) -> None:
        self._on_mismatch = on_mismatch
        self._prove = prove
        self._members: dict[str, WorkerFacts] = {}
        self._proved: WorkerFacts | None = None
        self._tied: frozenset[str | None] = frozenset()  # proofs that might as well have been right
        self._origins: frozenset[str] = frozenset()
        self.left_out: dict[str, str] = {}

    @property
    def is_asked(self) -> bool:
        """Whether anything is compared."""
        return self._on_mismatch != "ignore"

    @property
    def is_tolerant(self) -> bool:
        """Whether workers that differ, or cannot draw, are left out."""
        return self._on_mismatch == "exclude"

    @property
    def reference(self) -> Reference | None:
        """What tasks compare their workers with; None if they do not."""
        if not self.is_asked:
            return None
        proof = None if self._proved is None else self._proved.proof
        return Reference(self._origins, proof, self.is_tolerant)

    def begin(self, workers: Iterable[WorkerFacts]) -> None:
        """Compare the workers that are there before the start; those of most workers are right.

        Raises
        ------
        MismatchError
            If they differ, and none is to be left out.
        """
        if not self.is_asked:
            return
        facts = [*workers]
        if len({one.origin for one in facts}) > 1 and any(one.proof is None for one in facts):
            facts = [*self._prove([one.worker for one in facts])] or facts
        self._members = {one.worker: one for one in facts}
        proved = [one for one in facts if one.proof is not None]
        if not proved:
            self._origins = frozenset(one.origin for one in facts)
            return
        self._proved, self._tied = self._usual(proved)
        for one in proved:
            self.judge(one)

    def judge(self, facts: WorkerFacts) -> None:
        """Accept a worker that has proved what it draws, or leave it out.

        Raises
        ------
        MismatchError
            If it differs, and is not to be left out.
        """
        why = facts.failure
        if not why:
            known = self._known()
            if known.proof == facts.proof or (known.proof is None and not differences(known, facts)):
                self._origins |= {facts.origin}
                self._members[facts.worker] = facts
                if known.proof is None:
                    self._proved = facts
                return
            why = f"its frames differ from those of {known.worker}: {differences_in_words(known, facts)}"
            if facts.proof in self._tied:
                why += "; it was a tie: as many workers draw the one as the other"
        self.leave_out(facts.worker, why)

    def leave_out(self, worker: str, why: str) -> None:
        """Exclude a worker, or raise `MismatchError`."""
        if not self.is_tolerant:
            raise MismatchError(
                f"the worker {worker} would draw other frames than the render needs: {why}. Give all "
                f'workers the same environment, or leave such workers out with on_mismatch="exclude"; '
                f'on_mismatch="ignore" draws with all of them'
            )
        self._members.pop(worker, None)
        self.left_out[worker] = why

    def _known(self) -> WorkerFacts:
        """Return what is known of a worker that draws what is right, with its proof if that can be had.

        If none of the first workers is left to be asked, versions, fonts and settings have to do.
        """
        if self._proved is None:
            answers = [one for one in self._prove([*self._members]) if one.origin in self._origins]
            if not answers:
                return next(iter(self._members.values()))
            self._proved = answers[0]
        return self._proved

    def _usual(self, proved: Collection[WorkerFacts]) -> tuple[WorkerFacts, frozenset[str | None]]:
        """Return one of the workers that draw what most of them draw; of equals, what is like here.

        The second value are the other proofs of which the same could be said.
        """
        n_workers = Counter(one.proof for one in proved)

        def rank(one: WorkerFacts) -> tuple[int, int]:
            alike = sum(self._here.get(name) == text for name, text in one.versions.items())
            return -n_workers[one.proof], -alike

        usual = min(proved, key=lambda one: (*rank(one), one.worker))
        tied = {one.proof for one in proved if rank(one) == rank(usual)} - {usual.proof}
        return usual, frozenset(tied)

    @cached_property
    def _here(self) -> dict[str, str]:
        return process_versions()
