"""Figures, money, days and times: `ui.words` alone makes text of them for a person, in the shop's zone and currency."""

from __future__ import annotations

import pytest

from liquor_app.core.config import PROJECT_ROOT
from tests.guards.formats import all_formats, formats_in

FOR_MACHINES = {
    "liquor_app/actions/edit_offer.py": (1, "a decimal for a column"),
    "liquor_app/actions/offering/proposal_rows.py": (8, "decimals for COPY, a million rows"),
    "liquor_app/actions/send_window.py": (2, "17:30 as the database and the API have it"),
    "liquor_app/api/etag.py": (1, "a hexadecimal tag"),
    "liquor_app/api/list_query.py": (1, "decimals of the API"),
    "liquor_app/api/schemas.py": (1, "decimals of the API"),
    "liquor_app/demo/made_up_people.py": (1, "made-up telephone numbers"),
    "liquor_app/demo/table_rows.py": (2, "decimals for COPY"),
    "liquor_app/planning/ai/apply_copy.py": (1, "a decimal for a column"),
    "liquor_app/planning/ai/client.py": (1, "a decimal for a column"),
    "liquor_app/providers/adapters/sandbox.py": (1, "a setting of PostgreSQL"),
    "liquor_app/rest/schemas/analytics.py": (1, "decimals of the API"),
    "liquor_app/screens/gallery/state.py": (1, "made-up days of the design system"),
    "liquor_app/ui/charts/donut.py": (1, "lengths of a drawing"),
    "liquor_app/ui/charts/kpi.py": (2, "points of a drawing"),
}
"""What these format is read by no person."""
BELOW = {
    "liquor_app/api/body_limits.py": (1, "a limit in a refusal"),
    "liquor_app/core/listing/selection.py": (1, "a limit in a refusal"),
    "liquor_app/core/files/store.py": (1, "a limit in a refusal"),
    "liquor_app/core/platform/child_process.py": (3, "seconds, to the terminal"),
    "liquor_app/core/sandbox/workbook_rows.py": (2, "a limit in a refusal"),
    "liquor_app/up.py": (1, "seconds, to the terminal"),
}
"""Stand below the formatter, or run before there is a shop."""
ON_A_TERMINAL = {
    f"liquor_app/commands/{name}.py": (many, "lines for whoever runs the machine, in plain figures and ISO dates")
    for name, many in (("importing", 2), ("kit", 1), ("models", 5), ("pipeline", 6), ("planning", 11))
}
ALLOWED = FOR_MACHINES | BELOW | ON_A_TERMINAL
"""How many, and why. May only shrink."""


def test_one_module_makes_figures_into_text() -> None:
    found = all_formats()
    more = {place: faults for place, faults in found.items() if len(faults) > ALLOWED.get(place, (0, ""))[0]}
    assert more == {}, "say it with liquor_app.ui.words"
    fewer = {place for place, (many, _) in ALLOWED.items() if len(found.get(place, ())) < many}
    assert fewer == set(), "fewer than allowed: lower the number"


@pytest.mark.parametrize(
    "wrong",
    [
        'f"{count:,}"',
        'f"{value:,.0f} a week"',
        'f"{share:.1%}"',
        'f"{change:+,}"',
        'f"{number:.{places}f}"',
        'f"{value:g}"',
        'f"{moment:%d %b %H:%M} UTC"',
        'f"{moment:%-d}"',
        'f"${amount}"',
        'f"costs ${show(amount)}"',
        'f"€{amount}"',
        'moment.strftime("%d %b")',
        "moment.isoformat()[:10]",
        '"%d of %d" % (done, total)',
        '"{:,} rows".format(count)',
        'format(value, ",.2f")',
        "rx.moment(State.at)",
        'rx.call_script("x.toLocaleString()")',
    ],
)
def test_the_guard_sees(wrong: str) -> None:
    assert len(list(formats_in(f"def f():\n    return {wrong}"))) == 1


@pytest.mark.parametrize(
    "right",
    ['f"{name:<24} {word:>8}"', 'f"{name!r}"', 'f"{figure(count)} rows"', "moment.isoformat()", '"100% sure"', '"$"'],
)
def test_the_guard_lets_pass(right: str) -> None:
    assert list(formats_in(f"def f():\n    return {right}")) == []


def test_docstrings_may_name_what_is_forbidden() -> None:
    assert list(formats_in('def f():\n    """Not toLocaleString()."""')) == []


def test_one_place_asks_for_the_names_of_time_zones() -> None:
    """`available_timezones` walks through some six hundred files each time it is asked; every request read it."""
    asking = {
        path.name for path in (PROJECT_ROOT / "liquor_app").rglob("*.py") if "available_timezones" in path.read_text()
    }
    assert asking == {"clock.py"}
