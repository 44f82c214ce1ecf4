"""Jobs: everything about one person as a file; a person erased."""

from __future__ import annotations

from liquor_app.core.queue import Job, Task
from liquor_app.privacy.erase import erase_person
from liquor_app.privacy.export_person import export_person

TASKS: dict[Job, Task] = {Job.EXPORT_PERSON: export_person, Job.ERASE_PERSON: erase_person}
