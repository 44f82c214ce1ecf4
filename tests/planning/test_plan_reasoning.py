"""The words of a plan: their figures add up, and none reads as something else."""

from __future__ import annotations

from typing import Any

import pytest

from liquor_app.actions.eligibility import Reason
from liquor_app.planning import plan_summary
from liquor_app.planning.reasoning.plan_reasoning import SHOWN_SEGMENTS, _segment_words


def segments(count: int) -> dict[str, Any]:
    return {
        "segments": [
            {"name": f"Segment {chr(65 + n)}", "sends": 10 + n, "expected_profit": str(100 - n)} for n in range(count)
        ]
    }


@pytest.mark.parametrize(
    ("count", "ending"),
    [
        (SHOWN_SEGMENTS, f"Segment {chr(64 + SHOWN_SEGMENTS)} {9 + SHOWN_SEGMENTS}."),
        (SHOWN_SEGMENTS + 1, f"; 1 other segment {10 + SHOWN_SEGMENTS}."),
        (SHOWN_SEGMENTS + 2, f"; 2 other segments {21 + 2 * SHOWN_SEGMENTS}."),
    ],
)
def test_no_segment_is_left_out_without_a_word(count: int, ending: str) -> None:
    """Before, the sixth was missing, and the figures did not add up to the plan's."""
    (told,) = _segment_words(segments(count))
    assert told["text"].endswith(ending)


def test_no_reason_ends_in_an_age() -> None:
    """A count stands after it: "Consent given under age 14" read as an age."""
    labels = [*plan_summary.BLOCK_LABELS.values(), *(reason.label for reason in Reason)]
    assert [label for label in labels if label.endswith((" age", " aged"))] == []
