"""The project's own source, parsed once a process: many rules look through all of it."""

from __future__ import annotations

import ast
from functools import cache

import pytest

reads_sources = pytest.mark.xdist_group("sources")
"""For tests that look through all of it: one process parses for them."""


@cache
def parsed(source: str) -> ast.Module:
    """The syntax tree of a module's text. It is everybody's: look, do not change."""
    return ast.parse(source)
