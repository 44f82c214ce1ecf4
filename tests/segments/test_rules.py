"""The rule language: what it accepts, how it complains, what it says, and that nothing can slip through it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql

from liquor_app.core.errors import Invalid
from liquor_app.segments.default_segments import DEFAULT_SEGMENTS
from liquor_app.segments.rule_compiler import matching
from liquor_app.segments.rule_fields import EVENTS, FIELDS, OPS, Kind
from liquor_app.segments.rule_wording import sentence
from liquor_app.segments.rules import check_rules, parse_rules
from tests.examples import examples

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
QUIET_WHISKY = {
    "all": [
        {"event": "purchased", "category": "Whisky", "at_least": 2, "within_days": 180},
        {"field": "last_purchase_at", "op": "older_than_days", "value": 45},
        {
            "any": [
                {"field": "churn_probability", "op": "gt", "value": 0.5},
                {"field": "value_at_risk", "op": "gt", "value": 40},
            ]
        },
    ]
}


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (None, "rules"),
        ([], "rules"),
        ({}, "rules"),
        ({"all": [], "any": []}, "rules"),
        ({"any": []}, "rules.any"),
        ({"all": {}}, "rules.all"),
        ({"all": [{"field": "nonsense", "op": "eq", "value": 1}]}, "rules.all[0].field"),
        ({"not": {"field": "churn_probability", "op": "contains", "value": 1}}, "rules.not.op"),
        ({"field": "churn_probability", "op": "gte", "value": 50}, "rules.value"),
        ({"field": "churn_probability", "op": "gte", "value": True}, "rules.value"),
        ({"field": "churn_probability", "op": "gte", "value": float("nan")}, "rules.value"),
        ({"field": "churn_probability", "op": "gte"}, "rules.value"),
        ({"field": "churn_risk", "op": "in", "value": ["high", "higher"]}, "rules.value[1]"),
        ({"field": "state", "op": "in", "value": []}, "rules.value"),
        ({"field": "state", "op": "eq", "value": "M\x00E"}, "rules.value"),
        ({"field": "state", "op": "eq", "value": "\ud800"}, "rules.value"),
        ({"field": "total_spent", "op": "between", "value": [9, 1]}, "rules.value"),
        ({"field": "last_purchase_at", "op": "within_days", "value": 1.5}, "rules.value"),
        ({"field": "last_purchase_at", "op": "before", "value": "soon"}, "rules.value"),
        ({"field": "is_night_buyer", "op": "eq", "value": "yes"}, "rules.value"),
        ({"field": "state", "op": "known", "value": 3}, "rules.value"),
        ({"field": "state", "op": "eq", "value": "ME", "or": 1}, "rules"),
        ({"event": "sneezed"}, "rules.event"),
        ({"event": "opened", "category": "Whisky"}, "rules.category"),
        ({"event": "purchased", "at_least": 0}, "rules.at_least"),
        ({"event": "purchased", "at_least": 3, "at_most": 2}, "rules.at_most"),
        ({"event": "purchased", "within_days": 10**9}, "rules.within_days"),
    ],
)
def test_a_bad_rule_is_refused_with_the_path_to_the_part_to_blame(raw: Any, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_rules(raw)
    assert refused.value.field == path
    assert path in refused.value.message


def test_every_problem_is_reported_at_once() -> None:
    problems = check_rules(
        {"all": [{"field": "x", "op": "eq", "value": 1}, {"any": [{"event": "y"}, {"field": "state", "op": "?"}]}]}
    )
    assert [problem.path for problem in problems] == [
        "rules.all[0].field",
        "rules.all[1].any[0].event",
        "rules.all[1].any[1].op",
    ]


def test_depth_and_size_are_bounded() -> None:
    deep: dict[str, Any] = {"event": "purchased"}
    for _ in range(3000):
        deep = {"not": deep}
    assert "nested" in check_rules(deep)[0].message
    wide = {"all": [{"any": [{"event": "purchased"}] * 90}] * 90}
    assert "at most 100 parts" in check_rules(wide)[0].message


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (
            QUIET_WHISKY,
            "Bought Whisky at least twice in the last 180 days, last bought more than 45 days ago,"
            " and either churn risk is over 50% or value at risk is over $40.",
        ),
        ({"all": []}, "Every customer."),
        ({"event": "opened", "at_most": 0, "within_days": 90}, "Never opened an e-mail in the last 90 days."),
        ({"event": "purchased", "at_least": 1, "at_most": 1}, "Bought exactly once."),
        ({"not": {"field": "state", "op": "in", "value": ["MA", "PA"]}}, "Not (state is one of MA or PA)."),
        ({"field": "has_email", "op": "eq", "value": False}, "Has no e-mail address."),
        (
            {"field": "purchase_frequency", "op": "between", "value": [1, 100]},
            "Number of purchases is between 1 and 100.",
        ),
        ({"field": "next_purchase_at", "op": "older_than_days", "value": 0}, "Next expected purchase is before today."),
        ({"field": "churn_probability", "op": "eq", "value": 0}, "Churn risk is 0%."),
    ],
)
def test_a_rule_reads_as_a_sentence(raw: Any, words: str) -> None:
    assert sentence(raw) == words


def test_the_default_segments_are_sound() -> None:
    assert len({default["slug"] for default in DEFAULT_SEGMENTS}) == 9
    for default in DEFAULT_SEGMENTS:
        assert check_rules(default["rules"]) == []


_texts = st.one_of(
    st.sampled_from(["'; DROP TABLE customers; --", "%", "_", "\\", "{category}", "100%s", ":now", "a' OR '1'='1"]),
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20),
)


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    """Any sound condition."""
    field = draw(st.sampled_from(sorted(FIELDS.values(), key=lambda field: field.name)))
    op = draw(st.sampled_from(sorted(OPS[field.kind])))
    if op in ("known", "unknown"):
        return {"field": field.name, "op": op}
    words = st.sampled_from(field.options) if field.options else _texts
    numbers = (
        st.floats(0, 1)
        if field.kind is Kind.SHARE
        else st.one_of(st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6, allow_nan=False))
    )
    value: Any
    if op.endswith("_days"):
        value = draw(st.integers(1, 3650))
    elif op in ("before", "after"):
        value = draw(st.dates()).isoformat()
    elif op == "between":
        value = sorted(draw(st.tuples(numbers, numbers)))
    elif op in ("in", "not_in") or field.kind is Kind.LIST:
        value = draw(st.lists(words, min_size=1, max_size=4))
    elif field.kind is Kind.FLAG:
        value = draw(st.booleans())
    elif field.kind in (Kind.TEXT, Kind.CHOICE):
        value = draw(words)
    else:
        value = draw(numbers)
    return {"field": field.name, "op": op, "value": value}


@st.composite
def happenings(draw: st.DrawFn) -> dict[str, Any]:
    """Any sound event condition."""
    kind = draw(st.sampled_from(sorted(EVENTS.values(), key=lambda kind: kind.name)))
    raw: dict[str, Any] = {"event": kind.name}
    low = draw(st.none() | st.integers(1, 20))
    if low is not None:
        raw["at_least"] = low
    if draw(st.booleans()):
        raw["at_most"] = draw(st.integers(low or 0, 40))
    if draw(st.booleans()):
        raw["within_days"] = draw(st.integers(1, 400))
    if kind.has_category and draw(st.booleans()):
        raw["category"] = draw(_texts)
    return raw


members = st.builds(lambda slug: {"segment": slug}, st.sampled_from(["at_risk", "champions"]))
rules = st.recursive(
    conditions() | happenings() | members,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=examples(150))
@given(rules)
def test_every_sound_rule_has_a_sentence_and_compiles_with_its_values_bound(raw: Any) -> None:
    assert sentence(raw).endswith(".")
    compiled = matching(parse_rules(raw), NOW).compile(dialect=postgresql.dialect())
    assert "DROP TABLE" not in str(compiled)


@settings(max_examples=examples(150))
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | conditions() | happenings(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["all", "any", "not", "field", "op", "value", "event", "at_least", "segment", "x"]),
                inner,
                max_size=3,
            )
        ),
        max_leaves=10,
    )
)
def test_whatever_a_client_sends_is_read_or_refused_politely(raw: Any) -> None:
    if check_rules(raw):
        with pytest.raises(Invalid):
            parse_rules(raw)
    else:
        assert sentence(raw)
