"""How customer value can be told: what is expected to be spent over a horizon, by which way.

Not discounted: at 365 days it would not change a rank.
"""

from __future__ import annotations

from enum import StrEnum

HORIZON_DAYS = 365


class ClvMethod(StrEnum):
    """`GLM` learns from closed windows (`spend_glm`); `COUNT` is spend to date, calibrated by recency."""

    GLM = "spend_glm"
    COUNT = "calibrated_count"

    @property
    def label(self) -> str:
        return {
            "spend_glm": "by what customers like this one went on to spend",
            "calibrated_count": "spend to date, calibrated by how long ago the last order was",
        }[self.value]
