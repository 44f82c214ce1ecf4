"""For whom a job of imports works, and whether they still may: asked anew before each chunk."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, ActorKind, require
from liquor_app.accounts.tokens import actor_again
from liquor_app.core.queue import JobContext


def asked_by(actor: Actor) -> list[str]:
    """Return what a job notes of whoever asks for it."""
    return [actor.kind.value, str(actor.id)]


async def still(session: AsyncSession, actor: Actor) -> Actor:
    """Return an actor with the rights they have now.

    Raises:
        Forbidden: they are gone, deactivated or may only read by now, or their key was revoked.
    """
    now = await actor_again(session, asked_by(actor))
    require(now, Permission.IMPORTS_WRITE)
    return now


async def whose_job(session: AsyncSession, job: JobContext) -> Actor:
    """Return whoever asked for a job, with the rights they have now.

    Raises:
        Forbidden: as `still`.
    """
    # a job of an earlier version names its user alone
    before = [ActorKind.USER, str(job.created_by)] if job.created_by else [ActorKind.SYSTEM, ""]
    actor = await actor_again(session, job.args.get("actor") or before)
    require(actor, Permission.IMPORTS_WRITE)
    return actor
