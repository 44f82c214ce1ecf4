"""`python -m benchmarks [name …] [--set name=value …]`: run benchmarks on embedded engines of their own.

`--set` changes an argument of a benchmark's `run`, such as `--set sends=5000`. Every line is JSON, with or without
`--json`.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import inspect
import json
import os
import pkgutil
import shutil
import sys

import benchmarks
from benchmarks._clone import engines_folder


def names() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name[0] != "_")


async def run(wanted: list[str], changes: dict[str, str]) -> None:
    from liquor_app.core import db, redis

    try:
        for name in wanted:
            benchmark = importlib.import_module(f"benchmarks.{name}").run
            known = inspect.signature(benchmark).parameters
            given = {key: type(known[key].default)(value) for key, value in changes.items() if key in known}
            async for line in benchmark(**given):
                print(json.dumps(line), flush=True)
    finally:
        await db.dispose()
        await redis.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"any of {', '.join(names())}; all by default")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--json", action="store_true", help="the default; there is no other form")
    given = parser.parse_args()
    wanted = given.names or names()
    changes = dict(one.split("=", 1) for one in given.set)
    if unknown := sorted(set(wanted) - set(names())):
        sys.exit(f"There is no benchmark {unknown[0]!r}. There are: {', '.join(names())}")
    folder = engines_folder("liquor-bench-")
    os.environ["LIQUOR_DATA_DIR"] = str(folder)
    # the sink that plays a provider stands on this machine
    os.environ.setdefault("LIQUOR_OUTBOUND_ALLOW", "127.0.0.1/32")
    from liquor_app.core.platform import migrate
    from liquor_app.core.platform.embedded import engines

    try:
        with engines():
            migrate.upgrade_running()
            asyncio.run(run(wanted, changes))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
