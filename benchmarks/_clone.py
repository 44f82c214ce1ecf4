"""An older clone beside ours: each a process with engines of its own, asked turn by turn."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Self


class Clone:
    """A side in a process of its own."""

    def __init__(self, name: str, root: Path) -> None:
        self.name, self._root = name, root
        self._folder = engines_folder("liquor-bench-")

    async def __aenter__(self) -> Self:
        script = Path(__file__).with_name("_clone_side.py")
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, str(script), str(self._folder), cwd=self._root,
            env={**os.environ, "PYTHONPATH": str(self._root)}, limit=1 << 28,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        await self._answer()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def do(self, what: str, **more: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **more}).encode() + b"\n")
        return await self._answer()

    async def _answer(self) -> dict[str, Any]:
        """Return the next line that is one of ours; an engine's log may stand between."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            if line.startswith(b"{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        raise RuntimeError(f"the side {self.name!r} ended")


def engines_folder(prefix: str) -> Path:
    """Return a new folder that the embedded engines' account can reach."""
    made = Path(tempfile.mkdtemp(prefix=prefix, dir="/var/lib" if os.geteuid() == 0 else None))
    made.chmod(0o755)
    return made


def roots(before: str) -> dict[str, Path]:
    """Return the clones by name: ours, and the older one if there is one."""
    return {"ours": Path(__file__).parents[1], **({"before": Path(before)} if before else {})}


def told(took: dict[str, dict[str, Any]], *rest: str) -> dict[str, object]:
    """Return what each side took, and how many times what each other one."""
    line: dict[str, object] = {}
    for side, one in took.items():
        line[side] = {
            "seconds": round(one["seconds"], 1),
            "own_cpu": round(one["own_cpu"], 1),
            "server_cpu": round(one["server_cpu"], 1),
            **{name: one[name] for name in rest if name in one},
        }
    for other in took.keys() - {"ours"}:
        for measure, parts in (("seconds", ("seconds",)), ("cpu", ("own_cpu", "server_cpu"))):
            ours, theirs = (sum(took[side][part] for part in parts) for side in ("ours", other))
            line[f"times_{other}_{measure}"] = round(ours / theirs, 2)
    return line
