"""Topics as an admin writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liquor_app.organization.settings import PreferenceSettings
from liquor_app.organization.topics import SHIPPED, Topic, parse_topics
from liquor_app.templates.defaults import default_templates


def test_the_shipped_ones_name_every_shipped_kind_once() -> None:
    kinds = [kind for topic in parse_topics(SHIPPED) for kind in topic.kinds]
    assert sorted(kinds) == sorted({one.category for one in default_templates()})


def test_what_is_written_is_what_is_shown() -> None:
    assert parse_topics(" Hours: late: win_back ,loyalty;; New : discovery ") == (
        Topic("Hours: late", ("win_back", "loyalty")),
        Topic("New", ("discovery",)),
    )
    assert parse_topics("") == ()


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("News", "a name, a colon"),
        (": win_back", "a name, a colon"),
        ("News: Win back", "no kind of message"),
        ("News:", "no kind of message"),
        ("A: a; B: a", "stands there twice"),
        ("A: a; A: b", "stands there twice"),
        ("; ".join(f"T{number}: k{number}" for number in range(9)), "at most 8"),
    ],
)
def test_mistakes_are_named(written: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        PreferenceSettings(topics=written)


@given(st.text(max_size=200))
def test_nothing_else_goes_wrong(written: str) -> None:
    try:
        topics = parse_topics(written)
    except ValueError:
        return
    assert all(topic.name and topic.kinds for topic in topics)
