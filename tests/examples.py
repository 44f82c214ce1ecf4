"""How many examples a property is tried on: a landing tries the same ones each time, and so a third of them."""

from __future__ import annotations

from hypothesis import settings


def examples(most: int) -> int:
    """Return `most` where examples nobody has tried are looked for (`make prove-properties`), else a third of it."""
    return most // 3 if settings.default is not None and settings.default.derandomize else most
