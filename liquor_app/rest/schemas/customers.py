"""Shapes of the customers' routes."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from liquor_app.api.schemas import Body, Day, Moment, Money, Row, Started
from liquor_app.customers.labels.custom_values import MOST_FIELDS
from liquor_app.customers.labels.tags import MOST_LETTERS, MOST_OF_ONE
from liquor_app.imports.import_rows import ImportFields
from liquor_app.imports.readers.dialect import Dialect
from liquor_app.imports.single_purchases import OrderFields
from liquor_app.imports.trial.becoming import Change
from liquor_app.imports.trial.file_totals import Totals


class WhoAndWhere(Body):
    email: str | None = None
    phone: str | None = None
    external_id: str | None = None
    name: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    timezone: str | None = None
    date_of_birth: Day | None = None


class CustomerPatch(WhoAndWhere):
    """Fields to change; null empties one. Scores and facts are computed, consent has its own record."""

    no_tracking: bool = False
    """Their opens and clicks are not counted, whatever the brand counts."""


class CustomerIn(CustomerPatch):
    """A new customer: at least one of `email`, `phone` and `external_id`."""


Tag = Annotated[str, Field(max_length=MOST_LETTERS, pattern=r"^[^,;|\"\n\x00]*$")]


class CustomerRowIn(WhoAndWhere):
    """A customer as a row of many, known by e-mail, else external id, else phone; added if nobody is. What is left out
    or null stays as it is. A consent counts only with `consent_source` and `consent_at`, and overrides no later
    word; false is a withdrawal, which holds with or without them."""

    first_name: str | None = None
    last_name: str | None = None
    language: str | None = None
    tags: Annotated[list[Tag], Field(max_length=MOST_OF_ONE, default_factory=list)]
    custom: Annotated[
        dict[str, bool | Decimal | str | None],
        Field(max_length=MOST_FIELDS, default_factory=dict, description="Key of a custom field → its value."),
    ]
    email_consent: bool | None = None
    sms_consent: bool | None = None
    consent_source: str | None = None
    consent_at: Moment | None = None
    consent_ip: str | None = None
    consent_wording: str | None = None


class BreakdownItem(Row):
    rfm_segment: str
    customers: int
    share: float
    total_spent: Decimal


class Breakdown(Row):
    """The base by RFM name, largest first; `total` counts customers."""

    items: list[BreakdownItem]
    total: int


class AgeIn(Body):
    """A proof of age that was seen: what it was and where, not its number."""

    date_of_birth: Day
    proof: Annotated[str, Field(min_length=1, max_length=200, examples=["driving licence, at the counter"])]


class AgeOut(Row):
    date_of_birth: date | None
    is_of_age: bool
    is_disputed: bool


class ImportStarted(Started):
    import_id: UUID


class ImportOut(Row, ImportFields):
    """An uploaded file. The counts are of what has been taken so far; a stopped one that `can_resume` goes on there."""

    status: str
    options: dict[str, Any]
    notes: dict[str, int] = Field(
        description="What was left out of rows that were taken: placeholder_birthday, phone_left_out and the like."
    )
    doubts: list[str] = Field(
        description="Columns left out that may change what the file comes to, or who agreed, and nobody answered for."
    )
    can_resume: bool
    undone: dict[str, dict[str, int]] = Field(
        description="What its undoing has `removed`, `set_back` and `kept` so far; empty if none was asked for."
    )


class KeptName(Row):
    """Somebody, an order, a product or an address that an undoing keeps; `why` is a key of `kept`."""

    id: UUID
    name: str
    number: str
    why: str


class ImportUndo(Row):
    """What undoing an import would do: rows removed and set back by what they are, and what stays, by reason."""

    import_id: UUID
    kind: str
    file_name: str
    until: datetime = Field(description="The last moment the undoing can be asked for.")
    removed: dict[str, int]
    set_back: dict[str, int]
    kept: dict[str, int]
    kept_names: list[KeptName] = Field(
        description="The first 20 of each reason, for those who may see customers; `…/undo/kept` has all."
    )


Encoding = Literal["utf-8", "cp1252", "mac_roman", "cp1250", "cp932", "cp437", "cp850", "utf-16", "utf-32"]


class ImportOptions(Body):
    """How the file is read, where the guess is wrong, and what holds for all of it."""

    date_order: Literal["mdy", "dmy"] | None = None
    profile: str | None = Field(None, max_length=60, description="The export it is read as; empty for none.")
    constants: dict[str, str] | None = Field(None, max_length=40, description="Field → what holds for every row.")
    decimal: Literal[".", ","] | None = None
    numbering: Literal["shop", "store", "register"] | None = Field(
        None,
        description="Receipt numbers: one series for all stores, or anew in each store, or at each register (needs such"
        " a column).",
    )
    sheet: str | None = Field(None, max_length=120, description="Of a workbook: which sheet is read.")
    encoding: Encoding | None = Field(None, description="Of a text: what it is written in, where the guess is wrong.")
    changes_nothing: list[str] | None = Field(
        None, max_length=200, description="Columns that are left out and change nothing: they are not asked about."
    )
    row_kinds: dict[str, dict[str, Literal["sale", "given_back", "no_sale"]]] | None = Field(
        None, max_length=20, description="Of purchases: column → value → what the rows with it are."
    )
    unknown_customers: Literal["refuse", "create"] | None = Field(
        None, description="Purchases of buyers nobody knows: refused, or their buyers are made, known by that alone."
    )


class ImportChoices(Body):
    """What is chosen for a file: what it holds, what becomes of what is known, field → column."""

    kind: Literal["customers", "purchases", "products"] = "customers"
    policy: Literal["fill", "overwrite", "keep"] = "fill"
    mapping: dict[str, str] = Field(default_factory=dict)
    options: ImportOptions = ImportOptions()


class PreviewChange(Row, Change):
    """A field of a person or an order before and after; empty for nothing."""


class PreviewRow(Row):
    """A row of the file and what would become of it: created, updated, unchanged or rejected. `who` is the person, or
    the order and its buyer, or the product, `changes` what of them changes, all of a new one."""

    row: int
    cells: list[str]
    outcome: str
    field: str
    reason: str
    who: str
    changes: list[PreviewChange]


class PreviewDoubt(Row):
    """A column that is left out and may matter: `what` it may hold (sums, kinds, noes), and what hangs on it."""

    column: str
    what: str
    words: str
    values: list[str]


class PreviewTotals(Row, Totals):
    """The rows that were tried as the file itself has them, and what is made of them. `money` is the sum of `column`,
    once an order where that holds totals of orders; null where no column tells, as `orders` is where none are
    numbered."""

    money: Money | None
    orders_made: int
    money_made: Money
    back: Money = Field(description="What was given back: `money_made` is less by that.")


class ImportPreview(Row, Dialect):
    """What an import would do with the first rows, and how those are written; nothing of it stays."""

    columns: list[str]
    mapping: dict[str, str]
    profile: str = Field(description="The tool whose export the file is read as; empty for none we know.")
    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    reasons: dict[str, int]
    notes: dict[str, int] = Field(
        description="What was left out of rows that were taken: placeholder_birthday, phone_left_out and the like."
    )
    totals: PreviewTotals
    sheet: str = Field(description="Of a workbook the sheet that is read; empty for any other file.")
    sheets: list[str] = Field(description="Of a workbook the sheets that hold rows: only one of them is read.")
    encoding: str = Field(description="What a text is read as; empty for a workbook.")
    unused: list[str] = Field(description="Columns of the file that become nothing.")
    unheard: list[str] = Field(description="Of these, columns of yeses and noes that may say who agreed.")
    doubts: list[PreviewDoubt] = Field(
        description="Columns to be answered for: match them, or name them in `changes_nothing` or `row_kinds`."
    )
    strangers: int = Field(description="Buyers nobody knows, whose lines are refused.")
    noes: int = Field(description="Rows that withdraw a consent, or name an address that is written to no more.")
    items: list[PreviewRow]


Amount = Annotated[Decimal, Field(ge=0, le=1_000_000, max_digits=12, decimal_places=2)]
Word = Annotated[str, Field(max_length=255, pattern=r"^[^\x00]*$")]


class PurchaseLineIn(Body):
    """What was bought; `amount` is what was paid for the line, discount taken off."""

    amount: Amount
    product: Word | None = None
    sku: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")] | None = None
    category: Word | None = None
    brand: Word | None = None
    quantity: Amount = Decimal(1)
    discount: Amount = Decimal(0)
    is_alcohol: bool = True


class PurchaseIn(Body):
    """A basket, known by `order_id`: told again it replaces what was told before. The buyer is a known customer's
    e-mail, external id or phone. A time without a zone is the store's."""

    order_id: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00]*$")]
    occurred_at: Moment
    lines: Annotated[list[PurchaseLineIn], Field(min_length=1, max_length=500)]
    email: Word | None = None
    external_id: Word | None = None
    phone: Word | None = None
    store: Word | None = None
    at_register: Word | None = Field(
        None,
        alias="register",
        description="The register or till, where each numbers its receipts by itself: number, store and register are"
        " the order's number then (`1001 · MAIN / 2`). Leave it out where numbers are one series.",
    )
    coupon_code: Word | None = None


class PurchaseOut(Row, OrderFields):
    """A basket as it is known: of one told with a register `order_id` is number, store and register."""

    total: Money
    discount: Money


class EventIn(Body):
    """Something a known customer did: `page_view`, or an event type of the shop's own."""

    event_type: Annotated[str, Field(max_length=60)]
    occurred_at: Moment | None = None
    email: Word | None = None
    external_id: Word | None = None
    properties: dict[str, Any] = Field(default_factory=dict)


class EventOut(Row):
    recorded: bool
