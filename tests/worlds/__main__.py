"""`python -m tests.worlds [part …]`: run the worlds, keep a line each under `docs/learning/`, write `docs/learning.md`.

Trials that are kept already are not run again; `--afresh` forgets them. `--report` only writes the page.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path
from typing import Any

# one process a core does more than threads that wait for each other; read when numpy is loaded
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "docs" / "learning"
SEEDS = 40
WORLDS = 500
FALSE_ASSUMPTIONS = 40
"""Worlds of each kind that the model's assumptions do not hold in."""

Job = tuple[str, str, tuple[Any, ...]]
"""The file, the trial's name, its arguments."""


def jobs() -> Iterator[Job]:
    """Name every trial, the ones most asked for first."""
    from tests.worlds.trials import MEANS
    from tests.worlds.world import Kind

    yield from (("profit", "profit", (20_000, mean, seed)) for seed in range(SEEDS) for mean in MEANS)
    yield from (("coverage", "coverage", (seed,)) for seed in range(WORLDS))
    yield from (
        ("coverage", "coverage", (seed, str(kind)))
        for seed in range(WORLDS, WORLDS + FALSE_ASSUMPTIONS) for kind in (Kind.DRIFT, Kind.INTERACT, Kind.DECAY)
    )  # fmt: skip
    yield from (("profit", "profit", (20_000, 0.0, seed)) for seed in range(SEEDS // 2))
    yield from (("daily_looks", "alarm", (seed,)) for seed in range(1_000))
    yield from (("other_policy", "other_policy", (seed, eligible)) for seed in range(400) for eligible in (4, 8))
    yield from (
        ("profit", "profit", (customers, mean, seed))
        for seed in range(SEEDS) for customers in (1_500, 200_000) for mean in MEANS
    )  # fmt: skip
    yield from (
        ("wider_spread", "profit", (20_000, mean, seed, 0.5)) for seed in range(SEEDS // 2) for mean in MEANS[1:3]
    )


def run(job: Job) -> tuple[Job, dict[str, Any]]:
    from tests.worlds import trials

    return job, getattr(trials, job[1])(*job[2])


def key(job: Job) -> str:
    return json.dumps([job[1], *job[2]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="files without .jsonl, such as coverage; all by default")
    parser.add_argument("--afresh", action="store_true", help="forget what is kept of these parts")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--kept", type=Path, default=KEPT)
    given = parser.parse_args()
    kept: Path = given.kept
    kept.mkdir(parents=True, exist_ok=True)
    if given.afresh:
        for path in kept.glob("*.jsonl"):
            if not given.parts or path.stem in given.parts:
                path.unlink()
    if not given.report:
        done = {line["job"] for path in kept.glob("*.jsonl") for line in map(json.loads, path.read_text().splitlines())}
        left = [job for job in jobs() if key(job) not in done and (not given.parts or job[0] in given.parts)]
        with Pool(given.processes) as pool:
            for job, line in pool.imap_unordered(run, left, chunksize=1):
                with (kept / f"{job[0]}.jsonl").open("a") as file:
                    file.write(json.dumps({"job": key(job)} | line, ensure_ascii=False) + "\n")
        for path in kept.glob("*.jsonl"):
            # in the order of the trials, whichever process was first
            path.write_text("\n".join(sorted(path.read_text().splitlines())) + "\n")
    from tests.worlds.report import write

    print(write(kept, ROOT / "docs" / "learning.md"))


if __name__ == "__main__":
    main()
