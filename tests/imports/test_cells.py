"""Cells as people write them."""

from __future__ import annotations

import gc
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liquor_app.core.csv_cells import escape_formula, unescape_formula
from liquor_app.core.errors import Invalid
from liquor_app.customers.addresses import normalise_phone
from liquor_app.imports.cleaning import cells, person_cells, person_rows
from liquor_app.imports.cleaning.amounts import read_amount
from liquor_app.imports.cleaning.answers.answer_cells import clean_answer, clean_flag
from liquor_app.imports.cleaning.cells import Rejected, clean_text
from liquor_app.imports.cleaning.file_setting import Setting
from liquor_app.imports.cleaning.moment_cells import clean_birthday, clean_moment
from liquor_app.imports.cleaning.number_cells import clean_number
from liquor_app.imports.cleaning.person_cells import (
    clean_code,
    clean_country,
    clean_email,
    clean_id,
    clean_order_id,
    clean_phone,
    clean_state,
    tell_of_us,
)
from liquor_app.imports.cleaning.person_rows import PersonReader
from liquor_app.imports.cleaning.row_notes import NOTES, left_out
from liquor_app.screens.imports.wizard.report.note_lines import note_words
from tests.imports.test_import import run
from tests.imports.test_import_cases import many, write

EAST = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "value"),
    [("12", "12.00"), ("12.5", "12.50"), ("12,50", "12.50"), ("1,234.50", "1234.50"), ("$ 9.99", "9.99"),
     ("1 234.5", "1234.50"), (".5", "0.50"), ("1,234", "1234.00"), ("1.234,56", "1234.56"), ("1 234,50", "1234.50"),
     ("$12.50 USD", "12.50"), ("USD$12.50", "12.50"), ("12.", "12.00"), ("12.50 DR", "12.50"),
     ("1.5E3", "1500.00"), ("2.5e-01", "0.25"), ("1E+2", "100.00"),
     ("5,-", "5.00"), ("12.-", "12.00"),
     ("12.50 dollars", "12.50"), ("$12.50 (USD)", "12.50"), (",99", "0.99")],
)  # fmt: skip
def test_numbers(cell: str, value: str) -> None:
    assert clean_number(cell, "amount") == Decimal(value)


@pytest.mark.parametrize(
    ("cell", "code"),
    [("-3", "negative_amount"), ("(3.00)", "negative_amount"), ("abc", "bad_amount"), ("1.2.3", "bad_amount"),
     ("12.50 CR", "negative_amount"), ("$12.50 CAD", "foreign_currency"), ("CAD$12.50", "foreign_currency"),
     ("EUR 12.50 USD", "bad_amount"), ("9" * 30, "bad_amount"), ("1e9", "bad_amount"), ("NaN3", "bad_amount"),
     ("12.50 pcs", "bad_amount"), ("12.50 btl", "bad_amount"),
     ("=1+1", "bad_amount")],
)  # fmt: skip
def test_bad_numbers(cell: str, code: str) -> None:
    with pytest.raises(Rejected) as caught:
        clean_number(cell, "amount")
    assert (caught.value.code, caught.value.field) == (code, "amount")


