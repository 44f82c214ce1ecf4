"""Files in other letters than UTF-8 are read in theirs, and told of where words look odd in any."""

from __future__ import annotations

from pathlib import Path

import pytest

from liquor_app.imports.readers.encoding import guess_letters
from liquor_app.imports.readers.formats import open_table
from liquor_app.screens.imports.wizard.report.report_words import note_words
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
        assert table.letters in {"", "cp1252", encoding}
        assert not table.is_odd


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
