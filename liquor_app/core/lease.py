"""A job's lease: renewed by a thread of its own while the process lives, and asked for before every commit.

Progress says how far a job is, not whether its worker lives: one statement may take minutes, and Python may compute
for as long. So a thread with a connection of its own says "I live", whatever the event loop is busy with. Should it be
cut off all the same (a machine asleep, a network gone) and the job be given to somebody else, the first worker may
write nothing more: its number (`attempt`, one higher with every taking) no longer fits, and each transaction of a job
asks for it last, under a lock that makes a taker wait for the commit.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.platform.runtime_info import database_url

log = logging.getLogger(__name__)

SECONDS = 60.0
"""How long a dead worker's job waits for the next one."""
BEATS = 6
"""Renewals within one lease: so many may fail in a row, less one, before somebody else takes the job."""

_RENEW = """
UPDATE jobs SET lease_until = clock_timestamp() + make_interval(secs => %s)
WHERE id = %s AND attempt = %s AND status = 'running'
"""
_ASK = "SELECT FROM jobs WHERE id = :id AND attempt = :attempt AND status = 'running' FOR SHARE"


class JobLost(Exception):
    """Another worker was given this job meanwhile; whatever this one still writes is rolled back."""


class Lease:
    """Holds one job while it is used as a context manager; `lost` once somebody else was given it."""

    def __init__(self, job_id: UUID, attempt: int, *, seconds: float = SECONDS) -> None:
        self.lost = False
        self._job_id, self._attempt, self._seconds = job_id, attempt, seconds
        self._over = threading.Event()
        self._when_lost: Callable[[], object] = lambda: None

    def start(self, when_lost: Callable[[], object]) -> None:
        """Renew from now on. `when_lost` is called from the thread."""
        self._when_lost = when_lost
        threading.Thread(target=self._beat, args=(database_url(),), name=f"lease-{self._job_id}", daemon=True).start()

    def stop(self) -> None:
        """Renew no more. Returns at once; a renewal on its way finds the job ended, or only prolongs what runs out."""
        self._over.set()

    async def ask(self, session: AsyncSession) -> None:
        """Tell whether the job is still ours, until this transaction ends.

        Raises:
            JobLost: somebody else was given it.
        """
        found = await session.execute(text(_ASK), {"id": self._job_id, "attempt": self._attempt})
        if found.first() is None:
            self.lost = True
            raise JobLost(f"job {self._job_id}, attempt {self._attempt}")

    def _beat(self, url: str) -> None:
        connection: psycopg.Connection[Any] | None = None
        rest = self._seconds / BEATS
        while not self._over.wait(rest):
            try:
                if connection is None:  # short jobs never need one
                    connection = _connect(url, timeout=rest)
                if connection.execute(_RENEW, (self._seconds, self._job_id, self._attempt)).rowcount == 0:
                    if not self._over.is_set():
                        self.lost = True
                        self._when_lost()
                    break
            except psycopg.Error as error:
                log.warning("job %s: the lease could not be renewed (%s)", self._job_id, type(error).__name__)
                _close(connection)
                connection = None
        _close(connection)


def _connect(url: str, *, timeout: float) -> psycopg.Connection[Any]:
    return psycopg.connect(
        url.replace("+psycopg", "", 1),
        autocommit=True,
        connect_timeout=max(2, round(timeout)),
        application_name="liquor lease",
        # a row lock or a stalled server must not keep the thread from its next try
        options=f"-c statement_timeout={max(1000, round(timeout * 1000))} -c timezone=UTC",
        tcp_user_timeout=max(2000, round(timeout * 1000)),
    )


def _close(connection: psycopg.Connection[Any] | None) -> None:
    if connection is not None:
        connection.close()