@pytest.mark.parametrize(
    ("cell", "utc", "hour"),
    [
        ("2026-07-04T19:30:00-04:00", "2026-07-04T23:30:00+00:00", 19),
        ("2026-07-04 23:30:00Z", "2026-07-04T23:30:00+00:00", 19),
        ("2026-07-04 19:30", "2026-07-04T23:30:00+00:00", 19),
        ("7/4/2026 7:30 PM", "2026-07-04T23:30:00+00:00", 19),
        ("07/04/26 12:05 am", "2026-07-04T04:05:00+00:00", 0),
        ("2026/07/04 19:30:15", "2026-07-04T23:30:15+00:00", 19),
        ("4.7.2026 19:30", "2026-07-04T23:30:00+00:00", 19),
        ("2026-07-04", "2026-07-04T16:00:00+00:00", None),
        ("7/4/2026", "2026-07-04T16:00:00+00:00", None),
        ("46207", "2026-07-04T16:00:00+00:00", None),  # a spreadsheet's day, and its half past seven
        ("46207.8125", "2026-07-04T23:30:00+00:00", 19),
        ("1783207800", "2026-07-04T23:30:00+00:00", 19),
        ("1783207800000", "2026-07-04T23:30:00+00:00", 19),
        ("19:30 07/04/2026", "2026-07-04T23:30:00+00:00", 19),
        ("7:30 PM 7/4/2026", "2026-07-04T23:30:00+00:00", 19),
        ("Jul 4, 2026 @ 7:30 pm", "2026-07-04T23:30:00+00:00", 19),
        ("2026-07-04 at 19.30", "2026-07-04T23:30:00+00:00", 19),
        ("04JUL2026", "2026-07-04T16:00:00+00:00", None),
        ("2026-07-04 19.30", "2026-07-04T23:30:00+00:00", 19),
        ("2026-07-04 18:30 CDT", "2026-07-04T23:30:00+00:00", 19),
        ("2026-07-04 16:30 PDT", "2026-07-04T23:30:00+00:00", 19),
        ("2026-07-04 19:30 America/New_York", "2026-07-04T23:30:00+00:00", 19),
        ("7/4/2026 6:30 PM Central Time (US & Canada)", "2026-07-04T23:30:00+00:00", 19),
        ("Sat Jul 04 2026 19:30:00 GMT-0400 (Eastern Daylight Time)", "2026-07-04T23:30:00+00:00", 19),
        ("Sat Jul  4 19:30:00 2026", "2026-07-04T23:30:00+00:00", 19),
        ("Jul 4, 2026 - 7:30 PM", "2026-07-04T23:30:00+00:00", 19),
        ("2026-07-05 01:30:00.000 UTC+2", "2026-07-04T23:30:00+00:00", 19),
        ("4. July 2026", "2026-07-04T16:00:00+00:00", None),
        ("2026-Jul-04", "2026-07-04T16:00:00+00:00", None),
    ],
)
def test_moments(cell: str, utc: str, hour: int | None) -> None:
    when = clean_moment(cell, "occurred_at", EAST, NOW)
    assert when is not None
    assert when.at == datetime.fromisoformat(utc)
    assert when.local_hour == hour


@pytest.mark.parametrize(
    ("cell", "value"),
    [("(12.50) USD", "-12.50"), ("1.234.567", "1234567"), ("1,234,567", "1234567"), ("1'234'567", "1234567"),
     ("12.50-", "-12.50"), ("5,--", "5"), ("12,- €", "12")],
)  # fmt: skip
@pytest.mark.parametrize("mark", [".", ","])
def test_what_can_only_be_one_number_is_that(cell: str, value: str, mark: str) -> None:
    amount = read_amount(cell, mark)
    assert amount is not None
    assert amount.value == Decimal(value)


def test_a_time_may_stand_in_its_own_column() -> None:
    when = clean_moment("11/23/2026", "occurred_at", EAST, NOW, clock="9:05 PM")
    assert when is not None
    assert (when.at, when.local_hour) == (datetime(2026, 11, 24, 2, 5, tzinfo=UTC), 21)


@pytest.mark.parametrize(
    "cell", ["13/02/2026", "2026-02-30", "yesterday", "12:30", "2031-01-01", "1901-01-01", "7/4/2026 25:00"]
)
def test_bad_moments(cell: str) -> None:
    with pytest.raises(Rejected) as caught:
        clean_moment(cell, "occurred_at", EAST, NOW)
    assert caught.value.code == "bad_occurred_at"


@pytest.mark.parametrize(
    "cell", ["2075550123", "(207) 555-0123", "207-555-0123", "207.555.0123", "+1 207 555 0123", "12075550123"]
)
def test_plain_phones_skip_the_library_and_agree_with_it(cell: str) -> None:
    assert clean_phone(cell, "US") == normalise_phone(cell, "US") == "+12075550123"


def test_phones_from_abroad_and_bad_ones() -> None:
    assert clean_phone("+44 20 7946 0018", "US") == "+442079460018"
    assert clean_phone("020 7946 0018", "GB") == "+442079460018"
    assert clean_phone("n/a", "US") is None
    for bad in ("12345", "call me", "=1+1"):
        with pytest.raises(Rejected, match="phone"):
            clean_phone(bad, "US")


