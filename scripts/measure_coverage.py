"""Coverage a slice, lines and branches together, as JSON lines; of screens only the states count, pages are trees.

make coverage            # measures, then prints
python scripts/measure_coverage.py   # prints what was measured last
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from coverage import Coverage

ROOT = Path(__file__).resolve().parents[1]
GOALS = {"screens": 0.70}
GOAL = 0.85


def area(path: Path) -> str | None:
    """The slice a module counts for; None for what is not judged (a page, what stands at the roof)."""
    parts = path.parts
    if len(parts) < 3:
        return None
    return None if parts[1] == "screens" and not path.name.endswith("state.py") else parts[1]


def main() -> int:
    measured = Coverage(config_file=str(ROOT / "pyproject.toml"))
    measured.load()
    reached: Counter[str] = Counter()
    there: Counter[str] = Counter()
    for path in sorted((ROOT / "liquor_app").rglob("*.py")):
        if (slice_name := area(path.relative_to(ROOT))) is None:
            continue
        numbers = measured._analyze(str(path)).numbers
        covered, possible = numbers.ratio_covered
        reached[slice_name] += covered
        there[slice_name] += possible
    short = 0
    for name in sorted(there):
        share, goal = reached[name] / max(1, there[name]), GOALS.get(name, GOAL)
        short += share < goal
        print(json.dumps({"slice": name, "coverage": round(share, 3), "goal": goal, "lines_and_branches": there[name]}))
    return min(short, 1)


if __name__ == "__main__":
    sys.exit(main())
