"""Ask whether a library of the lock has a known hole (`pip-audit`), and say plainly where nobody could be asked.

Exit code: 0 none is known, 1 some are, 3 the database of holes could not be reached, so that nothing was checked.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
SECONDS = 15
UNREACHED = 3


def report(told: str) -> tuple[int, str]:
    """Return the exit code and the words for what `pip-audit` wrote; an empty text stands for nothing."""
    try:
        found = json.loads(told)["dependencies"]
    except (ValueError, KeyError, TypeError):
        found = []
    if all("skip_reason" in one for one in found):
        return UNREACHED, "Nothing was checked: the database of known holes could not be reached from here."
    skipped = [f"{one['name']}: {one['skip_reason']}" for one in found if "skip_reason" in one]
    holes = [
        f"{one['name']} {one['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no version yet'}"
        for one in found
        for hole in one.get("vulns", [])
    ]
    checked = len(found) - len(skipped)
    return int(bool(holes)), "\n".join([*holes, *skipped, f"{checked} libraries checked, {len(holes)} known holes."])


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "found.json")
        command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "-r", str(LOCK)]
        asked = subprocess.run(
            [*command, "--progress-spinner", "off", "--timeout", str(SECONDS), "-f", "json", "-o", str(out)],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        code, words = report(out.read_text() if out.exists() else "")
    print(words)
    if code == UNREACHED:
        print(asked.stderr.strip().rpartition("\n")[2][:300], file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
