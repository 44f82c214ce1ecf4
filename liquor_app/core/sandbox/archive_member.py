"""Unpacks the one table of a ZIP archive inside the sandbox. Imported there and nowhere else; its file is descriptor 2.

Lines go out: `{"name"}`, then its bytes in base64, some at a time; `{"invalid": words}` ends them.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from liquor_app.core.errors import Invalid

MAX_UNPACKED = 2 * 1024**3
"""Bytes, as a file that is brought in unpacked has gigabytes at most."""
MAX_RATIO = 300
"""A table packs some ten times; what packs far better was made to burst (a zip bomb)."""
ALWAYS = 50 * 1024**2
"""Bytes that are unpacked whatever they pack to."""
MOST_PARTS = 10_000
PIECE = 1024**2
_TABLES = (".csv", ".tsv", ".tab", ".json", ".jsonl", ".ndjson", ".xlsx")
_DAMAGED = "This ZIP archive is damaged. Pack it anew, or import what is in it by itself."
_BROKEN = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError, OSError, NotImplementedError)


def _unpacked(_: str | None) -> Iterator[Any]:
    try:
        with open(2, "rb", closefd=False) as file, zipfile.ZipFile(file) as archive:
            part = _table(archive)
            yield {"name": part.filename.rpartition("/")[2][:200]}
            yield from _pieces(archive, part)
    except Invalid as error:
        yield {"invalid": error.message}
    except _BROKEN:
        yield {"invalid": _DAMAGED}


def _table(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """Return the one table in an archive.

    Raises:
        Invalid: there is none, or several; it has a password, or is too large.
    """
    parts = archive.infolist()
    if len(parts) > MOST_PARTS:
        raise Invalid("This ZIP archive holds too many files. Unpack it, then import one of them.", field="file")
    own = [one for one in parts if not one.is_dir() and not _is_systems(one.filename)]
    tables = [one for one in own if one.filename.lower().endswith(_TABLES)]
    tables = tables or [one for one in own if one.filename.lower().endswith(".txt")]
    if len(tables) != 1:
        named = ", ".join(f"“{_shown(one.filename)}”" for one in (tables or own)[:5])
        many = f"{len(tables)} tables" if tables else "no table we read"
        told = f" ({named})" if named else ""
        raise Invalid(f"This ZIP archive holds {many}{told}. Unpack it, then import one by itself.", field="file")
    [part] = tables
    if part.flag_bits & 1:
        raise Invalid("This ZIP archive has a password. Unpack it, then import what is in it.", field="file")
    _check(part.file_size, part.compress_size)
    return part


def _is_systems(name: str) -> bool:
    """Tell whether a file was put there by a system (macOS, Windows) and not by anybody."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].lower() in {"", "thumbs.db", "desktop.ini"} or (
        name.rpartition("/")[2].startswith(".")
    )  # fmt: skip


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name.rpartition("/")[2][:60])


def _check(unpacked: int, packed: int) -> None:
    if unpacked > MAX_UNPACKED or (unpacked > ALWAYS and unpacked > MAX_RATIO * max(packed, 1)):
        raise Invalid("This ZIP archive is too large to be unpacked safely. Unpack it, then import that.", field="file")


def _pieces(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[str]:
    """Yield its bytes; as many as come, whatever the archive said of itself."""
    taken = 0
    with archive.open(part) as member:
        while piece := member.read(PIECE):
            taken += len(piece)
            _check(taken, part.compress_size)
            yield b64encode(piece).decode("ascii")


OPERATIONS = {"unpacked": _unpacked}


def warm() -> None:
    """Pack and unpack a small archive, so that everything needed for it is imported: old names are in code page 437."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"a")
    with zipfile.ZipFile(packed) as archive:
        b"".join(b64encode(piece.encode()) for piece in _pieces(archive, archive.infolist()[0]))
    b"\x81".decode("cp437")
