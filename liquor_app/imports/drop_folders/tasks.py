"""Jobs: looking at a drop folder."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from liquor_app.core.ids import parse_id
from liquor_app.core.queue import Job, JobContext, Task
from liquor_app.imports.drop_folders.look import look_at


async def look_at_folder(job: JobContext) -> dict[str, Any]:
    """Look at a drop folder once."""
    return asdict(await look_at(parse_id(str(job.args.get("source_id", "")), "source_id")))


TASKS: dict[Job, Task] = {Job.LOOK_DROP_FOLDER: look_at_folder}
