"""The same verb for many rows of a list, as a job: checked when it is asked for and again before each step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit
from liquor_app.accounts.changed_fields import VALUE_CHARS, told_filters
from liquor_app.accounts.permission_table import JOBS, Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.accounts.tokens import actor_again
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Conflict, Forbidden, Full, Invalid, NotFound, Unknown
from liquor_app.core.listing.read import _count, _read_ids
from liquor_app.core.listing.selection import MOST_SELECTED, Selection, selection_of
from liquor_app.core.listing.spec import ListQuery, ListSpec
from liquor_app.core.models import JobStatus
from liquor_app.core.platform.collisions import again
from liquor_app.core.platform.open_jobs import count_open
from liquor_app.core.queue import Job, JobContext, enqueue, get_job, request_cancel
from liquor_app.core.security.redact import redact
from liquor_app.ui.words import figure

MOST_REASONS = 12
MOST_OPEN = 5
"""Jobs of a kind that wait or run for one person or program: a worker has other things to do."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of some rows: `refused` says why, and how many each time."""

    done: int
    refused: Mapping[str, int] = field(default_factory=dict)


Work = Callable[[AsyncSession, Actor, Sequence[UUID], str], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Verb:
    """Something that can be done to chosen rows.

    Attributes:
        name: in the API and in jobs: "pause".
        label: the button's word.
        work: does it to some rows in one transaction; a service's verb, which authorises again.
        question: what it means, said before it is done.
        destroys: what it does cannot be taken back.
        permission: what it takes.
        value: what it needs to be told, as a label: "Tag"; empty for nothing.
        check: makes the value fit to be used; raises `Invalid`.
        at_once: rows of one transaction.
    """

    name: str
    label: str
    work: Work
    permission: Permission
    icon: str = ""
    question: str = ""
    destroys: bool = False
    value: str = ""
    check: Callable[[str], str] | None = None
    at_once: int = 500


@dataclass(frozen=True, slots=True)
class BulkList:
    """A list and what can be done to its rows. It has no parameters of its own."""

    spec: ListSpec[Any]
    verbs: tuple[Verb, ...]

    def verb(self, name: str) -> Verb:
        """Check, or raise Invalid: there is no such verb."""
        found = next((one for one in self.verbs if one.name == name), None)
        if found is None:
            raise Invalid(f"action must be one of {', '.join(one.name for one in self.verbs)}", field="action")
        return found


def one_by_one(verb: Callable[[AsyncSession, Actor, UUID], Awaitable[Any]]) -> Work:
    """Return a service's verb for one row as one for many: who is refused is left as it was, and counted by reason."""

    async def work(session: AsyncSession, actor: Actor, ids: Sequence[UUID], value: str) -> Outcome:
        refused: Counter[str] = Counter()
        for row_id in ids:
            try:
                async with session.begin_nested():
                    await verb(session, actor, row_id)
            except Forbidden:
                raise
            except AppError as error:
                refused[error.message] += 1
        return Outcome(len(ids) - refused.total(), refused)

    return work


async def count_matching(session: AsyncSession, actor: Actor, spec: ListSpec[Any], query: ListQuery) -> int:
    """Tell how many rows a selection of all that match would hold.

    Raises:
        Forbidden: not for this role.
        Invalid: see `read_list`; more than a selection may hold.
    """
    require(actor, Permission(spec.permission))
    many = await _count(session, spec, query, MOST_SELECTED + 1)
    if many > MOST_SELECTED:
        raise Invalid(
            f"More than {figure(MOST_SELECTED)} match, the most that can be chosen at once. Narrow the list first."
        )
    return many


async def request_bulk(
    session: AsyncSession, actor: Actor, bulk: BulkList, action: str, chosen: Selection, *, value: str = ""
) -> UUID:
    """Ask for something to be done to chosen rows; returns the job.

    Raises:
        Forbidden: not for this role.
        Invalid: no such action, a value that does not fit, nothing chosen that is there, too much.
        Conflict: more match by now than were seen.
    """
    verb = bulk.verb(action)
    require(actor, verb.permission)
    given = _checked(verb, value)
    rows = await _resolve(session, bulk.spec, chosen)
    asker = await one_of_few(session, actor, Job.CHANGE_ROWS)
    args = {
        "list": bulk.spec.name, "action": verb.name, "value": given, "chosen": chosen.as_args(), "actor": asker,
    }  # fmt: skip
    job_id = await enqueue(session, Job.CHANGE_ROWS, args, created_by=actor.user_id)
    await audit(
        session, actor, f"{bulk.spec.name}.{verb.name}_asked", "job", job_id, rows=len(rows),
        filters=told_filters(bulk.spec, chosen.filters), search=bool(chosen.search),
        **({"value": redact(given, VALUE_CHARS)} if given else {}),
    )  # fmt: skip
    return job_id


async def one_of_few(session: AsyncSession, actor: Actor, job: Job) -> list[str]:
    """`actor` as a job's arguments name them, unless they have as many such jobs open as anybody may have. A corridor.

    Raises:
        Conflict: wait for one of them.
    """
    asker = [actor.kind.value, str(actor.id) if actor.id else ""]
    if await count_open(session, job, {"actor": asker}) >= MOST_OPEN:
        raise Full(f"{MOST_OPEN} of these are under way for you already. Wait for one of them, or stop it.")
    return asker


async def stop_work(session: AsyncSession, actor: Actor, job_id: UUID) -> None:
    """Ask a job on a list's rows to stop: what it has done is done.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such job.
    """
    require(actor, Permission.JOBS_WRITE)
    job = await get_job(session, job_id)
    if job.name not in (Job.CHANGE_ROWS.value, Job.EXPORT_ROWS.value):
        raise NotFound("There is no such job.")
    await stop_job(session, actor, job_id)


async def stop_job(session: AsyncSession, actor: Actor, job_id: UUID) -> None:
    """Ask any job to stop: at once if it still waits, at its next step if it runs. Whose work was stopped, and by whom,
    stands in the audit log; asking again changes nothing.

    Raises:
        Conflict: it has ended by itself: what it did stays.
        Forbidden: the actor may only read, or may not ask for such a job.
        NotFound: there is no such job.
    """
    require(actor, Permission.JOBS_WRITE)
    job = await get_job(session, job_id)
    if (permission := JOBS[Job(job.name)]) is not None:
        require(actor, permission)  # nobody stops an erasure who could not have asked for it
    if await request_cancel(session, job_id):
        await audit(session, actor, "job.cancel_asked", "job", job_id, job=job.name)
    elif (ended := (await get_job(session, job_id)).status) in (JobStatus.SUCCEEDED, JobStatus.FAILED):
        how = "finished" if ended is JobStatus.SUCCEEDED else "failed"
        raise Conflict(f"This job has {how} already: there is nothing left to stop.")


def bulk_task(lists: Iterable[BulkList]) -> Callable[[JobContext], Awaitable[dict[str, Any]]]:
    """Return the job that does what was asked to the rows of any of these lists."""
    known = {one.spec.name: one for one in lists}

    async def change_rows(job: JobContext) -> dict[str, Any]:
        """Work through the chosen rows, some at a time. Stopped half way, what was done is done; run again, what is
        done already is refused or left as it is. Whoever asked for it must still be allowed to, before each step."""
        bulk = known.get(str(job.args.get("list")))
        if bulk is None:
            raise Unknown("There is no such list any more.", field="list")
        verb = bulk.verb(str(job.args.get("action")))
        value, who = _checked(verb, str(job.args.get("value", ""))), job.args.get("actor")
        async with transaction() as session:
            require(await actor_again(session, who), verb.permission)
            rows = await _resolve(session, bulk.spec, selection_of(bulk.spec, job.args.get("chosen") or {}))
        done, refused = 0, Counter[str]()

        async def work(part: Sequence[UUID]) -> Outcome:
            async with transaction() as session:
                actor = await actor_again(session, who)
                require(actor, verb.permission)
                return await verb.work(session, actor, part, value)

        for start in range(0, len(rows), verb.at_once):
            part = rows[start : start + verb.at_once]
            outcome = await again(partial(work, part))
            done, refused = done + outcome.done, refused + Counter(outcome.refused)
            await job.progress(start + len(part), len(rows), f"{figure(done)} done, {figure(refused.total())} refused")
        reasons = [{"reason": reason, "rows": many} for reason, many in refused.most_common(MOST_REASONS)]
        return {
            "list": bulk.spec.name, "action": verb.name, "rows": len(rows), "done": done, "refused": refused.total(),
            "reasons": reasons,
        }  # fmt: skip

    return change_rows


def _checked(verb: Verb, value: str) -> str:
    given = value.strip()
    if not verb.value:
        return ""
    return verb.check(given) if verb.check else given


async def _resolve(session: AsyncSession, spec: ListSpec[Any], chosen: Selection) -> list[UUID]:
    """Return the chosen rows that are there.

    Raises:
        Invalid: none is.
        Conflict: more match than were seen when they were chosen.
    """
    most = len(chosen.ids) or chosen.at_most
    rows = await _read_ids(session, spec, chosen, most + 1)
    if len(rows) > most:
        raise Conflict(f"More rows match by now than the {figure(most)} that were chosen. Look at the list again.")
    if not rows:
        raise Invalid("None of the chosen rows is there any more.", field="ids")
    return rows
