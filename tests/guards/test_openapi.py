"""The API changes only where a change was meant."""

from __future__ import annotations

import difflib

from tests.guards import asyncapi
from tests.guards.openapi import SNAPSHOT, surface


def test_the_api_is_as_it_was() -> None:
    was, now = SNAPSHOT.read_text().splitlines(), surface().splitlines()
    changes = list(difflib.unified_diff(was, now, "openapi.json", "now", lineterm="", n=4))
    assert changes == [], "if this was meant: python -m tests.guards.openapi, and say so in the CHANGELOG"


def test_the_sockets_are_as_they_were() -> None:
    was, now = asyncapi.SNAPSHOT.read_text().splitlines(), asyncapi.surface().splitlines()
    changes = list(difflib.unified_diff(was, now, "asyncapi.json", "now", lineterm="", n=4))
    assert changes == [], "if this was meant: python -m tests.guards.asyncapi, and say so in the CHANGELOG"


def test_no_shape_is_named_by_a_module() -> None:
    """FastAPI does so where two shapes have one name; then moving a file would change the API."""
    assert "liquor_app__" not in surface()
