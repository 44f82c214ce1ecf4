"""Files of the store, for tests that begin with one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from liquor_app.core.config import get_settings
from liquor_app.core.files.store import file_store
from liquor_app.imports.import_rows import stored_as


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def bring(file_key: str, content: str | bytes) -> None:
    """An upload as the HTTP route leaves it."""
    await file_store().put(stored_as(file_key), pieces(content.encode() if isinstance(content, str) else content))


def uploads_folder() -> Path:
    """Where uploads lie in the local store."""
    return get_settings().data_dir / "files" / "imports"


def file_of(file_key: str) -> Path:
    """Where an upload lies in the local store."""
    return Path(file_store().where(stored_as(file_key)))
