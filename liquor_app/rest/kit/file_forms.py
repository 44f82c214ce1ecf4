"""A form that brings a file: what the parser says of one it cannot read, in words of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

from liquor_app.core.errors import Malformed


@asynccontextmanager
async def file_form(request: Request, *, fields: int, part_bytes: int) -> AsyncIterator[FormData]:
    """Give the form of a request, with at most one file and so many fields beside it.

    Raises:
        Malformed: it is no form, has more parts or longer ones, or its file's name is too long to be read.
    """
    try:
        form = await request.form(max_files=1, max_fields=fields, max_part_size=part_bytes)
    except HTTPException as error:
        if error.status_code != 400:
            raise
        raise Malformed(
            "The form cannot be read: a part of it is broken, too long or one too many, or its name has thousands"
            " of letters. Send one file in the part `file`, under a short name.",
            field="file",
        ) from error
    try:
        yield form
    finally:
        await form.close()
