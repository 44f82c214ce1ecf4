"""What a page's scripts weigh, read from the built frontend: what its HTML asks for before anything is pressed.

`LIQUOR_GALLERY=1 python -m tests.ui.page_weight` writes the figures anew after a growth that was meant.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from functools import cache
from pathlib import Path

from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.platform.frontend import ensure_built

RECORDED = Path(__file__).parent / "page_weight.json"
BUILT = PROJECT_ROOT / ".web" / "build" / "client"
GROWTH = 5.0
"""kB a page may grow by, once and for all, before somebody has to look."""
_ASKED_FOR = re.compile(r'"(/assets/[^"]+\.js)"')
_IMPORTED = re.compile(r'(?:from|import) ?"\./([^"]+\.js)"')


def weights(built: Path = BUILT) -> dict[str, float]:
    """Route → kB of gzipped scripts, of every page whose address is known before it is opened. What a script imports
    counts with it; what it fetches once it is needed, as the charts are, does not."""

    @cache
    def script(name: str) -> tuple[int, tuple[str, ...]]:
        whole = (built / "assets" / name).read_bytes()
        return len(gzip.compress(whole, 6)), tuple(_IMPORTED.findall(whole.decode()))

    found = {}
    for page in sorted(built.rglob("*.html")):
        route = "/" + str(page.relative_to(built).with_suffix("")).removesuffix("index").rstrip("/")
        if "_" not in route and route != "/404":
            waiting = [one.rpartition("/")[2] for one in _ASKED_FOR.findall(page.read_text())]
            seen: set[str] = set()
            while waiting:
                if (name := waiting.pop()) not in seen:
                    seen.add(name)
                    waiting += script(name)[1]
            found[route] = round(sum(script(name)[0] for name in seen) / 1000, 1)
    return found


if __name__ == "__main__":
    ensure_built()
    RECORDED.write_text(json.dumps(weights(Path(sys.argv[1]) if sys.argv[1:] else BUILT), indent=1) + "\n")
