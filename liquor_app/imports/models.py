"""Files brought in, what of them was refused, and what waits."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, Integer, UniqueConstraint
from sqlmodel import Field, SQLModel

from liquor_app.core.columns import (
    blob,
    choice,
    document,
    exact,
    flag,
    moment,
    pk,
    plain_uuid,
    ref,
    stamped,
    whole,
    words,
)
from liquor_app.core.platform.named_in import named_in, names_them, spoken
from liquor_app.core.platform.personal_data import Personal
from liquor_app.core.states import Transitions

AS_OF = "as_of"
"""The option that says when what a file tells was so; files of drop folders have it, and nobody waits for their end."""

TAKEN_BACK = "taken_back"
"""What of a checkpoint says how many known orders were voided or refunded in full (`orders`), and what they came to
(`sum`, in the shop's currency)."""
SEEMS = "seems"
"""What of a checkpoint says which other kind the file of an import that failed seems to be of."""
WARNED, NOES = "warned", "noes"
"""The places in a checkpoint of how many rows have a warning, and how many say no."""
OWN = "own"
"""What of a checkpoint says what a file of purchases comes to by itself (`money`), and which column says so
(`column`)."""


class ImportStatus(StrEnum):
    PREVIEW = "preview"
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDOING = "undoing"
    UNDO_STOPPED = "undo_stopped"
    """Its undoing was cancelled, or failed; it goes on where it stopped."""
    UNDONE = "undone"


_UNDO = [ImportStatus.UNDOING]
IMPORT = Transitions(
    "import",
    {
        # straight to running: from the command line, which does it itself
        ImportStatus.PREVIEW: [ImportStatus.QUEUED, ImportStatus.RUNNING],
        ImportStatus.QUEUED: [ImportStatus.RUNNING, ImportStatus.CANCELLED, ImportStatus.FAILED],
        # running again: its worker died, and another goes on at the checkpoint
        ImportStatus.RUNNING: [
            ImportStatus.RUNNING,
            ImportStatus.COMPLETED,
            ImportStatus.FAILED,
            ImportStatus.CANCELLED,
        ],
        ImportStatus.COMPLETED: _UNDO,
        ImportStatus.FAILED: [ImportStatus.QUEUED, ImportStatus.RUNNING, *_UNDO],
        ImportStatus.CANCELLED: [ImportStatus.QUEUED, ImportStatus.RUNNING, *_UNDO],
        ImportStatus.UNDOING: [ImportStatus.UNDONE, ImportStatus.UNDO_STOPPED],
        ImportStatus.UNDO_STOPPED: _UNDO,
        # once more: what others had built on may have been undone since
        ImportStatus.UNDONE: _UNDO,
    },
)


class Import(SQLModel, table=True):
    """A file brought in. `position` is the checkpoint: how far the file has been taken, committed with the rows;
    `undo` is the same for taking it back, with what was taken back and what was kept so far."""

    __tablename__ = "imports"

    id: UUID = pk()
    kind: str = words()
    file_name: str = words()
    file_key: str = words()
    status: ImportStatus = choice("status", ImportStatus, ImportStatus.PREVIEW)
    mapping: dict[str, Any] = document(empty="{}")
    policy: str = words(default="fill")
    rows: int = whole()
    created: int = whole()
    updated: int = whole()
    unchanged: int = whole()
    rejected: int = whole()
    position: dict[str, Any] = document(empty="{}")
    options: dict[str, Any] = document(empty="{}")
    reasons: dict[str, Any] = document(empty="{}")
    notes: dict[str, Any] = document(empty="{}")
    error: str | None = words(nullable=True)
    job_id: UUID | None = plain_uuid()
    created_by: UUID | None = ref("users.id", ondelete="SET NULL", nullable=True)
    created_at: datetime = stamped()
    finished_at: datetime | None = moment()
    undo: dict[str, Any] = document(empty="{}")
    undone_at: datetime | None = moment()


class ImportReject(SQLModel, table=True):
    """A row that was not taken. An empty `code` marks a good line of the same order, which stands in the file of
    rejects so that the order stays whole when the mended file is imported."""

    __tablename__ = "import_rejects"
    __table_args__ = (UniqueConstraint("import_id", "row_number"),)

    id: UUID = pk()
    import_id: UUID = ref("imports.id")
    row_number: int = whole()
    code: str = words(default="")
    field: str | None = words(nullable=True)
    reason: str = words()
    raw: dict[str, Any] = document(empty="{}")
    birth_cells_encrypted: bytes | None = blob()
    """Cells of dates of birth by their place, which are empty in `raw`; the whole line of a row that is kept as one."""


class ImportWarning(SQLModel, table=True):
    """A warning of a row that was taken: the column it is about, what was read there (never a date of birth), and what
    was done."""

    __tablename__ = "import_warnings"
    __table_args__ = (Index("ix_import_warnings_import_id", "import_id", "row_number"),)

    id: UUID = pk()
    import_id: UUID = ref("imports.id")
    row_number: int = whole()
    field: str | None = words(nullable=True)
    read: str | None = words(nullable=True)
    done: str = words()


class ImportLine(SQLModel, table=True):
    """A line of a purchase that waits until the whole file is read: a basket's lines may lie anywhere in it. One of row
    number 0 says that its order was voided or refunded in full, and may name nobody.

    No foreign key: millions of lines pass through, and each goes with its order or with `forget_uploads`.
    """

    __tablename__ = "import_lines"

    import_id: UUID = plain_uuid(primary=True)
    order_id: str = words(primary=True)
    row_number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    customer_id: UUID | None = plain_uuid()
    occurred_at: datetime = moment(nullable=False)
    local_hour: int | None = whole(nullable=True, small=True)
    store: str | None = words(nullable=True)
    at_register: str | None = words(nullable=True, called="register")
    coupon_code: str | None = words(nullable=True)
    product: str | None = words(nullable=True)
    sku: str | None = words(nullable=True)
    category: str = words()
    brand: str | None = words(nullable=True)
    quantity: Decimal = exact(10)
    amount: Decimal = exact(12)
    discount: Decimal = exact(12)
    coupon_discount: Decimal = exact(12)
    is_alcohol: bool = flag(default=True)
    is_void: bool = flag()
    """It takes a sale back: without one of its order, waiting or known, it is none."""


_WARNING = names_them("concat_ws(' ', read, done)", ":words")
_TOLD = names_them("concat_ws(' ', file_name, mapping, error, position -> 'doubts')", ":words")
_KEPT = names_them("concat_ws(' ', file_name, mapping, options, error, position -> 'doubts')", ":words")
_REJECT = names_them(spoken(["reason", "raw"]), ":words")

PERSONAL = (
    Personal(
        "imports",
        # of a file without headings the first row is taken for them
        rows=f"SELECT file_name, mapping, error, created_at FROM imports WHERE {_TOLD}",
        scrub="UPDATE imports SET file_name = CASE WHEN file_name ~* :words THEN 'erased' ELSE file_name END,"
        " mapping = without_words(mapping, :words, :mark), options = without_words(options, :words, :mark),"
        " position = CASE WHEN position ? 'doubts' THEN position || jsonb_build_object('doubts',"
        " without_words(position -> 'doubts', :words, :mark)) ELSE position END,"
        f" error = NULL WHERE {_KEPT}",
        why="that a file was brought in, and its counts",
    ),
    Personal(
        "import_rejects",
        rows="SELECT import_id, row_number, reason, raw, birth_cells_encrypted FROM import_rejects WHERE"
        f" {_REJECT} OR raw -> 'cells' ?| :numbers",
        scrub="UPDATE import_rejects SET reason = 'erased', raw = jsonb_build_object(), birth_cells_encrypted = NULL"
        " WHERE"
        f" {_REJECT} OR raw -> 'cells' ?| :numbers",
        why="that a row was refused",
    ),
    Personal(
        "import_warnings",
        rows=f"SELECT import_id, row_number, read FROM import_warnings WHERE {_WARNING} OR read = ANY(:numbers)",
        scrub=f"UPDATE import_warnings SET read = NULL, done = 'erased' WHERE {_WARNING} OR read = ANY(:numbers)",
        why="that a row had a warning",
    ),
    Personal(
        "import_lines",
        rows="SELECT * FROM import_lines WHERE customer_id = ANY(:people)",
        scrub="DELETE FROM import_lines WHERE customer_id = ANY(:people)",
    ),
)
"""What rows hold of a person."""

MENTIONS = (
    named_in("imports", (), ("reasons", "notes", "undo"), name="kind"),
    named_in("import_warnings", ("field",), key="import_id", name="row_number"),
    named_in("import_rejects", ("field",), key="import_id", name="code"),
    named_in(
        "import_lines",
        ("store", "register", "coupon_code", "product", "sku", "category", "brand"),
        key="import_id",
        name="row_number",
    ),
)
"""Where the shop's own words may name somebody."""
