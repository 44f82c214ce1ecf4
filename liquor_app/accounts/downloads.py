"""The door to stored files: who may have a link to one, and who may open it."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.files.download_links import Download, read_download, sign_download

DOWNLOADS = "/api/v1/files/"


def _bearer(actor: Actor) -> str:
    return f"{actor.kind.value}:{actor.id}"


def download_link(actor: Actor, key: str, *, name: str, permission: Permission) -> str:
    """Return the address under which `actor`, and nobody else, can fetch a file for the next minutes.

    Args:
        name: what the file is called where it is saved.
        role: the least role, now and when it is fetched.

    Raises:
        Forbidden: the actor has not this role.
        Invalid: no key of ours.
    """
    require(actor, permission)
    return DOWNLOADS + sign_download(Download(key, name, _bearer(actor), permission.value))


def open_download(actor: Actor, token: str) -> Download:
    """Return the file a link leads to.

    Raises:
        NotFound: no link of ours for this actor, or it has expired.
        Forbidden: the actor's role is not what it was.
    """
    download = read_download(token, _bearer(actor))
    require(actor, Permission(download.permission))
    return download


async def fetch_download(session: AsyncSession, actor: Actor, token: str) -> Download:
    """Return the file a link leads to, to be sent: who fetched which is in the audit log.

    Raises:
        NotFound, Forbidden: see `open_download`.
    """
    require(actor, Permission.OWN_FILES)
    download = open_download(actor, token)
    await audit(session, actor, "file.fetched", "file", None, key=download.key, name=download.name)
    return download
