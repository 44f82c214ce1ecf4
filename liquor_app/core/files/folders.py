"""The folders of the file store: what each holds, how large a file may be, how long it is kept. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from uuid import UUID

from liquor_app.core.errors import Invalid

GIB = 1024**3
_KEY = re.compile(r"[a-z]{2,20}/[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\.[a-z0-9]{1,8}")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the store.

    Attributes:
        max_bytes: of one file; a larger one is refused while it comes in.
        kept_days: after these a file is deleted by the clock; None where its owner deletes it.
    """

    name: str
    max_bytes: int
    kept_days: int | None = None

    def key(self, file_id: UUID, ending: str) -> str:
        """Return the key of a file: an id of ours and an ending of ours, never a name somebody gave."""
        return checked(f"{self.name}/{file_id}.{ending}")


IMPORT_FILES = Folder("imports", 5 * GIB)
"""Files brought in, until they are imported; `imports.uploads` forgets them."""
REJECT_FILES = Folder("rejects", 5 * GIB, kept_days=30)
"""Rows the command line's imports refused."""
EXPORT_FILES = Folder("exports", 2 * GIB, kept_days=2)
"""What somebody asked to carry away; a link to one expires long before it does."""

ERASURE_NOTES = Folder("erasures", 1024**2)
"""Keyed hashes of who was erased, for as long as there is a shop: a database that is restored knows less than they."""

FOLDERS = {one.name: one for one in (IMPORT_FILES, REJECT_FILES, EXPORT_FILES, ERASURE_NOTES)}


def checked(key: str) -> str:
    """`key`, if it may be one.

    Raises:
        Invalid: it is no key of ours: another form, an unknown folder, a way out of it.
    """
    if _KEY.fullmatch(key) is None or key.partition("/")[0] not in FOLDERS:
        raise Invalid("This is not the key of a file.", field="key")
    return key


def folder_of(key: str) -> Folder:
    """Return the folder a key lies in.

    Raises:
        Invalid: as `checked`.
    """
    return FOLDERS[PurePosixPath(checked(key)).parts[0]]
