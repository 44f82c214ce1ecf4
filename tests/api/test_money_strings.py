"""Money leaves as strings: every number of every answer is none, by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.client import whole_api

NO_MONEY = {
    "share": "a share", "shares": "shares", "retention": "a share", "stability": "a share", "found": "a share",
    "pure": "a share", "lost": "a share", "effective": "people", "churn_probability": "a chance", "change": "a share",
    "response_likelihood": "a chance", "expected_response": "a chance", "open_rate": "a rate", "click_rate": "a rate",
    "redemption_rate": "a rate", "said": "a share", "seen": "a share", "apart": "shares, one less the other",
    "delivery_rate": "a rate", "conversion_rate": "a rate", "targets": "rates; what is money of them is a string",
    "orders": "shares of purchases",
}  # fmt: skip
"""Fields that are numbers, and what of."""
OF_PEOPLE = {
    "LiftOut": "shares of buyers", "CampaignLiftOut": "shares of buyers", "Span": "shares of buyers, and how many",
    "Estimate": "shares of buyers", "BelievedOut": "shares of buyers", "BelievedCellOut": "shares of buyers",
}  # fmt: skip
"""Shapes all of whose numbers are no money."""
ANSWERED = {
    ("AnswerOut", "rows"): "shares and figures of many kinds; tests/api/test_money_strings.py asks each question",
    ("Suggestion", "money"): "the share of cells that look like money",
}


def numbers(shape: Any) -> bool:
    """Tell whether a value of a shape may be a number with a fraction."""
    if isinstance(shape, dict):
        return shape.get("type") == "number" or any(numbers(one) for one in shape.values())
    return isinstance(shape, list) and any(numbers(one) for one in shape)


def answered(document: dict[str, Any]) -> set[str]:
    """Names of the shapes that answers are made of."""
    shapes, left = document["components"]["schemas"], list[Any]()
    for path in document["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict):
                left += [one.get("content") for one in operation.get("responses", {}).values()]
    found = set[str]()
    while left:
        for name in refs(left.pop()):
            if name not in found:
                found.add(name)
                left.append(shapes[name])
    return found


def refs(shape: Any) -> Iterator[str]:
    if isinstance(shape, dict):
        if isinstance(one := shape.get("$ref"), str):
            yield one.rpartition("/")[2]
        for value in shape.values():
            yield from refs(value)
    elif isinstance(shape, list):
        for value in shape:
            yield from refs(value)


MONEY = ("cost", "profit", "revenue", "discount")


def of_people(field: str, shape: Any) -> bool:
    """Tell whether a field that says money has a shape whose numbers are of people."""
    return field.endswith(MONEY) and bool({*refs(shape)} & {*OF_PEOPLE, "Effect"})


def faults(document: dict[str, Any]) -> list[str]:
    return [
        f"{name}.{field}"
        for name in sorted(answered(document))
        for field, shape in document["components"]["schemas"][name].get("properties", {}).items()
        if (numbers(shape) and field not in NO_MONEY and name not in OF_PEOPLE and (name, field) not in ANSWERED)
        or of_people(field, shape)
    ]


def test_no_answer_has_money_as_a_number() -> None:
    assert faults(whole_api().openapi()) == [], "Money or Figure; or say here what it is a number of"


@pytest.mark.parametrize("planted", ["revenue", "difference", "low", "cost", "held", "series"])
def test_a_planted_number_is_found(planted: str) -> None:
    document = {
        "paths": {"/x": {"get": {"responses": {"200": {"content": {"$ref": "#/components/schemas/A"}}}}}},
        "components": {"schemas": {
            "A": {"properties": {"of": {"anyOf": [{"$ref": "#/components/schemas/B"}, {"type": "null"}]}}},
            "B": {"properties": {planted: {"anyOf": [{"type": "array", "items": {"type": "number"}}]}}},
        }},
    }  # fmt: skip
    assert faults(document) == [f"B.{planted}"]
