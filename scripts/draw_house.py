"""Draws docs/images/house.svg: the floors, what each imports of those below, and the tables each owns.

python scripts/draw_house.py          writes it
python scripts/draw_house.py --check  fails if it is not what the code says
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from pathlib import Path
from textwrap import wrap
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.guards.owners import floors, owners  # noqa: E402

PICTURE = ROOT / "docs" / "images" / "house.svg"
WIDTH, NAME, IMPORTS, LINE, PAD = 1040, 150, 480, 17, 8
HEAD = "font-family='system-ui, sans-serif' font-size='13'"


def imported() -> dict[str, set[str]]:
    """Package → packages of ours it imports, itself left out."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in (ROOT / "liquor_app").rglob("*.py"):
        here = path.relative_to(ROOT / "liquor_app").parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("liquor_app"):
                parts = node.module.split(".")[1:]
                names = [parts[0]] if parts else [one.name for one in node.names]
                found[here] |= set(names) - {here}
    return found


def drawn() -> str:
    """The picture, the same for the same code."""
    graph, tables = imported(), defaultdict(list)
    for table, owner in sorted(owners().items()):
        tables[owner].append(table)
    order = list(floors())
    parts, top = [], 40
    for name in reversed(order):
        below = [one for one in reversed(order) if one in graph[name]]
        left = wrap(" ".join(below), 62) or [""]
        right = wrap(", ".join(tables[name]), 54) or [""]
        height = max(len(left), len(right)) * LINE + 2 * PAD
        parts.append(f"<rect x='8' y='{top}' width='{WIDTH - 16}' height='{height}' rx='6'/>")
        parts.append(f"<text x='20' y='{top + PAD + 13}' class='n'>{escape(name)}</text>")
        for x, lines, look in ((NAME, left, "i"), (NAME + IMPORTS, right, "t")):
            parts += [
                f"<text x='{x}' y='{top + PAD + 13 + number * LINE}' class='{look}'>{escape(line)}</text>"
                for number, line in enumerate(lines)
                if line
            ]
        top += height + 6
    titles = ((20, "a floor"), (NAME, "imports of those below"), (NAME + IMPORTS, "owns the tables"))
    head = "".join(f"<text x='{x}' y='26' class='h'>{words}</text>" for x, words in titles)
    style = (
        "<style>rect{fill:#faf9f7;stroke:#d8d4cc}.n{font-weight:600;fill:#1c1b19}.i{fill:#6b6760}.t{fill:#8a5200}"
        ".h{fill:#6b6760;font-size:12px}</style>"
    )
    size = f"viewBox='0 0 {WIDTH} {top}' width='{WIDTH}' height='{top}'"
    lines = (f"<svg xmlns='http://www.w3.org/2000/svg' {size} {HEAD}>", style, head, *parts, "</svg>")
    return "\n".join(lines) + "\n"


def main() -> int:
    if "--check" in sys.argv:
        return 0 if PICTURE.read_text() == drawn() else 1
    PICTURE.write_text(drawn())
    return 0


if __name__ == "__main__":
    sys.exit(main())
