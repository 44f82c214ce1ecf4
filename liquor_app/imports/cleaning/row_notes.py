"""Notes on rows that are taken though something was left out of them: their codes, and the words for each."""

from __future__ import annotations

from liquor_app.customers.labels.tags import MOST_OF_ONE
from liquor_app.imports.cleaning.answers.dead_addresses import DEAD_FIELDS
from liquor_app.imports.cleaning.answers.refusals import CONSENTS
from liquor_app.imports.cleaning.answers.status_columns import STATUSES
from liquor_app.imports.cleaning.orders.money_names import BESIDE, REFUNDED

NO_BIRTHDAY = "placeholder_birthday"
YEARLESS = "birthday_without_year"
NO_EVIDENCE = "consent_without_evidence"
GIVEN_UP = "address_given_up"
STRANGE_REASON = "reason_unknown"
FUTURE = "consent_in_the_future"
IN_DOUBT = "consent_in_doubt"
UNSEEN = "age_without_evidence"
TOO_MANY_TAGS = "too_many_tags"
TOO_MANY_OF_ONE = "too_many_tags_of_one"
PERCENT = "discount_of_percent"
ZIP_ZEROS = "postal_code_without_zeros"
ZIP_WRONG = "postal_code_of_wrong_length"
NO_STATE = "state_unknown"
COST_ABOVE_PRICE = "cost_above_price"
STOCK_BELOW_ZERO = "stock_below_zero"
SALE_ABOVE_PRICE = "sale_price_above_price"
NO_LONGER_SOLD = "no_longer_sold"
PRICE_OF_ZERO = "price_of_zero"
REPEATED_FIRST = "repeated_first_stands"
REPEATED_LATER = "repeated_later_stands"
COUNTRY_OF_PHONE = "country_of_phone"
ERASED = "erased_person"
OTHER_SHEETS = "other_sheets"
REFUND_SHEETS = "refund_sheets"
"""Count sheets of a workbook, not rows."""
READ_AS_MAC, READ_AS_CENTRAL, READ_AS_JAPANESE = "read_as_mac", "read_as_central_european", "read_as_shift_jis"
LETTERS_ODD, CHOSEN_ODD = "letters_odd", "chosen_letters_odd"
OF_LETTERS = (READ_AS_MAC, READ_AS_CENTRAL, READ_AS_JAPANESE, LETTERS_ODD, CHOSEN_ODD)
"""Count the file: how its letters were read."""
SHARED = "amount_of_order_shared"
TOTAL_BELOW = "order_total_below_lines"
TOTALS_ADDED = "totals_of_order_added"
BACK_WITH_TAX = "refund_with_tax"
MAY_HOLD_TAX = "refund_may_hold_tax"


def left_out(field: str) -> str:
    """Return the code of the note that a cell was left blank."""
    return f"{field}_left_out"


_OF_LINES = (
    *("discount", "coupon_discount", "order_discount", "quantity", "is_alcohol", "time_of_day"),
    *("store", "register", "coupon_code", "product", "category", "brand"),
    *(*BESIDE, REFUNDED),
)
_OF_PRODUCTS = ("sku", "upc", "category", "brand", "price", "sale_price", "cost", "minimum_price", "stock")
_OF_PEOPLE = (
    *("external_id", "name", "city", "state", "postal_code", "country", "timezone", "language", "email", "phone"),
    *(
        "date_of_birth",
        "first_name",
        "last_name",
        "tags",
        "custom",
        "consent_ip",
        "consent_wording",
        *CONSENTS,
        *DEAD_FIELDS,
        *STATUSES,
    ),
)
NOBODYS = {"email": "email_of_nobody", "phone": "phone_of_nobody"}
"""Notes of cells that hold what people write where they know none."""
_MAY_BE_BLANK = (*_OF_PEOPLE, *_OF_PRODUCTS, *_OF_LINES)
NOTES = {
    NO_EVIDENCE: "A consent is left out: each counts only with a source and a date of its own.",
    IN_DOUBT: "A yes is left out: another column, which becomes nothing, may say no. Say what it is, or that it changes"
    " nothing.",
    FUTURE: "A consent is left out: its date lies in the future, nobody has agreed yet.",
    NO_BIRTHDAY: "The date of birth is what tills write where they know nothing; it is left out, and proves no age.",
    YEARLESS: "The birthday has no year: it is kept as a birthday, and the date of birth is left blank.",
    TOO_MANY_TAGS: "A tag is left out: there are as many in the shop as there may be.",
    TOO_MANY_OF_ONE: f"A tag is left out: a customer has at most {MOST_OF_ONE}.",
    UNSEEN: "The check of age is left out: it counts only with what was seen, and on which day.",
    GIVEN_UP: "The file says that this address is no longer written to: it goes onto the suppression list.",
    STRANGE_REASON: "Why this address is on the list is said in words that nobody here knows: it is written to no more,"
    " as a decision of the shop's own.",
    COUNTRY_OF_PHONE: "No country is told, and the phone is of another than the United States: somebody new is taken to"
    " live in that one.",
    **{
        left_out(field): f"{field} cannot be read and is left blank."
        for field in (*_OF_PEOPLE, *_OF_PRODUCTS, *_OF_LINES)
    },
    NOBODYS["email"]: "The e-mail address is one people write where they know none: left blank, and no fault.",
    NOBODYS["phone"]: "The phone number is one people write where they know none: left blank, and no fault.",
    ZIP_ZEROS: "The ZIP code lost its leading zero, as in a spreadsheet: it is put back (2139 is read as 02139).",
    ZIP_WRONG: "A ZIP code has five digits, or nine with a dash; this one has not, and is none of its state with a zero"
    " before it: please check it. It is taken as it stands.",
    NO_STATE: "The state is none of the United States, or is misspelt: please check it. It is taken as it stands, and"
    " the strictest law holds until it is known.",
    COST_ABOVE_PRICE: "The cost is above the price: it would be sold at a loss. Both are taken as they stand.",
    SALE_ABOVE_PRICE: "The sale price is above the price: please check which is which. Both are taken as they stand.",
    NO_LONGER_SOLD: "The file says that it is sold no more: its stock is taken as none, so that it is not offered.",
    STOCK_BELOW_ZERO: "The stock is below zero: more was sold than was counted. It is taken as it stands.",
    PRICE_OF_ZERO: "The price is 0, which tills write where they know none: it is left blank.",
    SHARED: "The file says what the whole order came to, and of no line what it cost: it is shared among the lines by"
    " their pieces. The order's sum is the file's own.",
    TOTAL_BELOW: "The order's total is less than its lines come to, and no column says why: the total is taken as what"
    " was paid, and the difference off the lines, by what each comes to.",
    TOTALS_ADDED: "Rows of the same order name different totals, and nothing says what each is of: they are added up."
    " If one of them is what the whole order came to, take the other out.",
    REPEATED_FIRST: "The file names it twice: the first row stands.",
    REPEATED_LATER: "The file names it twice: the later row stands.",
    ERASED: "The row is of somebody who was erased: it is left out, and nothing of it is kept.",
    BACK_WITH_TAX: "What was given back holds tax: of it, the goods' share is taken off what was paid for them.",
    MAY_HOLD_TAX: "Whether what was given back holds tax cannot be told, for the file has no total with tax beside it:"
    " all of it is taken off the goods. A column with the order's total would tell.",
    PERCENT: "The discount is a percentage: it is worked out as money, of what the line cost before it.",
}
"""What may be left out of a row that is taken all the same, or should be looked at, and the words for it."""
