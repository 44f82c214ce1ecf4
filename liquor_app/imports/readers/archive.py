"""The one table of a ZIP archive, unpacked in the sandbox into a file of our own."""

from __future__ import annotations

import tempfile
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from liquor_app.core.errors import Invalid
from liquor_app.core.platform.private_files import create_bytes
from liquor_app.core.sandbox import Broken, Overrun, RowStream

PIECE_SECONDS = 30.0
"""For the next megabyte to come."""
_DAMAGED = "This ZIP archive is damaged. Pack it anew, or import what is in it by itself."


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Yield the table of an archive as a file, which is gone afterwards; whoever has opened it reads on.

    Raises:
        Invalid: there is not exactly one, it is damaged, or too large.
        TooMany: too many files are being read.
    """
    with tempfile.TemporaryDirectory(prefix="archive-") as folder:
        whole = Path(folder) / "table"
        with path.open("rb") as file, create_bytes(whole) as out:
            stream = RowStream("liquor_app.core.sandbox.archive_member", "unpacked", file, "", seconds=PIECE_SECONDS)
            try:
                for line in stream:
                    if isinstance(line, str):
                        out.write(b64decode(line))
                    elif "invalid" in line:
                        raise Invalid(str(line["invalid"]), field="file")
            except (Overrun, Broken) as error:
                raise Invalid(_DAMAGED, field="file") from error
            finally:
                stream.close()
        yield whole
