"""Count pairs of shapes (tables, rows, schemas, screens' lines) that write out the same six or more field names.

    python scripts/shapes.py          the number
    python scripts/shapes.py --list   and the pairs, most alike first

A field a class inherits is not written out, so a shape that is derived from another makes no pair with it. A table and
its row make none either: a table's columns are declared with the database's types, and no row can inherit them.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

ROOT = Path(__file__).parent.parent
ALIKE = 6
"""Fields two shapes write out alike before they count as one thing written twice."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A class and the fields that stand in it."""

    place: str
    name: str
    fields: frozenset[str]
    is_table: bool = False


def shapes() -> list[Shape]:
    """Every class of the product that writes out `ALIKE` fields or more."""
    return [
        shape
        for path in sorted((ROOT / "liquor_app").rglob("*.py"))
        for shape in shapes_in(path.read_text(), str(path.relative_to(ROOT)))
    ]


def shapes_in(source: str, place: str = "") -> list[Shape]:
    """Classes that write out `ALIKE` fields or more; what belongs to the class alone (`ClassVar`) is no field."""
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            fields = frozenset(
                item.target.id
                for item in node.body
                if isinstance(item, ast.AnnAssign)
                and isinstance(item.target, ast.Name)
                and not item.target.id.startswith("_")
                and "ClassVar" not in ast.unparse(item.annotation)
            )
            if len(fields) >= ALIKE:
                # a table, or what tables inherit their columns from
                is_table = "SQLModel" in {ast.unparse(base) for base in node.bases} or any(
                    keyword.arg == "table" for keyword in node.keywords
                )
                found.append(Shape(place, node.name, fields, is_table))
    return found


def pairs(among: list[Shape] | None = None) -> list[tuple[int, Shape, Shape]]:
    """Those that share `ALIKE` fields or more and could inherit them, with how many, most alike first."""
    alike = [
        (len(one.fields & other.fields), one, other)
        for one, other in combinations(shapes() if among is None else among, 2)
        if one.is_table == other.is_table
    ]
    return sorted((pair for pair in alike if pair[0] >= ALIKE), key=lambda pair: (-pair[0], pair[1].name, pair[2].name))


def main() -> None:
    found = pairs()
    if "--list" in sys.argv:
        for shared, one, other in found:
            print(f"{shared:3}  {one.place}:{one.name}  {other.place}:{other.name}")
    print(len(found))


if __name__ == "__main__":
    main()
