"""Renders with faults, as many as wanted: each seed is a scenario that can be replayed.

    python tests/faults/campaign.py [n_scenarios] [first_seed]
    python tests/faults/campaign.py replay SEED

Prints a line for each scenario and a table at the end; ends with code 1 if anything was wrong. A render
that takes longer than `LIMIT` seconds counts as a hang: the program prints all stacks and ends.
"""

import collections
import contextlib
import faulthandler
import logging
import sys
import tempfile
import time
import warnings
from pathlib import Path

import dask

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from clusters import local_client
from fault_injection import N_WORKERS
from fault_scenarios import Scenario, carry_out

#: Seconds that a scenario may take.
LIMIT = 300
#: Scenarios after which the cluster is a new one, as some of them let its workers' clocks differ.
RENEWED_AFTER = 20
#: Seconds after which a `LocalCluster` gives up a worker that does not come back.
LOST_AFTER = "60 s"


@contextlib.contextmanager
def cluster():
    """Two workers that may die as often as they like."""
    dask.config.set({"distributed.deploy.lost-worker-timeout": LOST_AFTER})
    dask.config.set({"distributed.scheduler.allowed-failures": 10})
    local, client = local_client(N_WORKERS, silence_logs=logging.CRITICAL)
    with local, client:
        yield client


def run(seeds):
    """Carry out scenarios; yield what came of each."""
    seeds = list(seeds)
    for first in range(0, len(seeds), RENEWED_AFTER):
        with cluster() as client:
            for seed in seeds[first : first + RENEWED_AFTER]:
                faulthandler.dump_traceback_later(LIMIT, exit=True)
                with tempfile.TemporaryDirectory() as folder:
                    yield carry_out(Scenario.of(seed), Path(folder), client)
                faulthandler.cancel_dump_traceback_later()


def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ["replay"]:
        seeds = [int(arguments[1])]
        print(Scenario.of(seeds[0]))
    else:
        n, first = (*map(int, arguments), *(100, 0)[len(arguments) :])
        seeds = range(first, first + n)
    for name in ("distributed", "asyncio", "dask_animate", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")
    began = time.perf_counter()
    counts, kinds, endings = collections.Counter(), collections.Counter(), collections.Counter()
    for outcome in run(seeds):
        scenario = outcome.scenario
        faults = ", ".join(f"{fault.kind} at {fault.frame_idx}" for fault in scenario.faults)
        print(
            f"{scenario.seed}: {scenario.place}, {scenario.params}, {scenario.suffix}, {faults}: "
            f"{outcome.ended_in or 'a video'}, {outcome.seconds:.1f} s",
            *(f"    WRONG: {text}" for text in outcome.wrong),
            sep="\n",
            flush=True,
        )
        counts["renders"] += outcome.n_renders
        counts["faults injected"] += outcome.n_faults
        counts["frames compared"] += outcome.n_compared
        counts["scenarios with something wrong"] += bool(outcome.wrong)
        endings[outcome.ended_in or "a video"] += 1
        kinds.update(fault.kind for fault in scenario.faults)
    print(f"\n{len(seeds)} scenarios in {time.perf_counter() - began:.0f} s")
    for name, n in counts.items():
        print(f"{n:8,} {name}")
    print("faults:", ", ".join(f"{kind} {n}" for kind, n in kinds.most_common()))
    print("ended in:", ", ".join(f"{name} {n}" for name, n in endings.most_common()))
    return int(counts["scenarios with something wrong"] > 0)


if __name__ == "__main__":
    sys.exit(main())
