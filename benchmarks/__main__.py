"""`python -m benchmarks [name …]`: run benchmarks on embedded engines of their own."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import os
import pkgutil
import shutil
import sys
import tempfile
from pathlib import Path

import benchmarks


def names() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__")


async def run(wanted: list[str]) -> None:
    from liquor_app.core import db, redis

    try:
        for name in wanted:
            async for line in importlib.import_module(f"benchmarks.{name}").run():
                print(json.dumps(line), flush=True)
    finally:
        await db.dispose()
        await redis.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"any of {', '.join(names())}; all by default")
    wanted = parser.parse_args().names or names()
    if unknown := sorted(set(wanted) - set(names())):
        sys.exit(f"There is no benchmark {unknown[0]!r}. There are: {', '.join(names())}")
    folder = Path(tempfile.mkdtemp(prefix="liquor-bench-", dir="/var/lib" if os.geteuid() == 0 else None))
    folder.chmod(0o755)
    os.environ["LIQUOR_DATA_DIR"] = str(folder)
    from liquor_app.core import migrate, runtime
    from liquor_app.core.embedded import engines

    try:
        with engines():
            migrate.upgrade(runtime.database_url())
            asyncio.run(run(wanted))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
