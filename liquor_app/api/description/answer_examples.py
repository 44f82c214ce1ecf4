"""One answer for each operation that answers JSON, made of its schema and of what fields of that name hold. Pure.

Nobody keeps two hundred answers by hand: they would tell of fields that are gone. What is made here keeps to the
schema, as a test finds, and reads as the sample shop does where a name says what it is of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

DEEPEST = 12
"""Layers of an example: what refers to itself ends there."""
ID = "01990f6e-7c1a-7d2b-9a44-5f0e8c6b1a20"
AT, DAY = "2026-03-14T15:09:26Z", "2026-03-14"
NAMED: Mapping[str, Any] = {
    "access_token": "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl", "action": "customer.updated", "actor_name": "Ann Sample",
    "brand": "Old Harbor", "campaign_name": "Spring rye", "category": "Whiskey", "channel": "email",
    "churn_risk": "high", "city": "Portland", "code": "RYE-15-K7QF",
    "country": "US", "currency": "USD", "description": "Bought rye twice and stays away",
    "email": "ann@example.com", "ended": 2, "external_id": "C-1001", "field": "email", "file_name": "people.csv",
    "first_name": "Ann", "full_name": "Ann Sample", "ip": "203.0.113.7", "language": "en", "message": "Done",
    "name": "Ann Sample", "phone": "+12075550142", "postal_code": "04101", "prefix": "lk_9fK2aQ",
    "product": "Straight Rye", "refresh_token": "dyjQq6DlTP8M25L1jy12c2k5", "role": "manager",
    "segment": "champions", "sku": "RYE-1",
    "state": "ME", "store": "Main Street", "subject": "For you, Ann", "timezone": "America/New_York",
    "token_type": "bearer", "unit": "USD", "url": "https://hooks.example.com/in", "user_agent": "till/2.1",
}  # fmt: skip
"""What a text of a field of this name may hold, where its schema takes it."""
EMPTY = frozenset({"next_cursor", "error", "problem", "revoked_at", "deleted_at", "merged_into", "erased_at"})
"""Fields that most answers have nothing in."""
_FORMATS = {
    "date-time": AT, "date": DAY, "uuid": ID, "time": "15:09:26Z", "email": "ann@example.com", "duration": "P1D",
    "uri": "https://shop.example/", "binary": "",
}  # fmt: skip
_ENDINGS: Mapping[str, str] = {
    "_pct": "15", "_by": "Ann Sample", "_score": "412.50", "_risk": "103.00", "revenue_generated": "1290.00",
    "_value": "41.50", "_spent": "519.80", "_revenue": "1290.00", "_price": "41.50", "_cost": "12.40",
    "_amount": "41.50", "slug": "rye-lapsing", "area": "purchases:write",
}  # fmt: skip
"""The same of fields that end so: money and shares are texts."""
_AMOUNTS = ("19.99", "0.25", "0")
_TEXTS = ("rye", "a", "email", "2026-03", "#7a4b1e", "10:00", "America/New_York")


def example_of(schema: Mapping[str, Any], shapes: Mapping[str, Any], name: str = "", depth: int = 0) -> Any:
    """Return a value that keeps to a schema.

    Args:
        shapes: the document's, by name.
        name: of the field it is for.
    """
    if "$ref" in schema:
        return example_of(shapes[schema["$ref"].rpartition("/")[2]], shapes, name, depth)
    for said in (schema.get("examples", ())[:1], [schema["example"]] if "example" in schema else ()):
        if said:
            return said[0]
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else _chosen(schema["enum"], name)
    if ways := schema.get("anyOf") or schema.get("oneOf"):
        return _one_of(ways, shapes, name, depth)
    if parts := schema.get("allOf"):
        return example_of({**schema, **parts[0], "allOf": None}, shapes, name, depth)
    return _of_kind(schema, shapes, name, depth)


def _chosen(values: list[Any], name: str) -> Any:
    return NAMED[name] if NAMED.get(name) in values else values[0]


def _one_of(ways: list[Mapping[str, Any]], shapes: Mapping[str, Any], name: str, depth: int) -> Any:
    may_be_none = any(one.get("type") == "null" for one in ways)
    if may_be_none and (name in EMPTY or depth > DEEPEST):
        return None
    texts = [one for one in ways if one.get("type") == "string" and "pattern" in one]  # money is a text
    return example_of((texts or [one for one in ways if one.get("type") != "null"])[0], shapes, name, depth)


def _of_kind(schema: Mapping[str, Any], shapes: Mapping[str, Any], name: str, depth: int) -> Any:
    match schema.get("type"):
        case "object":
            return _object(schema, shapes, depth)
        case "array":
            return _array(schema, shapes, name, depth)
        case "string":
            return _text(schema, name)
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return bool(schema.get("default", True))
        case "null":
            return None
    return {} if "properties" in schema else "rye"  # anything


def _object(schema: Mapping[str, Any], shapes: Mapping[str, Any], depth: int) -> dict[str, Any]:
    needed = schema.get("required", ())
    fields = {
        name: example_of(one, shapes, name, depth + 1)
        for name, one in schema.get("properties", {}).items()
        if depth < DEEPEST or name in needed
    }
    if "name" in fields and "email" not in fields and fields["name"] == NAMED["name"]:
        fields["name"] = "Spring rye"  # of a thing, not of somebody
    more = schema.get("additionalProperties")
    if not fields and isinstance(more, Mapping) and more and depth < DEEPEST:
        key = example_of(schema.get("propertyNames", {"type": "string"}), shapes, "", depth + 1)
        return {str(key): example_of(more, shapes, "", depth + 1)}
    return fields


def _array(schema: Mapping[str, Any], shapes: Mapping[str, Any], name: str, depth: int) -> list[Any]:
    if places := schema.get("prefixItems"):
        return [example_of(one, shapes, name, depth + 1) for one in places]
    least = schema.get("minItems", 0)
    if depth >= DEEPEST and not least:
        return []
    return [example_of(schema.get("items", {}), shapes, name.removesuffix("s"), depth + 1)] * max(least, 1)


def _text(schema: Mapping[str, Any], name: str) -> str:
    if (kind := schema.get("format")) in _FORMATS:
        return str(_FORMATS[kind])
    known = NAMED.get(name, next((said for ending, said in _ENDINGS.items() if name.endswith(ending)), None))
    tried: list[str] = ([known] if isinstance(known, str) else []) + (
        [*_AMOUNTS, *_TEXTS] if "pattern" in schema else [name.replace("_", " ") or "rye", *_TEXTS]
    )
    return next((one for one in tried if _fits(one, schema)), tried[0][: schema.get("maxLength", 200)])


def _fits(said: str, schema: Mapping[str, Any]) -> bool:
    long_enough = schema.get("minLength", 0) <= len(said) <= schema.get("maxLength", 10_000)
    return long_enough and ("pattern" not in schema or re.search(schema["pattern"], said) is not None)


def _number(schema: Mapping[str, Any]) -> float:
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    whole = schema.get("type") == "integer"
    for tried in (*((12, 1, 0) if whole else (0.25, 1.0)), least, most):
        if tried is None or (least is not None and tried < least) or (most is not None and tried > most):
            continue
        if tried not in (schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")):
            return float(tried) if not whole else int(tried)
    return 1
