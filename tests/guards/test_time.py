"""Time: the present comes from `core.clock`, and "today" is the shop's calendar day, never UTC's."""

from __future__ import annotations

import ast
import re

import pytest

from liquor_app.core.config import PROJECT_ROOT
from tests.guards.statements import statements
from tests.sources import parsed

CLOCK = "liquor_app/core/clock.py"
SHOP = "liquor_app/organization/settings.py"
"""Where `shop_today` stands, which alone makes a day of the present."""
READS_THE_CLOCK = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
PRESENT = {"now", "shop_now"}

UTC_DAYS = {
    "liquor_app.providers.sender_health": "a young sender's allowance is of the provider's day, which is UTC's",
    "worker.cron": "partitions are made months ahead",
}
"""Modules whose SQL may take the database's date."""
_DATABASES_DAY = re.compile(r"\bcurrent_date\b|\bcast\(\s*now\(\)\s+as\s+date\)|\bnow\(\)::date", re.IGNORECASE)


def faults(source: str, place: str = "") -> list[str]:
    """Calls that read a clock of their own, and days cut off the present as it stands."""
    found = []
    for node in ast.walk(parsed(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        owner, name = node.func.value, node.func.attr
        whose = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
        if place != CLOCK and (whose, name) in READS_THE_CLOCK:
            found.append(f"{place}:{node.lineno} {whose}.{name}()")
        if place not in (CLOCK, SHOP) and name == "date" and any(map(_is_present, ast.walk(owner))):
            found.append(f"{place}:{node.lineno} {ast.unparse(node)}")
    return found


def _is_present(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PRESENT


def test_today_is_the_shops() -> None:
    found: list[str] = []
    for package in ("liquor_app", "worker"):
        for path in sorted((PROJECT_ROOT / package).rglob("*.py")):
            found += faults(path.read_text(), str(path.relative_to(PROJECT_ROOT)))
    assert found == [], "use `shop_today(session)`, or `today_in(zone)` where the shop's zone is at hand"


@pytest.mark.parametrize(
    "wrong",
    [
        "now().date()",
        "(now() - timedelta(days=3)).date()",
        "now().astimezone(zone).date()",
        "(await shop_now(session)).date()",
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "date.today()",
    ],
)
def test_the_guard_sees(wrong: str) -> None:
    assert len(faults(f"async def f():\n    return {wrong}")) == 1


@pytest.mark.parametrize("right", ["now()", "row.at.date()", "today_in(zone)", "moment.astimezone(zone).date()"])
def test_the_guard_lets_pass(right: str) -> None:
    assert faults(right) == []


def databases_days(source: str) -> bool:
    """Whether any text of a module, part of a statement or not, asks for the day by the database's clock."""
    return any(
        isinstance(node, ast.Constant) and isinstance(node.value, str) and _DATABASES_DAY.search(node.value)
        for node in ast.walk(parsed(source))
    )


def test_sql_takes_no_other_today() -> None:
    assert {one.module for one in statements() if _DATABASES_DAY.search(one.sql)} == set(UTC_DAYS)


def test_no_part_of_sql_takes_another_today() -> None:
    """Filters and columns of lists are put together while running, so the statements alone do not show them."""
    paths = {path for package in ("liquor_app", "worker") for path in (PROJECT_ROOT / package).rglob("*.py")}
    found = {
        ".".join(path.relative_to(PROJECT_ROOT).with_suffix("").parts)
        for path in paths
        if databases_days(path.read_text())
    }
    assert found == set(UTC_DAYS)


def test_the_guard_sees_a_day_put_into_a_condition() -> None:
    assert databases_days("Filter('channel', f\"{reach.format(today='CURRENT_DATE')}\")")


def test_sql_begins_no_day_at_utcs_midnight() -> None:
    """A day of the calendar (of a campaign, of a rollup) begins when it begins in the shop: the zone is a parameter."""
    assert [one.module for one in statements() if re.search(r"time zone '", one.sql, re.IGNORECASE)] == []
