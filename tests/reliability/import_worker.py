"""A worker that runs one import and nothing else, to be killed: `python -m tests.reliability.import_worker JOB`."""

from __future__ import annotations

import asyncio
import sys
from uuid import UUID

from liquor_app.core import db, redis
from liquor_app.core.queue import run
from liquor_app.imports.tasks import TASKS


async def main(job_id: UUID) -> None:
    try:
        print(await run(job_id, TASKS))
    finally:
        await db.dispose()
        await redis.dispose()


if __name__ == "__main__":
    asyncio.run(main(UUID(sys.argv[1])))
