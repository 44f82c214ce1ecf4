"""What of a list is a code: quotation marks, headings, columns, and what must not be taken for one."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liquor_app.core.errors import Invalid
from liquor_app.coupons.code_files import CodeReader


def read(source: str, most: int = 100) -> tuple[list[str], list[tuple[int, str]]]:
    reader = CodeReader(source.splitlines(keepends=True), most)
    codes = [code for _, code in reader]
    return codes, [(one.line, one.text) for one in reader.examples]


@pytest.mark.parametrize(
    ("source", "codes", "refused"),
    [
        ('code\n"SAVE,AAA3"\nAAA4\n', ["AAA4"], [(2, "SAVE,AAA3")]),
        ('code\n "SAVE,AAA3"\n', [], [(2, "SAVE,AAA3")]),
        ('"SAVE;AAA3"\n"SAVE\tAAA4"\n', [], [(1, "SAVE;AAA3"), (2, "SAVE?AAA4")]),
        ('code\n"A""B"\n"SAVE-1"\n"SAVE-2" ,x\n', ["SAVE-1", "SAVE-2"], [(2, 'A"B')]),
        ("id,code\n1,BB-1\n2,BB-2\n3,\n", ["BB-1", "BB-2"], [(4, "3,")]),
        ("ID;Value;Discount Code\n1;10,5;BB-1\n", ["BB-1"], []),
        ("Name\nKK-1\n", ["KK-1"], [(1, "Name")]),
        ("Name,Value\nKK-1,10\n", ["KK-1"], [(1, "Name")]),
        ("Value,Name\n10.0,KK-1\n", ["KK-1"], [(1, "Name")]),
        ("Value,Till key\n10.0,KK-1\n", ["KK-1"], [(1, "Till key")]),
        ("\n\ufeffVoucher Code,x\r\nLL-1,1\r\n", ["LL-1"], []),
        ("code\tnote\nAA-2\tx, y; z\n", ["AA-2"], []),
        ("DD-1\nDD-2\n", ["DD-1", "DD-2"], []),
        ("AA-1,note\nAA-2,x\n", ["AA-1", "AA-2"], []),
        ("VALUE\nTYPE\n", ["VALUE", "TYPE"], []),
        ("code\nSAVE 20\n=\"EE-1\"\n\'GG-1\n=2+3\n", ["EE-1", "GG-1"], [(2, "SAVE 20"), (5, "=2+3")]),
        ('code,note\nAA-1,"two\nTHREE\nlines"\nAA-2,5" glass\n', ["AA-1", "AA-2"], []),
        ('code\n"AA-1\nAA-2\nAA-3\n', ["AA-2", "AA-3"], [(2, '"AA-1')]),
        ('\ufeff"code"\n"CC-1"\n', ["CC-1"], []),
        ('code,note\n"11"1,x\nAA-1,"x"y\n', ["AA-1"], [(2, "111")]),
        ("sep=;\nValue;Code\n10,5;MM-1\n", ["MM-1"], []),
        ('"sep=\t"\nCode\tNote\nMM-1\tx,y\n', ["MM-1"], []),
        ("Coupons\nCode,Value\nMM-1,10\n", ["MM-1"], [(1, "Coupons")]),
        ("Autumn\nof 2026-11-01\n\nValue;Code\n10,5;MM-1\n", ["MM-1"], [(1, "Autumn"), (2, "of 2026-11-01")]),
        ("From,2026-11-01\nValue,Code\n10,MM-1\n", ["MM-1"], [(1, "From,2026-11-01")]),
        ("Codes of autumn 2026\nCode\nMM-1\n", ["MM-1"], [(1, "Codes of autumn 2026")]),
        ("Till report 4\nName,Value\nMM-1,10\n", ["MM-1"], [(1, "Till report 4"), (2, "Name")]),
        ("MM-1,voucher\nMM-2,voucher\n", ["MM-1", "MM-2"], []),
        ("MM-1\nMM-2\nPROMO\n", ["MM-1", "MM-2", "PROMO"], []),
        ("code\n" + "," * 3_000_000 + "\nMM-1\n", ["MM-1"], [(2, "," * 40)]),
        ("code\n" + "MM-1," * 300 + "\nMM-2\n", ["MM-2"], [(2, "MM-1," * 8)]),
        ('code\n"' + "x" * 3_000_000 + "\nMM-1\n", ["MM-1"], [(2, '"' + "x" * 39)]),
    ],
)  # fmt: skip
def test_what_is_a_code(source: str, codes: list[str], refused: list[tuple[int, str]]) -> None:
    assert read(source) == (codes, refused)


@pytest.mark.parametrize(
    "source",
    ["10.00,MM-1\n10.00,MM-2\n", "101;MM-1\n102;MM-2\n103;MM-3\n", "Autumn\tx\tMM-1\nAutumn\ty\tMM-2\n"],
)
def test_amounts_are_not_taken_for_the_codes_beside_them(source: str) -> None:
    with pytest.raises(Invalid, match=r"No heading says which column holds the codes.*MM-1"):
        read(source)


@given(st.text(alphabet="AB1-\",;\t\n' =", max_size=40))
def test_no_part_of_a_cell_becomes_a_code(source: str) -> None:
    """Whatever stands there: a code that is taken stands between separators, and nothing else beside it."""
    codes, _ = read(source)
    lines = source.splitlines()
    for code in codes:
        bare = [line.replace("\t", ",").replace(";", ",") for line in lines]
        assert any(code in (cell.strip(" '=\"") for cell in line.split(",")) for line in bare)
    assert sum(len(code) for code in codes) <= len(source)


def test_a_mark_that_is_never_closed_costs_its_line_alone() -> None:
    codes, refused = read("code\n" + '"AAA-1\n' * 60 + "BBB-1\n")
    assert codes == ["BBB-1"]
    assert len(refused) == 5


@pytest.mark.parametrize(
    "lines",
    [["," * 9_000_000], ['"' * 9_000_001], (['"a' + "b" * 480] + [' ""x' * 120] * 20) * 300],
    ids=["commas", "marks", "open"],
)
def test_no_list_takes_long(lines: list[str]) -> None:
    """Commas took a second for each million and a half; a cell that stays open was gone over with each line of it."""
    began = process_time()
    assert list(CodeReader(lines, 100)) == []
    assert process_time() - began < 0.8
