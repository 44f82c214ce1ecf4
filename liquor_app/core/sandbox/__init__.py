"""Processes that may do nothing but compute, for what authors and uploaders supply.

Parsers written in C or Rust are asked to read whatever a stranger wrote. They do so in a process of their own that
holds no secret (empty environment, `python -I`), has no file and no socket and can open none, is bounded in memory and
processor time, and is killed when it takes too long. `process_pool` answers questions, `row_stream` streams the rows
of a file.
"""

from liquor_app.core.sandbox.jailed_process import Broken, Overrun, SandboxError
from liquor_app.core.sandbox.process_pool import Sandbox
from liquor_app.core.sandbox.row_stream import RowStream

__all__ = ["Broken", "Overrun", "RowStream", "Sandbox", "SandboxError"]
