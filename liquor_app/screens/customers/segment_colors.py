"""How customers look on every page: the words and the fixed colours of segments and of what is drunk. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from liquor_app.scoring.estimators.rfm import RfmSegment
from liquor_app.ui.charts.chart import Paint
from liquor_app.ui.words import NONE, spoken

SEGMENT_COLORS: Mapping[str, str] = {
    RfmSegment.CHAMPIONS: "c1",
    RfmSegment.VERY_FREQUENT_BUYERS: "c2",
    RfmSegment.LOYAL: "c3",
    RfmSegment.LOW_VALUE_FREQUENT: "c4",
    RfmSegment.AT_RISK: "c5",
    RfmSegment.ONE_TIME: "c6",
    RfmSegment.HIGH_VALUE_AT_RISK: "red-solid",
    RfmSegment.HIGH_VALUE_OCCASIONAL: "blue-solid",
    RfmSegment.NEW: "green-solid",
    RfmSegment.OCCASIONAL: "accent-line",
    RfmSegment.HIBERNATING: "line-strong",
}
"""Tokens, one a segment; a segment keeps its colour on every page."""

OTHER = "Other"
FAMILIES: Mapping[str, Paint] = {"Beer": "c1", "Wine": "c2", "Liquor": "c4", OTHER: "c6"}
"""What is drunk, and its colour."""

_WORDS: Mapping[str, tuple[str, ...]] = {
    "Beer": ("beer", "ale", "lager", "stout", "cider", "ipa"),
    "Wine": ("wine", "champagne", "prosecco", "sherry", "port", "sake"),
    "Liquor": (
        "liquor", "spirit", "whisky", "whiskey", "bourbon", "scotch", "vodka", "gin", "rum", "tequila", "mezcal",
        "brandy", "cognac", "liqueur", "cocktail", "cocktails",
    ),
}  # fmt: skip


def segment_label(name: str | None) -> str:
    """Return an RFM segment as people call it; a dash for none."""
    if not name:
        return NONE
    known = {segment.value: segment.label for segment in RfmSegment}
    return known.get(name, spoken(name))


def segment_color(name: str | None) -> str:
    """Return the token of an RFM segment's colour."""
    return SEGMENT_COLORS.get(name or "", "sunken-2")


def family(category: str) -> str:
    """Tell which of `FAMILIES` a product category belongs to, by its words."""
    words = {word.removesuffix("s") for word in category.lower().replace("/", " ").replace(",", " ").split()}
    for name, known in _WORDS.items():
        if not words.isdisjoint(word.removesuffix("s") for word in known):
            return name
    return OTHER
