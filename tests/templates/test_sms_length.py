"""Segments of a text, against the limits of 3GPP TS 23.038."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liquor_app.templates.rendering.sms_length import plain_text, sms_size


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        # an escape pair is not split: 152 + pair spills into the second segment, 76 pairs fit a part of 153
        ("€" * 81, "GSM-7", 162, 2),
        ("€" * 153, "GSM-7", 306, 3),
        ("ö" * 160, "GSM-7", 160, 1),
        ("ő" * 70, "UCS-2", 70, 1),
        ("ő" * 71, "UCS-2", 71, 2),
        ("🍷" * 35, "UCS-2", 70, 1),
        ("🍷" * 36, "UCS-2", 72, 2),
        ("", "GSM-7", 0, 1),
    ],
)
def test_segments(text: str, encoding: str, units: int, segments: int) -> None:
    """Single messages hold 160 or 70, parts 153 or 67."""
    size = sms_size(text)
    assert (size.encoding, size.units, size.segments) == (encoding, units, segments)


def test_typography_does_not_double_the_price() -> None:
    """One curly apostrophe would make it UCS-2."""
    text = "It’s “your” wine – ready…"
    assert sms_size(text).encoding == "UCS-2"
    assert plain_text(text) == 'It\'s "your" wine - ready...'
    assert sms_size(plain_text(text)).encoding == "GSM-7"


@given(st.text(max_size=400))
def test_enough_room(text: str) -> None:
    """Segments always hold the units, and never more than one part too many (a pair may waste one unit a part)."""
    size = sms_size(text)
    part = 153 if size.encoding == "GSM-7" else 67
    assert size.units <= size.limit
    if size.segments > 1:
        assert size.units > (size.segments - 1) * (part - 1)
