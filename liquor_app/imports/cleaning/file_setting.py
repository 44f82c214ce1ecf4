"""How a file's cells are to be read. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from liquor_app.imports.cleaning.answers.coded_columns import Codes
from liquor_app.imports.cleaning.cells import REMEMBERED
from liquor_app.imports.cleaning.doubts.doubtful_noes import LeftOutNoes
from liquor_app.imports.cleaning.moment_cells import When, clean_moment, named_zone
from liquor_app.imports.readers.dialect import SHOP


@dataclass(frozen=True, slots=True)
class Setting:
    """How a file's cells are read: by whose clock, as of when, in which order dates stand, with which
    decimal mark, in whose money."""

    zone: ZoneInfo
    now: datetime
    date_order: str = "mdy"
    decimal: str = "."
    currency: str = "USD"
    shares: frozenset[str] = frozenset()
    """Fields whose columns hold percentages, by their names ("Discount %")."""
    file_name: str = ""
    columns: tuple[str, ...] = ()
    said_of_all: frozenset[str] = frozenset()
    """Fields that somebody said of every row of the file, instead of the file itself."""
    is_of_us: bool = True
    """Whether its first rows say that it is about the United States (`person_cells.tell_of_us`)."""
    numbering: str = SHOP
    """How the file numbers its receipts (`orders.store_numbers`)."""
    numbered_by: tuple[int, ...] = ()
    """The places of the columns that tell one series of receipts from another; none: all are of one."""
    written_in: ZoneInfo | None = None
    """The zone that the column of times names itself ("Created (UTC)"), if it does."""
    codes: Mapping[str, Codes] = field(default_factory=dict, compare=False)
    """Column → what codes say in it, of those that answer in codes."""
    noes: LeftOutNoes | None = field(default=None, compare=False)
    """Columns that become nothing and in which a no may stand."""
    moments: dict[tuple[str, str], When | None] = field(default_factory=dict, compare=False)

    @property
    def by_store(self) -> bool:
        """Whether each store, or each register, numbers its receipts anew."""
        return bool(self.numbered_by)

    def column(self, place: int) -> str:
        """Return the name of the column a cell stands in; "" for one that is made beside the file's."""
        return self.columns[place] if place < len(self.columns) else ""

    def for_times_of(self, column: str) -> Setting:
        """Return how cells are read whose times stand in a column of this name."""
        return replace(self, written_in=zone, moments={}) if (zone := named_zone(column)) else self

    def moment(self, cell: str, clock: str) -> When | None:
        """Tell when something was bought. The lines of a basket share it, so the last few thousand are remembered."""
        found = self.moments.get((cell, clock))
        if found is None:
            if len(self.moments) > REMEMBERED:
                self.moments.clear()
            found = clean_moment(
                cell, "occurred_at", self.zone, self.now, clock=clock, order=self.date_order, written_in=self.written_in
            )
            self.moments[cell, clock] = found
        return found


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file's rows are read: which cell holds which field, and how cells are understood."""

    at: dict[str, int]
    how: Setting
    made: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Field → positions of the columns a tool's profile makes it of."""
