"""The embedded engines: PostgreSQL and Valkey as our own children, whichever of the two the settings do not name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from liquor_app.core.config import get_settings
from liquor_app.core.platform.child_process import Child
from liquor_app.core.platform.embedded_postgres import EmbeddedPostgres
from liquor_app.core.platform.embedded_valkey import FORGETFUL, EmbeddedValkey
from liquor_app.core.platform.engine_files import exclusive


@contextmanager
def engines() -> Iterator[list[Child]]:
    """Give the embedded engines for the length of the block, whichever of the two settings do not name.

    Takes the data directory's lock, writes `runtime.json` for other commands and removes it at the end.

    Raises:
        Conflict: another instance runs on this data directory.
        Unavailable: an engine cannot start.
    """
    import json

    from liquor_app.core.platform.runtime_info import runtime_file

    settings = get_settings()
    with exclusive(settings.data_dir):
        children: list[Child] = []
        try:
            database, owner = settings.database_url, settings.database_owner_url or settings.database_url
            if not database:
                postgres = EmbeddedPostgres(settings.data_dir)
                children.append(postgres.start())
                database, owner = postgres.app_url, postgres.url
            queue = settings.redis_url
            if not queue:
                valkey = EmbeddedValkey(settings.data_dir)
                children.append(valkey.start())
                queue = valkey.url
            states = settings.state_redis_url or settings.redis_url
            if not states:
                tabs = EmbeddedValkey(settings.data_dir, "valkey-states", FORGETFUL)
                children.append(tabs.start())
                states = tabs.url
            target = runtime_file()
            fresh = target.with_suffix(".new")
            fresh.touch(0o600)
            running = {
                "database_url": database, "database_owner_url": owner, "redis_url": queue, "state_redis_url": states,
                "pid": os.getpid(),
            }  # fmt: skip
            fresh.write_text(json.dumps(running))
            fresh.rename(target)
            yield children
        finally:
            runtime_file().unlink(missing_ok=True)
            for child in reversed(children):
                child.ask_to_stop()
            for child in reversed(children):
                child.stop(4)
