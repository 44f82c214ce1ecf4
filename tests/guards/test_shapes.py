"""What is one thing is written once: shapes that share six fields are derived, not typed again."""

from __future__ import annotations

import runpy

from liquor_app.core.config import PROJECT_ROOT

CEILING = 139
"""Pairs there are today (`python scripts/shapes.py --list`). May only shrink. Most are a table and its row: a table's
columns are declared with their types of the database, a row without, and nothing derives one from the other that a
type checker understands."""


SHAPES = runpy.run_path(str(PROJECT_ROOT / "scripts" / "shapes.py"))


def test_no_more_shapes_are_typed_twice() -> None:
    many = len(SHAPES["pairs"]())
    assert many <= CEILING, "inherit the fields that two shapes share"
    assert many == CEILING, "fewer: lower the ceiling"


def test_what_is_inherited_makes_no_pair() -> None:
    six = "".join(f"    f{n}: int\n" for n in range(6))
    inherits = SHAPES["shapes_in"](f"class A:\n{six}class B(A):\n    more: int\n")
    retypes = SHAPES["shapes_in"](f"class A:\n{six}class B:\n{six}")
    assert ([one.name for one in inherits], [one.name for one in retypes]) == (["A"], ["A", "B"])
