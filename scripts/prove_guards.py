"""Break each rule of the house on purpose, one at a time: its guard must fail. `make prove-guards`

Works on a copy. Prints a JSON line a violation: {"guard", "violation", "noticed", "by"}.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".web", ".web.lock", ".data", ".coverage*", "__pycache__", ".*_cache", ".states", ".hypothesis"
)
CONTRACTS = ["lint-imports", "--no-cache"]
LINT = ["ruff", "check", "--no-cache", "."]
TYPES = ["mypy", "--cache-dir", "{copy}/.types"]


def guard(path: str) -> list[str]:
    return ["pytest", "-q", "-x", "-p", "no:cacheprovider", f"tests/guards/{path}"]


@dataclass(frozen=True, slots=True)
class Violation:
    """What somebody might do, and the check that must not let it pass."""

    rule: str
    what: str
    check: list[str]
    apply: Callable[[Path], None]


def add(path: str, text: str) -> Callable[[Path], None]:
    """Append to a file, or make it."""

    def apply(copy: Path) -> None:
        target = copy / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("a") as file:
            file.write(f"\n{text}\n")

    return apply


def swap(path: str, old: str, new: str) -> Callable[[Path], None]:
    """Replace the first place of a pattern."""

    def apply(copy: Path) -> None:
        target = copy / path
        changed, times = re.subn(old, new, target.read_text(), count=1)
        if not times:
            raise ValueError(f"{path}: nothing like {old}")
        target.write_text(changed)

    return apply


def sql(statement: str) -> str:
    return f'from sqlalchemy import text as _t\n_ADDED = _t("""{statement}""")'


def many_modules(copy: Path) -> None:
    for number in range(21):
        add(f"liquor_app/coupons/filler_{number}.py", '"""Stand in the way."""')(copy)


def circle(copy: Path) -> None:
    add("liquor_app/coupons/circle_one.py", "from liquor_app.coupons.circle_two import B\nA = 1")(copy)
    add("liquor_app/coupons/circle_two.py", "from liquor_app.coupons.circle_one import A\nB = 1")(copy)


COUPONS = "liquor_app/coupons/coupon_codes.py"
TAGS = "liquor_app/customers/places.py"
VIOLATIONS = [
    Violation("statements are prepared", "a column that is not there", guard("test_prepare.py"),
              add(COUPONS, sql("SELECT no_such_column FROM coupon_pools"))),
    Violation("statements are constants", "ninety put together while running", guard("test_prepare.py"),
              add(COUPONS, "from sqlalchemy import text as _t\ndef _made(x: str) -> None:\n"
                  + "\n".join("    _t(f'SELECT {x} FROM coupon_pools')" for _ in range(90)))),
    Violation("one writer a table", "customers write campaigns", guard("test_owners.py"),
              add(TAGS, sql("UPDATE campaigns SET name = :name WHERE id = :id"))),
    Violation("nobody reads upward", "customers read actions", guard("test_owners.py"),
              add(TAGS, sql("SELECT id FROM actions WHERE id = :id"))),
    Violation("nobody sets another's rows", "customers make a campaign's row", guard("test_owners.py"),
              add("liquor_app/planning/service.py",
                  "from liquor_app.customers.models import Customer as _C\ndef _x() -> None:\n    _C(email='a')")),
    Violation("statuses by their enum", "planning spells a send's status", guard("test_statuses.py"),
              add("liquor_app/planning/service.py", sql("SELECT id FROM sends s WHERE s.status = 'delivered'"))),
    Violation("changes by their table", "completed becomes active", guard("test_transitions.py"),
              add("liquor_app/campaigns/service.py",
                  sql("UPDATE campaigns SET status = 'active' WHERE id = :id AND status = 'completed'"))),
    Violation("changes say from where", "paused, whatever it was", guard("test_transitions.py"),
              add("liquor_app/campaigns/service.py", sql("UPDATE campaigns SET status = 'paused' WHERE id = :id"))),
    Violation("one name, one thing", "a second plan_store", guard("test_house.py"),
              add("liquor_app/coupons/plan_store.py", '"""Keep something else."""')),
    Violation("twenty modules a folder", "twenty-one more in coupons", guard("test_house.py"), many_modules),
    Violation("folders say what they are", "a package without a word", guard("test_house.py"),
              add("liquor_app/coupons/nameless/__init__.py", "")),
    Violation("no circles", "two modules import each other", guard("test_house.py"), circle),
    Violation("the picture is up to date", "a line of it changed", guard("test_house.py"),
              swap("docs/images/house.svg", "</svg>", "<!-- --></svg>")),
    Violation("every package has a floor", "a package nobody placed", guard("test_house.py"),
              add("liquor_app/attic/__init__.py", '"""Keep things."""')),
    Violation("floors", "customers import sending", CONTRACTS,
              add(TAGS, "from liquor_app.sending.pipeline import claim as _c")),
    Violation("slices know no web framework", "coupons import fastapi", CONTRACTS,
              add(COUPONS, "import fastapi as _f")),
    Violation("screens hold no SQL", "a page imports sqlalchemy", CONTRACTS,
              add("liquor_app/screens/customers/detail/page.py", "import sqlalchemy as _s")),
    Violation("pure packages", "the optimiser imports httpx", CONTRACTS,
              add("liquor_app/planning/optimizer/__init__.py", "import httpx as _h")),
    Violation("the API is as it was", "a route renamed", guard("test_openapi.py"),
              swap("liquor_app/rest/shop/coupons.py", "/coupon-pools", "/coupon-pool")),
    Violation("today is the shop's", "datetime.now() in a service", guard("test_time.py"),
              add(TAGS, "from datetime import UTC, datetime\ndef _x() -> object:\n    return datetime.now(UTC)")),
    Violation("today is the shop's, in SQL too", "CURRENT_DATE", guard("test_time.py"),
              add(TAGS, sql("SELECT id FROM customers WHERE created_at > CURRENT_DATE"))),
    Violation("pages write out their function", "a page from a factory", guard("test_pages.py"),
              add("liquor_app/screens/customers/detail/page.py",
                  "from liquor_app.ui.frame.page_spec import Page\nMORE = (Page('/x', 'X', (lambda: page)()),)")),
    Violation("states are written out", "a state from type()", guard("test_pages.py"),
              add("liquor_app/screens/customers/detail/state.py",
                  "import reflex as _rx\nOtherState = type('OtherState', (_rx.State,), {'__module__': __name__})")),
    Violation("runs leave nothing", "the folder is kept", guard("test_nothing_stays.py"),
              swap("tests/conftest.py", r"shutil\.rmtree\(_DATA, ignore_errors=True\)", "pass")),
    Violation("decisions have one form", "one without status", guard("test_decisions.py"),
              add("docs/adr/0999-without.md", "# 999. Without\n\nBecause.")),
    Violation("groups stay together", "the group is dropped", [*guard("test_groups.py"), "-n", "2"],
              swap("tests/guards/test_groups.py", r"pytestmark = .*", "")),
    Violation("lint", "an import nobody uses", LINT, add(TAGS, "import os")),
    Violation("types", "a number called a text", TYPES, add(TAGS, "_wrong: str = 1")),
]  # fmt: skip


def run(copy: Path, check: list[str]) -> tuple[int, str]:
    command = [str(Path(sys.executable).parent / check[0]), *(part.format(copy=copy) for part in check[1:])]
    if check[0] == "pytest":
        command = [sys.executable, "-m", *check]
    told = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(copy)}
    done = subprocess.run(command, cwd=copy, env=told, capture_output=True, text=True, timeout=600, check=False)
    return done.returncode, done.stdout + done.stderr


def main(*chosen: str) -> int:
    missed = 0
    folder = Path(tempfile.mkdtemp(prefix="liquor-guards-", dir="/var/lib" if os.geteuid() == 0 else None))
    folder.chmod(0o755)
    try:
        for violation in VIOLATIONS:
            if chosen and not any(word in violation.rule for word in chosen):
                continue
            copy = folder / "copy"
            shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
            violation.apply(copy)
            code, output = run(copy, violation.check)
            failed = re.findall(r"^(?:FAILED |ERROR )?(\S+::\S+|.* BROKEN|\S+:\d+.*)$", output, re.M)
            missed += code == 0
            print(
                json.dumps(
                    {"rule": violation.rule, "violation": violation.what, "noticed": code != 0,
                     "by": " ".join(violation.check[:1] + failed[:1])[:160]}
                ),
                flush=True,
            )  # fmt: skip
            shutil.rmtree(copy)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
