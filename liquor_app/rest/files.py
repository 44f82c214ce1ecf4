"""Routes: stored files, by links that were made for whoever fetches them."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path
from fastapi.responses import StreamingResponse

from liquor_app.accounts.downloads import fetch_download
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.core.errors import NotFound
from liquor_app.core.files.store import GONE, file_store
from liquor_app.rest.kit.authentication import CurrentActor

router = APIRouter(tags=["files"])

KINDS = {
    ".csv": "text/csv; charset=utf-8",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pdf": "application/pdf",
}


@router.get("/files/{token}", response_class=StreamingResponse)
@needs(Permission.OWN_FILES)
async def get_file(actor: CurrentActor, token: Annotated[str, Path(max_length=2048)]) -> StreamingResponse:
    """Fetch a file by the link that was made for you: it is good for a quarter of an hour, and for nobody else."""
    store = file_store()
    async with transaction() as session:
        download = await fetch_download(session, actor, token)
        if (found := await store.find(download.key)) is None:
            raise NotFound(GONE)
    return StreamingResponse(
        store.read(download.key),
        media_type=KINDS.get(PurePosixPath(download.key).suffix, "application/octet-stream"),
        headers={
            "Content-Length": str(found.size),
            "Content-Disposition": attachment(download.name),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


def attachment(name: str) -> str:
    """To be saved, never shown (RFC 6266): a plain name for old programs, the whole one for the others."""
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_. ") else "_" for letter in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
