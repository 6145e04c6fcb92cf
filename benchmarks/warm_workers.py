"""From one warm worker to two: seconds of a render, and the share of twice the speed that is reached.

    python benchmarks/warm_workers.py [runs] [animation ...]

Examples and lines are drawn at 1920x1080. A cluster of one worker and one of two take turns; both
have rendered some frames before. Prints medians and ranges in seconds, the time with one worker over
twice the time with two, who encoded on two, and the number of partitions there.
"""

import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from distributed import Client, LocalCluster

ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT / "examples"), str(ROOT / "benchmarks")]


def animations():
    from multi_panel import MultiPanel
    from redraw import Lines
    from scaling import Wave
    from very_complex import VeryComplex

    class Large:
        """Sets the size of an example's figure."""

        def setup(self):
            fig = super().setup()
            fig.set_size_inches(19.2, 10.8)
            fig.set_dpi(100)
            return fig

    class LargePanels(Large, MultiPanel):
        pass

    class LargeComplex(Large, VeryComplex):
        pass

    return {
        "very_complex, 40 frames": (LargeComplex(), 40),
        "very_complex, 120 frames": (LargeComplex(), 120),
        "multi_panel, 40 frames": (LargePanels(), 40),
        "multi_panel, 120 frames": (LargePanels(), 120),
        "lines, 800 frames": (Lines(), 800),
        "wave 640x480, 6000 frames": (Wave((6.4, 4.8)), 6000),
    }


def render(animator, path, n_frames, client):
    params = [i / n_frames for i in range(n_frames)]
    start = time.perf_counter()
    video = animator.make_video(path, params, fps=30, client=client)
    return time.perf_counter() - start, video.stats


def main(runs=3, *wanted):
    print("| animation | one worker | two | share of ideal | encoded by | partitions |")
    print("|---|---|---|---|---|---|")
    with ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "a.mp4"
        clients = {}
        for n_workers in (1, 2):
            cluster = stack.enter_context(
                LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=":0")
            )
            clients[n_workers] = stack.enter_context(Client(cluster, set_as_default=False))
        for title, (animator, n_frames) in animations().items():
            if wanted and not title.startswith(wanted):
                continue
            taken = {n_workers: [] for n_workers in clients}
            for client in clients.values():
                render(animator, path, 4, client)
            for _ in range(int(runs)):
                for n_workers, client in clients.items():
                    seconds, stats = render(animator, path, n_frames, client)
                    taken[n_workers].append(seconds)
            one, two = (statistics.median(of) for of in taken.values())
            cells = [
                f"{statistics.median(of):.2f} ({min(of):.2f} to {max(of):.2f})" for of in taken.values()
            ]
            share = f"{one / two / 2:.2f}"
            print(
                "|",
                " | ".join([title, *cells, share, stats.encode_on, str(stats.n_partitions)]),
                "|",
                flush=True,
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
