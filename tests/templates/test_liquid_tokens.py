"""What stands between marks is found as a pattern would find it, in one pass."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from liquor_app.templates.liquid_tokens import blanked, liquid_tokens, style_sheets, without_liquid
from liquor_app.templates.rendering.mail_tags import html_tags

LIQUID = re.compile(r"{%-?\s*(\w+)?.*?%}|{{.*?}}", re.DOTALL)
STYLES = re.compile(r"<(style|script)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
TAGS = re.compile(r"<!--.*?-->|<(/?)([A-Za-z][\w-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*?)(/?)>", re.DOTALL)


@given(st.text("{}% ab-\n", max_size=40))
def test_tokens_are_those_of_the_pattern(text: str) -> None:
    expected = [(one.start(), one[0], one[1] or "") for one in LIQUID.finditer(text)]
    assert [(one.start, one.text, one.tag) for one in liquid_tokens(text)] == expected
    assert without_liquid(text) == LIQUID.sub(" ", text)
    assert blanked(text, liquid_tokens(text)) == LIQUID.sub(lambda one: re.sub(r"[^\n]", " ", one[0]), text)


@given(
    st.lists(st.sampled_from(["<style>", "</style>", "<STYLE a", "<script>", "</script>", "a", "\n", ">"]), max_size=12)
)
def test_style_sheets_are_those_of_the_pattern(parts: list[str]) -> None:
    text = "".join(parts)
    assert [(one.start, one.text) for one in style_sheets(text)] == [
        (one.start(), one[0]) for one in STYLES.finditer(text)
    ]


@given(st.lists(st.sampled_from(["<a", "<mj-x", "</", "b", ">", "/>", '"', "'", "<!--", "-->", " ", "<"]), max_size=12))
def test_tags_are_those_of_the_pattern(parts: list[str]) -> None:
    text = "".join(parts)
    expected = [(one.start(), one[0]) for one in TAGS.finditer(text) if one[2]]
    assert [(one.start, text[one.start : one.end]) for one in html_tags(text)] == expected


def test_marks_that_are_never_closed_cost_no_more_than_words() -> None:
    """As patterns these take minutes."""
    for mark in ("{{ a", "{% a", "<style>", "<!-- ", '<a b="', "<a b="):
        text = mark * 25_000
        assert list(liquid_tokens(text)) == list(style_sheets(text)) == []
        assert not [one for one in html_tags(text) if one.name != "style"]