@given(st.from_regex(r"\A(\+1 ?)?\(?[2-9][0-9]{2}\)?[ .-]?[2-9][0-9]{2}[ .-]?[0-9]{4}\Z"))
def test_the_short_way_for_phones_never_disagrees_with_the_library(cell: str) -> None:
    try:
        expected = normalise_phone(cell, "US")
    except Invalid:
        with pytest.raises(Rejected):
            clean_phone(cell, "US")
    else:
        assert clean_phone(cell, "US") == expected


def test_addresses_flags_and_places() -> None:
    assert clean_email(" Ada.L@Example.COM ") == ("Ada.L@Example.COM", "ada.l@example.com")
    assert clean_email("-") == (None, None)
    assert clean_flag("Opt-In", "email_consent") is True
    assert clean_flag("0", "email_consent") is False
    assert clean_flag("", "email_consent") is None
    assert (clean_state("maine"), clean_state("ny"), clean_state("Bavaria")) == ("ME", "NY", "Bavaria")
    assert (clean_state("ON"), clean_state("Ma."), clean_state("unknown")) == ("ON", "MA", None)
    for word in ("Active", "Unsubscribed", "pending"):
        with pytest.raises(Rejected, match="is no state"):
            clean_state(word)
    assert (clean_country("usa"), clean_country("de")) == ("US", "DE")
    assert clean_birthday("2/29/1980", date(2026, 11, 24)) == date(1980, 2, 29)
    for bad in ("a@b", "a b@c.co", "@c.co", "a@-b.co"):
        with pytest.raises(Rejected, match="e-mail"):
            clean_email(bad)
    with pytest.raises(Rejected):
        clean_birthday("2030-01-01", date(2026, 11, 24))
    with pytest.raises(Rejected):
        clean_country("Atlantis")


def test_text_is_one_line_of_bounded_length() -> None:
    assert clean_text("  Ada \n Lovelace ", "name") == "Ada Lovelace"
    for bad, code in (("a\x00b", "nul_character"), ("x" * 300, "too_long")):
        with pytest.raises(Rejected) as caught:
            clean_text(bad, "name")
        assert caught.value.code == code


@pytest.mark.parametrize(
    "cell",
    ['="02118"', '\'="02118"', ' ="02118" ', "'02118", "02118", '"02118"', '" 02118 "', "'02118'", "“02118”",
     '"\'02118"', '\'"02118"', "０２１１８", "＂０２１１８＂"],
)  # fmt: skip
def test_a_text_of_digits_is_the_same_in_any_spreadsheets_clothes(cell: str) -> None:
    assert clean_text(cell, "postal_code") == "02118"
    assert clean_id(cell, "external_id") == "02118"


@pytest.mark.parametrize("cell", ['="a"&"b"', '=HYPERLINK("x","y")', '="', '=""x""'])
def test_other_formulas_stay_the_text_they_are(cell: str) -> None:
    assert clean_text(cell, "name") == cell


@given(st.text(max_size=30).filter(lambda text: not text.startswith("'")))
def test_escaping_a_formula_is_harmless_and_reversible(cell: str) -> None:
    escaped = escape_formula(cell)
    assert not escaped.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unescape_formula(escaped) == cell


def test_seconds_make_nobody_a_child() -> None:
    with pytest.raises(Rejected):
        clean_birthday("1234567890", NOW.date())
    assert clean_birthday("29221", NOW.date()) == date(1980, 1, 1)


@pytest.mark.parametrize(
    ("cell", "answer"),
    [("Unsubscribed by admin", "no"), ("Opted out (at the till)", "no"), ("Do Not Mail", "no"), ("no consent", "no"),
     ("not allowed", "no"), ("disabled", "no"), ("don't text", "no"), ("No, thanks", "no"), ("yes (web form)", "yes"),
     ("Active", "yes"), ("implied", "silent"), ("soft bounced", "silent"), ("No answer", "silent"), ("N/A", "silent"),
     ("hard_bounce", "dead"), ("Bounced (soft)", "silent"), ("Bounced (hard)", "dead")],
)  # fmt: skip
def test_a_no_is_heard_in_any_words(cell: str, answer: str) -> None:
    assert clean_answer(cell, "email_consent") == answer


