"""Jobs: everything about one person as a file; a person erased; a copy that tells of nobody."""

from __future__ import annotations

from liquor_app.core.queue import Job, Task
from liquor_app.privacy.anonymised_file import anonymise_base
from liquor_app.privacy.erase import erase_person
from liquor_app.privacy.export_person import export_person

TASKS: dict[Job, Task] = {
    Job.EXPORT_PERSON: export_person, Job.ERASE_PERSON: erase_person, Job.ANONYMISE_BASE: anonymise_base
}  # fmt: skip
