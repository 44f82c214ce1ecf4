"""ZIP archives: the one table of one is read, whatever else a system put beside it; all others are refused in words."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import openpyxl
import pytest

from liquor_app.core.errors import Invalid
from liquor_app.core.sandbox import archive_member
from liquor_app.imports.readers.formats import open_table
from tests.imports.test_import import run
from tests.imports.test_import_cases import many

CSV = b"email,name\nann@z.example,Ann\n"


def _zip(path: Path, **parts: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def _book() -> bytes:
    book, packed = openpyxl.Workbook(), io.BytesIO()
    for row in (("email", "name"), ("ann@z.example", "Ann")):
        book.active.append(row)
    book.save(packed)
    return packed.getvalue()


@pytest.mark.parametrize(
    "parts",
    [
        {"list.csv": CSV},
        {"export/list.CSV": CSV, "__MACOSX/export/._list.csv": b"\x00\x05\x16\x07", "export/.DS_Store": b"\x00"},
        {"list.tsv": CSV.replace(b",", b"\t"), "readme.txt": b"Exported today"},
        {"list.txt": CSV, "logo.png": b"\x89PNG"},
        {"list.json": b'[{"email": "ann@z.example", "name": "Ann"}]'},
        {"list.xlsx": _book()},
    ],
)
def test_the_one_table_of_an_archive_is_read(tmp_path: Path, parts: dict[str, bytes]) -> None:
    """Before, each was refused: it was to be unpacked first."""
    with open_table(_zip(tmp_path / "a.zip", **parts)) as table:
        assert (table.columns, [one.cells for one in table]) == (["email", "name"], [["ann@z.example", "Ann"]])


@pytest.mark.integration
async def test_an_archive_is_imported(database: str, tmp_path: Path) -> None:
    report = await run(_zip(tmp_path / "a.zip", **{"list.csv": CSV}))
    assert (report.created, [one.email for one in await many("SELECT email FROM customers")]) == (1, ["ann@z.example"])


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"a.csv": CSV, "b.csv": CSV}, "holds 2 tables .“a.csv”, “b.csv”."),
        ({"a.png": b"\x89PNG"}, "holds no table we read .“a.png”."),
        ({"a.csv": b"PK\x03\x04" + b"\x00" * 22 + b"\x05\x00\x00\x00b.csv"}, "within another"),
        ({"a.csv": os.urandom(3_000)}, "no Excel workbook, and no text"),
        ({"a.csv": b""}, "empty"),
    ],
)
def test_other_archives_are_refused_in_words(tmp_path: Path, parts: dict[str, bytes], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        open_table(_zip(tmp_path / "a.zip", **parts))


def test_what_packs_far_too_well_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty megabytes of nothing pack to fifty kilobytes."""
    with pytest.raises(Invalid, match="too large to be unpacked safely"):
        open_table(_zip(tmp_path / "a.zip", **{"a.csv": b"email\n" + b"\n" * (51 * 1024**2)}))
    monkeypatch.setattr(archive_member, "ALWAYS", 100)
    with zipfile.ZipFile(_zip(tmp_path / "b.zip", **{"b.csv": b"\n" * 500_000})) as archive:
        part = archive.infolist()[0]
        with pytest.raises(Invalid, match="too large"):
            list(archive_member._pieces(archive, part))


@pytest.mark.parametrize("where", [0.2, 0.5, 0.9])
def test_a_damaged_archive_is_called_so(tmp_path: Path, where: float) -> None:
    path = _zip(tmp_path / "a.zip", **{"list.csv": CSV * 500})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * where)])
    with pytest.raises(Invalid, match="damaged"):
        open_table(path)


def test_bytes_at_random_are_no_workbook(tmp_path: Path) -> None:
    """Before, they were read as text: no column of it was known."""
    for size in (600, 50_000):
        path = tmp_path / f"{size}.xlsx"
        path.write_bytes(b"\x01" + os.urandom(size))
        with pytest.raises(Invalid, match="no Excel workbook, and no text"):
            open_table(path)


@pytest.mark.parametrize("text", ["email\n\x1a", "email,note\na@z.example,\x00\x1b[0m\n", "емейл\nа@z.example\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_odd_letters_make_no_binary_of_a_text(tmp_path: Path, text: str, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    with open_table(path) as table:
        assert len(table.columns) in (1, 2)