@pytest.mark.parametrize(
    "cell",
    ["a@a.com", "guest@guest.com", "walk-in@walk-in.com", "123@123.com", "noemail@ourshop.com",
     "no-email+77@ourshop.com", "donotemail@x.com", "ann@none.com", "noreply@ourshop.com", "customer@gmail.com",
     "none@ourshop.com", "declined@x.com", "refused@x.com", "walkin@ourshop.com", "no@no.com", "no@email.com",
     "example@example.com"],
)  # fmt: skip
def test_addresses_of_nobody(cell: str) -> None:
    with pytest.raises(Rejected) as caught:
        clean_email(cell)
    assert caught.value.code == "nobodys_email"


@pytest.mark.parametrize(
    "cell", ["ann.none@example.com", "joe@joes.com", "nora@nowhere.example.com", "smith@smith.com"]
)
def test_addresses_of_people(cell: str) -> None:
    assert clean_email(cell)[1] == cell


@pytest.mark.parametrize(
    ("cell", "address"),
    [
        ("a@x.example (work)", "a@x.example"),
        ("MailTo:a@x.example?subject=x", "a@x.example"),
        ("a@x.example>", "a@x.example"),
        ("a@x.example\tb@x.example", "a@x.example"),
    ],
)
def test_what_stands_beside_an_address_is_taken_off(cell: str, address: str) -> None:
    assert clean_email(cell)[1] == address


@pytest.mark.parametrize("cell", ["john smith@x.example", "a @x.example", "a@x"])
def test_half_an_address_is_none(cell: str) -> None:
    with pytest.raises(Rejected):
        clean_email(cell)


@pytest.mark.parametrize(
    ("cell", "value"),
    [("12583.0", "12583"), ("1.2583E4", "12583"), ("1.25830E+05", "125830"), ("7.010000000101e+12", "7010000000101")],
)
def test_a_number_that_kept_its_digits_is_that_number(cell: str, value: str) -> None:
    assert clean_id(cell, "external_id") == clean_order_id(cell) == value
    assert clean_phone("6.175550142E+09", "US") == "+16175550142"


@pytest.mark.parametrize("cell", ["5.55000E+12", "7E+12"])
def test_a_number_that_lost_its_digits_numbers_no_order(cell: str) -> None:
    assert clean_order_id(cell) is None
    with pytest.raises(Rejected, match="lost its digits"):
        clean_id(cell, "external_id")


@pytest.mark.parametrize(
    "cell", ["(207) 555-1212", "207-555-1212", "999-999-9999", "617-555-5555", "617-999-9999", "6.17555E+09"]
)
def test_numbers_of_nobody(cell: str) -> None:
    with pytest.raises(Rejected):
        clean_phone(cell, "US")


def test_a_number_with_the_prefix_of_calls_from_abroad() -> None:
    assert clean_phone("001-207-555-0123", "US") == "+12075550123"


@pytest.mark.parametrize("cell", ["8.1E+11", "8.1e+11", "7E+12", "8,1E+11", "1E+05"])
def test_a_code_that_lost_its_digits_names_no_product(cell: str) -> None:
    """Two products were one: of many numbers a spreadsheet makes the same `8.1E+11`."""
    for clean in (clean_code, clean_id):
        with pytest.raises(Rejected, match="lost its digits"):
            clean(cell, "sku")


@pytest.mark.parametrize(
    ("cell", "code"),
    [("1.2583E+04", "12583"), ("12583.0", "12583"), ('"12583"', "12583"), ("4E2", "4E2"), ("1E5", "1E5"),
     ("A-1", "A-1"), ('""', None), ("１２３", "123")],
)  # fmt: skip
def test_codes_in_a_spreadsheets_clothes(cell: str, code: str | None) -> None:
    assert clean_code(cell, "sku") == code


def test_wide_letters_and_digits_are_everybody_elses() -> None:
    assert clean_email("Ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ")[1] == "jane@example.com"
    assert clean_phone("（６１７）　５５５－０１２３", "US") == "+16175550123"
    assert clean_number("￥１２", "amount", currency="JPY") == clean_number("１２．００", "amount") == 12
    assert clean_answer("ＹＥＳ", "email_consent") == "yes"


