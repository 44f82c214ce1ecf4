"""Open a file by what it holds: the list of the formats that are read."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from liquor_app.core.errors import Invalid, Unknown
from liquor_app.core.thread_lanes import Lane
from liquor_app.imports.readers.archive import unpacked
from liquor_app.imports.readers.delimited import DelimitedFile
from liquor_app.imports.readers.dialect import SAMPLE_ROWS
from liquor_app.imports.readers.encoding import guess_encoding
from liquor_app.imports.readers.json_files import JsonFile
from liquor_app.imports.readers.row_reader import Record, Table
from liquor_app.imports.readers.workbook import WorkbookFile

READING = Lane("files", threads=4, waiting=64)
"""Where files are read and rows compared."""

NO_TABLES = (
    *(b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF-", b"\x1f\x8b", b"Rar!\x1a", b"7z\xbc\xaf"),
    *(b"MZ\x90", b"\x7fELF", b"II*\x00", b"MM\x00*"),
)
"""What begins pictures, PDFs, archives and programs: a name that ends in .csv makes no table of them."""


_OF_WORKBOOKS = (b"[Content_Types]", b"_rels/", b"xl/", b"docProps/", b"customXml/", b"mimetype", b"META-INF/")
"""How the first file in a workbook may be called (ECMA-376, part 2); in any other archive it is somebody's own."""
_WEB_PAGE = (b"<!doctype", b"<html", b"<head", b"<meta", b"<table", b"<style")


def _is_archive(start: bytes) -> bool:
    """Tell whether a ZIP is none of a workbook: by its first file's local header (PKZIP APPNOTE 4.3.7)."""
    length = int.from_bytes(start[26:28], "little")
    name = start[30 : 30 + length]
    return bool(name) and not name.startswith(_OF_WORKBOOKS)


_CONTROLS = bytes(code for code in range(1, 32) if code not in b"\t\n\v\f\r\x1a")
MOST_CONTROLS = 0.04
"""Of a text's bytes; of bytes at random one in ten is such."""


def _is_no_text(start: bytes) -> bool:
    """Tell whether a file begins as no text does: with many bytes that stand for no letter and no mark, and others that
    no UTF-8 has."""
    if guess_encoding(start).startswith(("utf-16", "utf-32")):
        return False
    with suppress(UnicodeDecodeError):
        codecs.getincrementaldecoder("utf-8")().decode(start)
        return False
    controls = len(start) - len(start.translate(None, _CONTROLS))
    return controls > max(2, MOST_CONTROLS * len(start))


def read_as(options: Mapping[str, Any]) -> tuple[str, str]:
    """Return of an import's options how its file is opened: which sheet of a workbook, and in which encoding."""
    return str(options.get("sheet") or ""), str(options.get("encoding") or "")


def _looks_like(start: bytes, encoding: str = "") -> str:
    if start.startswith(b"PK\x03\x04"):
        return "archive" if _is_archive(start) else "workbook"
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise Invalid(
            "This is an old Excel file (.xls), or one with a password. Save it as .xlsx or CSV without one, then import"
            " that.",
            field="file",
        )
    if start.startswith(NO_TABLES):
        raise Invalid("This is no CSV or Excel file: it is a picture, a PDF or an archive.", field="file")
    if not encoding.startswith(("utf-16", "utf-32")) and _is_no_text(start):
        raise Invalid(
            "This is no Excel workbook, and no text: it may be damaged, or of another program. Save it anew as .xlsx or"
            " CSV, then import that.",
            field="file",
        )
    text = start.replace(b"\x00", b"")
    if text.lstrip(codecs.BOM_UTF8).lstrip()[:9].lower().startswith(_WEB_PAGE):
        raise Invalid(
            "This is a web page that some tools call an Excel file. Open it in Excel, and save it as .xlsx or CSV.",
            field="file",
        )
    for mark in (codecs.BOM_UTF8, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        text = text.removeprefix(mark)
    return {b"[": "json", b"{": "lines"}.get(text.lstrip()[:1], "delimited")


def open_table(path: Path, sheet: str = "", encoding: str = "") -> Table:
    """Return a file as a table; the format is told by its content, never by its name.

    Args:
        sheet: which of a workbook's is read; the first that holds anything if empty.
        encoding: what a text is written in (`encoding.ENCODINGS`); guessed if empty.

    Raises:
        Invalid: no such file, an empty one, or none of CSV, JSON, JSON Lines and Excel (.xlsx); or an archive of no
            such, or of several.
    """
    if not path.is_file():
        raise Unknown(f"There is no file {path.name}.", field="file")
    with path.open("rb") as file:
        form = _looks_like(file.read(512), encoding)
    if form == "archive":
        with unpacked(path) as whole:
            with whole.open("rb") as file:
                if _looks_like(file.read(512)) == "archive":
                    raise Invalid("This is a ZIP archive within another. Unpack it first.", field="file")
            return open_table(whole, sheet, encoding)
    if form == "workbook":
        if encoding:
            raise Invalid("This file is a workbook: it says itself which letters it holds.", field="encoding")
        return WorkbookFile(path, sheet)
    if sheet:
        raise Invalid("This file is no workbook: it has no sheets to choose from.", field="sheet")
    if form == "delimited":
        return DelimitedFile(path, encoding)
    return JsonFile(path, encoding)


def read_sample(path: Path, sheet: str = "", encoding: str = "") -> list[Record]:
    """Return the start of a file, enough to see how it is written."""
    with open_table(path, sheet, encoding) as table:
        records = iter(table)
        sample: list[Record] = []
        while len(sample) < SAMPLE_ROWS and table.taken < 1_000_000 and (record := next(records, None)):
            sample.append(record)
    return sample
