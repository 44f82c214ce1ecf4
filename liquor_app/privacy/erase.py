"""Erase a person: nothing more goes to them from the moment it is asked for, and what is kept of them is scrubbed by a
job. What proves something stays, of a profile that is nobody's: consents, ages, purchases, messages."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import SYSTEM, Actor, require
from liquor_app.actions.action_status import give_up_people
from liquor_app.compliance.may_send import BlockReason
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Invalid, NotFound
from liquor_app.core.files.store import file_store
from liquor_app.core.ids import uuid7
from liquor_app.core.platform.collisions import again
from liquor_app.core.platform.open_jobs import running_jobs
from liquor_app.core.platform.personal_data import Traces, scrub_rows
from liquor_app.core.queue import Job, JobContext, enqueue, request_cancel
from liquor_app.customers.consents import Suppression, suppress_addresses
from liquor_app.customers.erasing.erased_keys import (
    ErasureRow,
    add_erasure,
    erasure_of,
    find_erasure,
    finish_erasure,
    keys_of_erasure,
    open_erasures,
    retire_profiles,
)
from liquor_app.customers.erasing.models import ErasureStatus, Ground
from liquor_app.customers.models import SuppressionReason
from liquor_app.imports.kept_files import forget_file_keys, keys_under_way
from liquor_app.ledger.erased_sends import cancel_unsent, count_on_the_wire
from liquor_app.organization.service import notify
from liquor_app.privacy.find_traces import find_traces, in_python, profiles_of
from liquor_app.privacy.held_data import PERSONAL
from liquor_app.privacy.mentions import scrub_all_mentions
from liquor_app.privacy.named_files import forget_exports, named_files
from liquor_app.privacy.open_pages import close_pages
from liquor_app.privacy.replay import ErasureNote, keep_note
from liquor_app.ui.words import plural

log = logging.getLogger(__name__)

WAIT_SECONDS = 180
"""For messages on the wire: three times a lease, after which the outcome of each is known or called unknown."""
EXPORT_WAIT_SECONDS = 60
"""For files that are being written; what they hold was read before it was scrubbed."""
EXPORTS = (Job.EXPORT_ROWS, Job.EXPORT_PERSON)
LOOK_SECONDS = 1.0
FILES = "files"
"""Beside the tables in what an erasure tells."""
NOT_WAITED_FOR = "messages_on_the_wire"
DONE = "An erasure you asked for is done"

_LOCK = "SELECT id FROM customers WHERE id = ANY(:people) ORDER BY id FOR UPDATE"


@dataclass(frozen=True)
class ErasureAsked:
    """An erasure under way: nothing more goes to `person_id`; `job_id` scrubs what is kept."""

    id: UUID
    person_id: UUID
    ground: Ground
    job_id: UUID
    cancelled_messages: int


async def request_erasure(
    session: AsyncSession,
    actor: Actor,
    customer_id: UUID,
    *,
    ground: Ground,
    confirmed: bool,
    in_templates: bool = False,
) -> ErasureAsked:
    """Erase a person, with every profile that was merged into theirs. At once: what waits for them is cancelled,
    claimed or not, their addresses are suppressed for good, and no list shows them. A job does the rest. Asked again
    while it is not done, it is taken up anew.

    Args:
        ground: why; no free text, for that would tell of whom it is to forget.
        in_templates: their name is to be taken out of templates, too, where `find_mentions` tells of it.
        confirmed: whoever asks knows that it cannot be taken back.

    Raises:
        Forbidden: the actor is not an admin.
        Invalid: it is not confirmed.
        NotFound: there is no such customer.
        Conflict: they are erased already.
    """
    require(actor, Permission.CUSTOMERS_ADMIN)
    if not confirmed:
        raise Invalid("An erasure cannot be taken back: say that you mean it.", field="confirm")
    people = await profiles_of(session, customer_id)
    if not people:
        raise NotFound("There is no such customer.")
    await session.execute(text(_LOCK), {"people": people})
    known = await erasure_of(session, people)
    if known is not None and known.status is ErasureStatus.DONE:
        raise Conflict("They are erased already.")
    cancelled = await _stop_at_once(session, people)
    if known is None:
        known = await _note(session, actor, customer_id, ground, in_templates)
        await audit(
            session, actor, "customer.erasure_asked", "customer", customer_id, ground=ground.value, cancelled=cancelled
        )
    job_id = await enqueue(
        session, Job.ERASE_PERSON, {"erasure": str(known.id)}, created_by=actor.user_id, dedupe_key=str(known.id)
    )
    return ErasureAsked(known.id, customer_id, known.ground, job_id, cancelled)


async def _note(
    session: AsyncSession, actor: Actor, customer_id: UUID, ground: Ground, in_templates: bool
) -> ErasureRow:
    traces, erasure_id = await find_traces(session, customer_id), uuid7()
    await add_erasure(
        session, erasure_id, customer_id, ground, by=actor.user_id, name=actor.name, hashes=traces.hashes,
        in_templates=in_templates,
    )  # fmt: skip
    entries = [Suppression(one, SuppressionReason.ERASED, None, customer_id) for one in traces.addresses]
    await suppress_addresses(session, entries, source="erased")
    found = await find_erasure(session, erasure_id)
    assert found is not None
    return found


async def _stop_at_once(session: AsyncSession, people: list[UUID]) -> int:
    cancelled = await cancel_unsent(session, people)
    await give_up_people(session, people, BlockReason.GONE.value)
    await retire_profiles(session, people)
    return cancelled


async def get_erasure(session: AsyncSession, actor: Actor, customer_id: UUID) -> ErasureRow:
    """Return the erasure of a profile.

    Raises:
        Forbidden: the actor is not an admin.
        NotFound: nobody asked for one.
    """
    require(actor, Permission.CUSTOMERS_ADMIN)
    found = await erasure_of(session, await profiles_of(session, customer_id) or [customer_id])
    if found is None:
        raise NotFound("Nobody asked to erase this customer.")
    return found


async def take_up_erasures(session: AsyncSession, before: datetime) -> int:
    """Ask again for what was asked for before a moment and is not done; returns how many. A corridor, for the clock."""
    waiting = await open_erasures(session, before)
    for erasure_id in waiting:
        await enqueue(session, Job.ERASE_PERSON, {"erasure": str(erasure_id)}, dedupe_key=str(erasure_id))
    return len(waiting)


async def erase_person(job: JobContext) -> dict[str, Any]:
    """Scrub everything kept of a person, in one transaction; files before it, since they are found by what it scrubs.
    It may be run again.

    Raises:
        NotFound: there is no such erasure.
        Conflict: a file that names them is being imported; the clock takes it up again.
        RedisError: open pages cannot be looked through now; it is taken up again, too.
    """
    async with transaction() as session:
        erasure = await find_erasure(session, UUID(str(job.args.get("erasure"))))
        if erasure is None:
            raise NotFound("There is no such erasure.")
        if erasure.status is ErasureStatus.DONE:
            return dict(erasure.told)
        traces = await find_traces(session, erasure.person_id)
        await _stop_at_once(session, list(traces.people))
    left = await _wait_for_the_wire(job, traces)
    told: dict[str, Any] = {FILES: await _forget_files(traces)}
    if left:
        told[NOT_WAITED_FOR] = left
    await close_pages(traces)
    told = await again(partial(_scrub, erasure, traces, told, job.created_by))
    await job.progress(1, 2, "Looking once more")
    # what others wrote while this was at it, found by what is known here and nowhere else any more
    await again(partial(_scrub_once_more, erasure, traces))
    await _end_exports()
    try:
        await close_pages(traces)
    except (RedisError, OSError) as error:
        log.warning("open pages were not looked through once more: %s", error)
    return told


async def _scrub(erasure: ErasureRow, traces: Traces, files: Mapping[str, Any], asker: UUID | None) -> dict[str, Any]:
    """Scrub what is known of them, write down that it is done, and tell whoever asked: the page they asked on is gone.
    Returns what was scrubbed, with `files` before it."""
    told = dict(files)
    async with transaction() as session:
        for personal in PERSONAL:
            if many := await scrub_rows(session, personal, traces):
                told[personal.table] = many
        for table, many in (await scrub_all_mentions(session, traces, in_templates=erasure.in_templates)).items():
            told[table] = told.get(table, 0) + many
        hashes = frozenset(await keys_of_erasure(session, erasure.id))
        await keep_note(ErasureNote(erasure.id, erasure.person_id, erasure.ground, erasure.asked_at, hashes))
        await finish_erasure(session, erasure.id, told)
        await audit(session, SYSTEM, "customer.erased", "customer", erasure.person_id, ground=erasure.ground.value)
        if asker is not None:
            await notify(session, title=DONE, body=_told_words(told), level="success", user_id=asker)
    return told


def _told_words(told: Mapping[str, Any]) -> str:
    """Return how much was scrubbed; nothing of whom."""
    tables = {name: int(many) for name, many in told.items() if name not in (FILES, NOT_WAITED_FOR)}
    said = f"{plural(sum(tables.values()), 'row')} of {plural(len(tables), 'table')}"
    return f"Scrubbed: {said}, {plural(int(told.get(FILES, 0)), 'file')} taken away. It cannot be taken back."


async def _scrub_once_more(erasure: ErasureRow, traces: Traces) -> None:
    async with transaction() as session:
        for personal in PERSONAL:
            await scrub_rows(session, personal, traces)
        await scrub_all_mentions(session, traces, in_templates=erasure.in_templates)


async def _wait_for_the_wire(job: JobContext, traces: Traces) -> int:
    """Wait until no provider is being given a message for them any more, within bounds; returns how many are left."""
    for _ in range(round(WAIT_SECONDS / LOOK_SECONDS)):
        async with transaction() as session:
            left = await count_on_the_wire(session, traces.people)
        if not left:
            return 0
        await job.progress(0, 2, f"Waiting for {plural(left, 'message')} on the wire")
        await asyncio.sleep(LOOK_SECONDS)
    return left


async def _forget_files(traces: Traces) -> int:
    words = in_python(traces.words)
    found = await named_files(words)
    async with transaction() as session:
        if await keys_under_way(session) & set(found):
            raise Conflict("A file that names them is being imported. The erasure goes on when that is done.")
        await forget_file_keys(session, found)
    for key in found:
        await file_store().delete(key)
    return len(found) + await forget_exports()


async def _end_exports() -> None:
    """Stop files that were being written while this was at it, and take away what they became."""
    async with transaction() as session:
        under_way = await running_jobs(session, EXPORTS)
        for job_id in under_way:
            await request_cancel(session, job_id)
    for _ in range(round(EXPORT_WAIT_SECONDS / LOOK_SECONDS)):
        async with transaction() as session:
            under_way &= await running_jobs(session, EXPORTS)
        if not under_way:
            break
        await asyncio.sleep(LOOK_SECONDS)
    else:
        log.warning("files that may name somebody who was erased are still being written: %s", len(under_way))
    await forget_exports()
