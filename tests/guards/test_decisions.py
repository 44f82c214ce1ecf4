"""Every decision says whether it stands, since when, and what else was weighed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DECISIONS = sorted((Path(__file__).parents[2] / "docs" / "adr").glob("*.md"))


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.name[:4])
def test_a_decision_says_its_standing_its_day_and_what_was_weighed(decision: Path) -> None:
    text = decision.read_text()
    assert re.match(r"# \d+\. .+\n\nStatus: (accepted|superseded by \d+) · 20\d\d-\d\d-\d\d\n", text)
    assert re.search(r"^(\*\*)?(Alternatives|Considered)", text, re.M)


def test_numbers_are_given_once() -> None:
    numbers = [path.name[:4] for path in DECISIONS]
    assert len(numbers) == len(set(numbers)) > 30
