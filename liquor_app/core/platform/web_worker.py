"""What a web server's worker process does before it serves."""

from __future__ import annotations

from liquor_app.core.platform.child_process import end_with_parent
from liquor_app.core.platform.logs import configure


def settle_in() -> None:
    """A lifespan task: log as everybody does, the server's own messages too, and never outlive its main process."""
    configure()
    end_with_parent()
