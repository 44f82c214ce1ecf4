"""The house in figures, as one JSON object: python scripts/measure_house.py [root]"""

from __future__ import annotations

import ast
import json
import statistics
import sys
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[1])
HOUSE = ROOT / "liquor_app"


def modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted(HOUSE.rglob("*.py"))
    }


def imports(known: dict[str, Path]) -> dict[str, set[str]]:
    """Module → modules of ours it imports, deferred imports too."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, path in known.items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for one in node.names:
                    full = f"{node.module}.{one.name}"
                    if full in known or node.module in known:
                        found[name].add(full if full in known else node.module)
    return found


def circles(graph: dict[str, set[str]]) -> int:
    """Groups of modules that import each other (Tarjan's strongly connected components of more than one)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups = 0
    sys.setrecursionlimit(10_000)

    def visit(node: str) -> None:
        nonlocal groups
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = []
            while not group or group[-1] != node:
                group.append(stack.pop())
            groups += len(group) > 1

    for node in list(graph):
        if node not in index:
            visit(node)
    return groups


def reaches() -> dict[str, int]:
    """SQL that crosses the floors, as the guards count it."""
    sys.path.insert(0, str(ROOT))
    from tests.guards.owners import reaches as crossing

    found = crossing()
    return {
        "foreign_writes": sum(many for reach, many in found.items() if reach.writes),
        "foreign_writers": len({(reach.slice, reach.table) for reach in found if reach.writes}),
        "upward_reads": sum(many for reach, many in found.items() if not reach.writes),
    }


LIST_KIT = (
    "core/listing/", "screens/listing/", "rest/kit/list_routes", "rest/kit/bulk_routes", "api/list_query",
    "accounts/lists", "accounts/bulk_actions", "accounts/list_exports",
)  # fmt: skip


def list_lines() -> dict[str, int]:
    """Lines of the list kit, and of the lists themselves: what declares them and the classes of their pages' states."""
    kit = own = lists = 0
    for path in HOUSE.rglob("*.py"):
        text, place = path.read_text(), path.relative_to(HOUSE).as_posix()
        if place.startswith(LIST_KIT):
            kit += len(text.splitlines())
        elif path.name == "lists.py":
            own += len(text.splitlines())
            lists += text.count(" = ListSpec(")
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef) and "ListState" in (ast.unparse(base) for base in node.bases):
                own += (node.end_lineno or 0) - node.lineno + 1
    return {"list_kit_lines": kit, "lists": lists, "lists_own_lines": own}


def main() -> None:
    known = modules()
    lines = {name: len(path.read_text().splitlines()) for name, path in known.items()}
    written = [count for name, count in lines.items() if known[name].name != "__init__.py"]
    folders = Counter(path.parent for path in known.values() if path.name != "__init__.py")
    print(
        json.dumps(
            {
                "modules": len(written),
                "product_lines": sum(written),
                "median_lines": statistics.median(written),
                "p90_lines": statistics.quantiles(written, n=10)[-1],
                "max_lines": max(written),
                "most_in_a_folder": max(folders.values()),
                "circles": circles(imports(known)),
                **list_lines(),
                **reaches(),
            }
        )
    )


if __name__ == "__main__":
    main()
