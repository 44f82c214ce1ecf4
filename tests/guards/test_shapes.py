"""What is one thing is written once: shapes that share six fields are derived, not typed again."""

from __future__ import annotations

import runpy

from liquor_app.core.config import PROJECT_ROOT

CEILING = 66
"""Pairs there are today (`python scripts/shapes.py --list`). May only shrink. A table and its row are no pair: a
table's columns are declared with their types of the database, a row without, and nothing derives one from the other
that a type checker understands."""


SHAPES = runpy.run_path(str(PROJECT_ROOT / "scripts" / "shapes.py"))


def test_no_more_shapes_are_typed_twice() -> None:
    many = len(SHAPES["pairs"]())
    assert many <= CEILING, (
        "two shapes write out the same six fields (`python scripts/shapes.py --list` names them): put what they share"
        " into a frozen dataclass without slots and let both inherit it, as `NotificationFields`"
        " (organization/service.py) and ADR 64 have it"
    )
    assert many == CEILING, "fewer: lower the ceiling"


def test_what_is_inherited_makes_no_pair() -> None:
    six = "".join(f"    f{n}: int\n" for n in range(6))
    inherits = SHAPES["shapes_in"](f"class A:\n{six}class B(A):\n    more: int\n")
    retypes = SHAPES["shapes_in"](f"class A:\n{six}class B:\n{six}")
    assert ([one.name for one in inherits], [one.name for one in retypes]) == (["A"], ["A", "B"])


def test_a_row_of_a_table_makes_no_pair_and_a_second_row_does() -> None:
    six = "".join(f"    f{n}: int\n" for n in range(6))
    told = SHAPES["shapes_in"](f"class T(SQLModel, table=True):\n{six}class Row:\n{six}")
    assert [one.is_table for one in told] == [True, False]
    assert SHAPES["pairs"](told) == []
    again = [*told, *SHAPES["shapes_in"](f"class Line:\n{six}class U(SQLModel, table=True):\n{six}")]
    assert [(one.name, other.name) for _, one, other in SHAPES["pairs"](again)] == [("Row", "Line"), ("T", "U")]
