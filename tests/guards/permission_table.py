"""The permission table as docs/api.md has it.

`python -m tests.guards.permission_table` writes it anew after a change that was meant.
"""

from __future__ import annotations

import re

from liquor_app.accounts.permission_table import RANK, TABLE
from liquor_app.core.config import PROJECT_ROOT

DOCS = PROJECT_ROOT / "docs" / "api.md"
_BEGINS, _ENDS = "<!-- permissions -->\n", "<!-- /permissions -->"
_PART = re.compile(f"{re.escape(_BEGINS)}(.*?){re.escape(_ENDS)}", re.DOTALL)


def as_markdown() -> str:
    """Return the table."""
    roles = [role.label.lower() for role in RANK]
    lines = [f"| permission | what it lets | {' | '.join(roles)} | key's area |", "|---" * (len(roles) + 3) + "|"]
    for permission, rule in TABLE.items():
        ticks = " | ".join("✓" if role in rule.roles else "" for role in RANK)
        lines.append(f"| `{permission}` | {rule.words} | {ticks} | {f'`{rule.scope}`' if rule.scope else ''} |")
    return "\n".join(lines) + "\n"


def in_docs() -> str:
    """Return what docs/api.md says; empty for nothing."""
    found = _PART.search(DOCS.read_text())
    return found.group(1) if found else ""


if __name__ == "__main__":
    DOCS.write_text(_PART.sub(lambda _: f"{_BEGINS}{as_markdown()}{_ENDS}", DOCS.read_text()))
