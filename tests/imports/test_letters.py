"""Files in other letters than UTF-8 are read in theirs, and told of where words look odd in any."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import openpyxl
import pytest

from liquor_app.core.errors import Invalid
from liquor_app.imports.dry_run import check_options
from liquor_app.imports.open_import import letters_note
from liquor_app.imports.readers.encoding import ENCODINGS, guess_letters
from liquor_app.imports.readers.formats import open_table
from liquor_app.rest.schemas.customers import Encoding
from liquor_app.screens.imports.wizard.report.note_lines import note_words
from tests.imports.test_import_cases import many, run

NAMES = {
    "cp1252": ["José Muñoz", "Zoë Müller", "Renée O’Neil", "Søren Ångström", "Žiga Košak", "Œuvre – Dû", "ÉMILE DUPRÉ"],
    "mac_roman": ["José Muñoz", "Zoë Müller", "Renée O’Neil", "Søren Ångström", "Béatrice Dupré"],
    "cp1250": ["Paweł Zając", "Żaneta Ćwik", "Łukasz Śliwa", "Jiří Dvořák"],
    "cp932": ["田中 さくら", "メール 太郎"],
    "utf-8": ["José Muñoz", "Paweł Zając", "田中 さくら"],
    "utf-16": ["José Muñoz", "Paweł"],
    "utf-32": ["José Muñoz", "田中"],
    "utf-32-le": ["José Muñoz", "Zoë"],
    "utf-32-be": ["José Muñoz", "Zoë"],
}


@pytest.mark.parametrize("encoding", NAMES)
def test_a_file_is_read_in_the_letters_it_is_written_in(tmp_path: Path, encoding: str) -> None:
    lines = [f"p{nth}@x.example,{name}" for nth, name in enumerate(NAMES[encoding])]
    file = tmp_path / "people.csv"
    file.write_bytes("\r\n".join(["email,name", *lines, ""]).encode(encoding))
    with open_table(file) as table:
        assert [record.cells[1] for record in table] == NAMES[encoding]
        assert table.letters.encoding in {"cp1252", encoding.removesuffix("-le").removesuffix("-be")}
        assert not table.letters.is_odd


def test_a_spreadsheets_letters_in_the_middle_of_utf_8_stay(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes("email,name\na@x.example,José\n".encode() + b"b@x.example,Mu\xf1oz\n")
    with open_table(file) as table:
        assert [record.cells[1] for record in table] == ["José", "Muñoz"]


@pytest.mark.parametrize("raw", [b"Nz\xa4x, B\xa6c", b"Br\xdei\xb6n", b"a\xd7b c\xf7d"])
def test_what_is_odd_in_any_letters_is_told(raw: bytes) -> None:
    assert guess_letters(raw)[1]


@pytest.mark.integration
@pytest.mark.parametrize(("encoding", "words"), [("mac_roman", "Mac OS Roman"), ("cp1250", "Central European")])
async def test_letters_that_may_be_wrong_are_told(database: str, tmp_path: Path, encoding: str, words: str) -> None:
    file = tmp_path / "people.csv"
    lines = [f"p{nth}@x.example,{name}" for nth, name in enumerate(NAMES[encoding])]
    file.write_bytes("\n".join(["email,name", *lines, ""]).encode(encoding))
    report = await run(file)
    names = [row.name for row in await many("SELECT name FROM customers ORDER BY email")]
    assert names == NAMES[encoding]
    assert f"1 file is read as {'Windows, ' * (encoding == 'cp1250')}{words}: letters may be wrong" in note_words(
        report.notes
    )


DOS = "Lucía Peña,Café Olé"


def _dos(folder: Path) -> Path:
    """A list of an old till: the guess reads its DOS letters as Windows's."""
    file = folder / "dos.csv"
    file.write_bytes(("email,name,city\r\np@x.example," + DOS + "\r\n").encode("cp850"))
    return file


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_any_letters_may_be_chosen(tmp_path: Path, encoding: str) -> None:
    text = "メール" if encoding == "cp932" else "Ünal" if encoding not in ("utf-16", "utf-32") else "Zając 田中"
    for end, codec in (
        ("", encoding),
        *((("-le", f"{encoding}-le"),) if encoding.startswith(("utf-16", "utf-32")) else ()),
    ):
        for name, content in (("a.csv", f"email,name\np@x.example,{text}\n"), ("a.json", f'[{{"name": "{text}"}}]')):
            file = tmp_path / f"{end}{name}"
            file.write_bytes(content.encode(codec))
            with open_table(file, encoding=encoding) as table:
                assert [one.cells[-1] for one in table] == [text]
                assert table.letters == (encoding, True, False)


@pytest.mark.parametrize(
    ("encoding", "raw"), [("utf-8", b"Mu\xf1oz"), ("cp1252", "Zoë".encode()), ("cp932", b"\x81\x20\xfd a")]
)
def test_letters_that_were_chosen_and_make_odd_words_are_told(tmp_path: Path, encoding: str, raw: bytes) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"email,name\np@x.example," + raw + b"\n")
    with open_table(file, encoding=encoding) as table:
        assert table.letters == (encoding, True, True)
        assert letters_note(table) == "chosen_letters_odd"


def test_a_json_file_in_other_letters_is_told_of(tmp_path: Path) -> None:
    """Before, only delimited files were."""
    file = tmp_path / "a.json"
    names = ", ".join(f'{{"name": "{one}"}}' for one in NAMES["mac_roman"])
    file.write_bytes(f"[{names}]".encode("mac_roman"))
    with open_table(file) as table:
        assert [one.cells[0] for one in table] == NAMES["mac_roman"]
        assert letters_note(table) == "read_as_mac"


def test_what_is_no_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="encoding must be one of utf-8 cp1252"):
        check_options("customers", {}, {"encoding": "utf-7"})
    book = openpyxl.Workbook()
    book.active.append(["email", "name"])
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(Invalid, match="This file is a workbook"):
        open_table(tmp_path / "a.xlsx", encoding="cp850")
    assert set(get_args(Encoding)) == set(ENCODINGS)


@pytest.mark.integration
async def test_the_letters_that_were_chosen_are_those_of_the_run(database: str, tmp_path: Path) -> None:
    report = await run(_dos(tmp_path))
    assert report.notes == {"read_as_central_european": 1}
    report = await run(_dos(tmp_path), options={"encoding": "cp850"}, policy="overwrite")
    assert not report.notes
    assert [f"{row.name},{row.city}" for row in await many("SELECT name, city FROM customers")] == [DOS]


@pytest.mark.integration
async def test_what_is_refused_with_its_order_is_kept_in_the_chosen_letters(database: str, tmp_path: Path) -> None:
    """The file is read once more for them, in the same letters."""
    await run(_dos(tmp_path), options={"encoding": "cp850"})
    file = tmp_path / "sales.csv"
    rows = ["order,date,email,item,amount", "7,2026-01-05,p@x.example,Peña,30", "7,2026-01-05,p@x.example,Olé,x"]
    file.write_bytes("\n".join([*rows, ""]).encode("cp850"))
    await run(file, "purchases", options={"encoding": "cp850"})
    kept = await many("SELECT raw FROM import_rejects ORDER BY row_number")
    assert [one.raw["cells"][3] for one in kept] == ["Peña", "Olé"]