@pytest.mark.parametrize(
    ("code", "state", "country", "kept", "note"),
    [
        ("2139", "MA", "", "02139", "postal_code_without_zeros"),
        ("2139", "", "", "02139", "postal_code_without_zeros"),
        ("2139.0", "Mass.", "USA", "02139", "postal_code_without_zeros"),
        ("2139-1234", "MA", "", "02139-1234", "postal_code_without_zeros"),
        ("601", "PR", "", "00601", "postal_code_without_zeros"),
        ("2139", "TX", "", "2139", "postal_code_of_wrong_length"),
        ("9999", "", "", "9999", "postal_code_of_wrong_length"),
        ("21", "MA", "", "21", "postal_code_of_wrong_length"),
        ("021399", "MA", "", "021399", "postal_code_of_wrong_length"),
        ("9021O", "CA", "", "9021O", "postal_code_of_wrong_length"),
        ("12345-67", "NY", "", "12345-67", "postal_code_of_wrong_length"),
        ("ABCDE", "", "US", "ABCDE", "postal_code_of_wrong_length"),
        ("K1A 0B1", "", "", "K1A 0B1", ""),
        ("K1A 0B1", "ON", "Canada", "K1A 0B1", ""),
        ("02139-1234", "MA", "US", "02139-1234", ""),
        ("21", "", "Norway", "21", None),
        ("8001", "", "Switzerland", "8001", None),
        ("02139", "MA", "", "02139", None),
        ("K1A 0B1", "ON", "Canada", "K1A 0B1", None),
    ],
)
def test_a_zip_code_gets_its_zero_back_where_there_is_one(
    code: str, state: str, country: str, kept: str, note: str | None
) -> None:
    """Zürich's 8001 became New Jersey's 08001, and nobody was told of any."""
    read = PersonReader({"external_id": 0, "postal_code": 1, "state": 2, "country": 3}, Setting(EAST, NOW))
    person = read(2, ["C1", code, state, country])
    assert (person.values["postal_code"], person.notes) == (kept, (note,) if note else ())
    if note:
        assert "please check it" in note_words({note: 1}) or "(2139 is read as 02139)" in note_words({note: 1})


@pytest.mark.parametrize(
    ("state", "country", "kept", "warned"),
    [
        ("Masachusets", "", "Masachusets", True),
        ("Calfornia", "US", "Calfornia", True),
        ("XX", "USA", "XX", True),
        ("Massachusetts", "", "MA", False),
        ("AE", "US", "AE", False),  # soldiers abroad
        ("ON", "Canada", "ON", False),
        ("ON", "", "ON", False),
        ("Kansai", "", "Kansai", False),
        ("Virgina", "Italy", "Virgina", False),
    ],
)
def test_a_state_the_law_does_not_know_is_told_with_its_row(state: str, country: str, kept: str, warned: bool) -> None:
    """A misspelt state was stored without a word; whose law binds was then unknown, and nobody knew why."""
    read = PersonReader({"external_id": 0, "state": 1, "country": 2}, Setting(EAST, NOW))
    person = read(2, ["C1", state, country])
    assert (person.values["state"], person.notes) == (kept, ("state_unknown",) if warned else ())
    assert "please check it" in note_words({"state_unknown": 1})


@pytest.mark.parametrize(("country", "state"), [("", "Masachusets"), ("US", "XX")])
def test_a_misspelt_state_hides_no_cut_zip_code(country: str, state: str) -> None:
    """It was taken for a region abroad, where 21 and 2139 may be whole codes."""
    read = PersonReader({"external_id": 0, "postal_code": 1, "state": 2, "country": 3}, Setting(EAST, NOW))
    short = read(2, ["C1", "21", state, country])
    assert set(short.notes) == {"postal_code_of_wrong_length", "state_unknown"}
    cut = read(3, ["C2", "2139", state, country])
    assert cut.values["postal_code"] == "02139"
    assert set(cut.notes) == {"postal_code_without_zeros", "state_unknown"}


