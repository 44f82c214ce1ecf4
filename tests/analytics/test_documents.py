"""PDFs say what they are given, to the letter: no name is a command, no page without a number."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import typst
from pypdf import PdfReader

from liquor_app.analytics.documents.pdf_file import (
    LONGEST,
    MOST_CELLS,
    Bar,
    Bars,
    Course,
    Document,
    Figure,
    Line,
    Note,
    Sheet,
    TooLong,
    pdf_of,
)

AT = datetime(2026, 6, 10, 16, 30, 12, 5, tzinfo=UTC)
NAMES = (
    '#read("/etc/passwd")', "#include \"/etc/hosts\"", "*bold* _slanted_ `raw`", "$x^2$ = <label> @ref",
    "#eval(\"1+1\")",
    "\\#panic()", "#import \"@preview/cetz:0.3.0\": *", "// a comment /* two */", "= A heading", "#sys.inputs.told",
    "[#set page(fill: red)]", "\"}, \"shop\": \"other", "Café – Straße & Søn <b>",
)  # fmt: skip


def document(*names: str) -> Document:
    rows = [[name, "12", "3%"] for name in names]
    return Document(
        title="Campaigns", shop="Corner Liquor", under="1 to 7 June", made="Made today",
        summary=[f"Most is attributed to “{names[0]}”."] if names else (),
        figures=[Figure("Revenue", "$12", "+3% on the week before")],
        charts=[
            Course("By day", [Line("now", [1.0, None, 3.0]), Line("before", [0.0] * 3, dashed=True)], "1", "3", "$3"),
            Bars("Bars", [Bar("Wine", 3.0, "$3"), Bar("Returned", -2.0, "−$2")]),
        ],
        tables=[Sheet("Each", ["Campaign", "Sent", "Rate"], [False, True, True], rows, ["All", "12", "3%"])],
        notes=[Note("Revenue", "What customers paid.")],
    )  # fmt: skip


def read(made: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(made))


def words(made: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in read(made).pages).split())


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_never_a_command(name: str) -> None:
    made = pdf_of(document(name), AT)
    assert words(made).count(name) == 2, "in the sentence and in the table, as it is"
    assert "root:" not in words(made)


def test_every_text_of_a_document_is_text() -> None:
    wild = '#panic("x") *y*'
    made = Document(
        title=wild, shop=wild, under=wild, made=wild, summary=[wild], figures=[Figure(wild, wild, wild)],
        charts=[Course(wild, [Line(wild, [1.0])], wild, wild, wild), Bars(wild, [Bar(wild, 1.0, wild)])],
        tables=[
            Sheet(wild, [wild], [False], [[wild]], [wild], words=wild), Sheet(wild, [wild], [False], [], empty=wild),
        ],
        notes=[Note(wild, wild)],
    )  # fmt: skip
    assert words(pdf_of(made, AT)).count(wild) == 25


def test_pages_are_numbered_tagged_and_named() -> None:
    found = read(pdf_of(document(*(f"Campaign {nth}" for nth in range(120))), AT))
    assert len(found.pages) > 2
    for nth, page in enumerate(found.pages, start=1):
        assert f"{nth} of {len(found.pages)}" in page.extract_text()
    assert found.metadata is not None
    assert (found.metadata.title, found.metadata.author) == ("Campaigns", "Corner Liquor")
    assert found.metadata.creation_date == AT.replace(microsecond=0)
    root = found.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    heads = [page.extract_text() for page in found.pages[1:] if "Campaign" in page.extract_text()]
    assert all("Sent" in head and "Rate" in head for head in heads[:-1]), "a table's head stands on each of its pages"


def test_a_long_cell_is_cut_and_a_long_table_refused() -> None:
    assert "x" * LONGEST in words(pdf_of(document("x" * 5000), AT)).replace(" ", "")
    long = replace(document(), tables=[Sheet("t", ["a"], [False], [["1"]] * (MOST_CELLS + 1))])
    with pytest.raises(TooLong):
        pdf_of(long, AT)


def test_nothing_to_tell_is_a_page_all_the_same() -> None:
    bare = Document(title="t", shop="s", under="", made="m", tables=[Sheet("Each", ["a"], [False], [])])
    assert "Nothing in this period." in words(pdf_of(bare, AT))


def test_a_course_of_one_day_or_of_none() -> None:
    for values in ([], [1.0], [None, None], [-5.0, 3.0]):
        course = Course("By day", [Line("now", values)], "1", "2", "$3")
        assert "By day" in words(pdf_of(replace(document(), charts=[course]), AT))


@pytest.mark.parametrize("name", ["🍷 Wine Wednesday", "日本酒の会", "한국 소주", "＝cmd", "a\ufeffb", "a\x07b"])
def test_a_name_in_letters_no_font_of_ours_has_keeps_no_document_back(name: str) -> None:
    """One glass of wine in the name of a campaign, a brand or the shop, and no report and no letter could be made."""
    made = pdf_of(replace(document(name), shop=name, title=name), AT)
    assert "$12" in words(made)
    assert read(made).trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_what_is_wrong_with_a_document_itself_is_not_passed_over() -> None:
    with pytest.raises(typst.TypstError):
        pdf_of(replace(document(), color="no colour"), AT)


def test_a_name_without_a_space_stays_on_the_paper() -> None:
    """Eighty letters in a row ran over the columns beside them and off the paper."""
    long = "Sommerschlussverkaufsaktion" * 3
    made = pdf_of(document(long, "x" * LONGEST), AT)
    assert long in words(made).replace(" ", "").replace("\u200b", "")
    lines = [line for page in read(made).pages for line in page.extract_text().replace("\u200b", "").splitlines()]
    assert max(len(part) for line in lines for part in line.split()) < 100, "a line of the paper"


def test_months_and_numbers_are_not_broken() -> None:
    """A table of cohorts: "Nov" stood above "2025" in each of thirty-six lines."""
    heads = ["First purchase", "Customers", *(f"Month {nth}" for nth in range(1, 15))]
    rows = [[f"{month} 2025", "1,234", *["12.3%"] * 14] for month in ("Jan", "Nov")]
    sheet = Sheet("Figures", heads, [False] + [True] * 15, rows, is_whole=True)
    made = pdf_of(replace(document("Rye"), tables=[sheet], wide=True), AT)
    lines = [line.strip() for page in read(made).pages for line in page.extract_text().splitlines()]
    assert any(line.startswith("Nov 2025") for line in lines), lines
    assert "2025" not in lines