NEVER = re.compile(r"(?!)")
PIECES = st.sampled_from(
    ["a", "Z", "9", "é", "\u200b", " ", "  ", "'", "=", '="', "+", "@", "a@b.co", "A.b@c-d.org", ".", "..", ",", ", ",
     ";", "/", "|", "<", ">", "mailto:", " or ", "\t", "\n", "\x00", "n/a", '"', "(", "-"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=4).map("".join))
def test_the_short_way_for_plain_cells_reads_what_the_long_one_reads(cell: str) -> None:
    def read() -> object:
        try:
            return clean_text(cell, "name"), clean_email(cell)
        except Rejected as why:
            return why.code, why.reason

    short = read()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells, "_PLAIN", NEVER)
        patch.setattr(person_cells, "_PLAIN_EMAIL", NEVER)
        assert short == read()


def test_rows_with_refused_cells_leave_nothing_in_circles() -> None:
    """A refused cell's exception held the row's frame, and that the exception: nine in ten objects of an import were
    then freed by the collector alone."""
    read = PersonReader({"external_id": 0, "email": 1, "phone": 2}, Setting(EAST, NOW))
    gc.collect()
    gc.disable()
    try:
        people = [read(number, [str(number + 1), "no address", "(201) 000-0000"]) for number in range(500)]
        assert people[7].notes == ("email_left_out", "phone_of_nobody")
        del people
        assert gc.collect() < 100
    finally:
        gc.enable()


def test_whatever_may_be_left_out_has_words() -> None:
    assert {left_out(field) for field in person_rows._CLEAN} <= NOTES.keys()


@pytest.mark.parametrize(
    ("cells", "kept"),
    [
        (["1050", "", "", "", ""], "1050"),
        (["1050", "", "", "+45 33 12 34 56", ""], "1050"),
        (["2139", "", "", "617-555-0142", ""], "02139"),
        (["2139", "MA", "", "", ""], "02139"),
        (["2139", "", "US", "", ""], "02139"),
        (["1050", "Hovedstaden", "", "", ""], "1050"),
        (["9012", "AE", "", "", ""], "09012"),
    ],
)
def test_four_digits_are_a_whole_code_where_nothing_says_the_united_states(cells: list[str], kept: str) -> None:
    """København's 1050 became Massachusetts' 01050."""
    at = {name: place for place, name in enumerate(("postal_code", "state", "country", "phone", "external_id"))}
    others = [["2100", "", "", "", ""], ["8000", "Aarhus", "DK", "+45 33 12 34 57", ""]]
    assert not tell_of_us(others, at)
    for row, more in (
        (["10001", "NY", "", "", ""], True), (["", "", "USA", "", ""], True),
        (["", "", "", "(617) 555-0143", ""], True),
        (cells, kept != "1050" and cells[1] != "AE"),
    ):  # fmt: skip
        assert tell_of_us([*others, row], at) is more
    read = PersonReader(at, Setting(EAST, NOW, is_of_us=False))
    assert read(2, [*cells[:4], "C1"]).values["postal_code"] == kept


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("021391234", "02139-1234"), ("MA 02139", "02139"), ("Boston, MA 02139", "02139"),
        ("ma-02139-1234", "02139-1234"),
        ("02139-1234", "02139-1234"), ("DE 10115", "DE 10115"), ("DE 19801", "19801"), ("21391234", "02139-1234"),
        ("K1A 0B1", "K1A 0B1"), ("SW1A 1AA", "SW1A 1AA"), ("02139-", "02139"),
    ],
)  # fmt: skip
def test_zip_codes_as_people_write_them(cell: str, kept: str) -> None:
    read = PersonReader({"external_id": 0, "postal_code": 1}, Setting(EAST, NOW))
    assert read(2, ["C1", cell]).values["postal_code"] == kept


async def test_a_file_tells_whether_its_codes_are_zip_codes(database: str, tmp_path: Path) -> None:
    for name, other, kept in (("dk", "a@x.example,,", "1050"), ("us", "a@x.example,Texas,73301", "01050")):
        await run(write(tmp_path / f"{name}.csv", "email,state,zip", other, f"{name}@x.example,,1050"))
        found = await many(f"SELECT postal_code FROM customers WHERE email = '{name}@x.example'")
        assert [one.postal_code for one in found] == [kept]
