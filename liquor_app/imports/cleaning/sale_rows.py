"""Rows of a known tool's sales: which are lines of purchases, and what each came to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from liquor_app.core.money import money
from liquor_app.imports.cleaning.amounts import Amount, read_amount, read_share, says_percent
from liquor_app.imports.cleaning.orders.discount_columns import CENTS
from liquor_app.imports.cleaning.orders.money_names import given_back
from liquor_app.imports.cleaning.orders.packed_items import packed_items
from liquor_app.imports.cleaning.sums.order_backs import OrderBacks
from liquor_app.imports.profiles.tool_profile import FILLED, OTHER_ROW, REFUNDED, Make, Sales, packed_part, plain
from liquor_app.imports.readers.row_reader import Record

MADE = ("amount", "discount", "came_back")
"""Fields a line's sums are made for, behind the columns of the file."""
PACKED = ("product", "quantity", "sku")
"""Fields that stand behind all others where a row packs its lines."""


MOST_ROWS = 1_000
"""Rows of one order that are looked at together."""


class SaleRows:
    """The rows of one file in their order; what stands on an order's first row is known on its others.

    Args:
        decimal: the file's decimal mark.
    """

    def __init__(self, sales: Sales, columns: Sequence[str], made: Sequence[Make], decimal: str) -> None:
        at = {plain(one): position for position, one in reversed(list(enumerate(columns)))}
        self._made, self._decimal = made, decimal
        self._order = at[plain(sales.order)]
        self._carried = [at[plain(one)] for one in sales.carried if plain(one) in at]
        self._keeps = [(at[plain(one)], set(words)) for one, words in sales.keeps.items() if plain(one) in at]
        self._drops: list[tuple[int, Mapping[str, str]]] = [
            (at[plain(one)], words) for one, words in sales.drops.items() if plain(one) in at
        ]
        self._plus = _places(sales.plus, at)
        self._minus = _places(sales.minus, at)
        self._less = _places(sales.less, at)
        self._tells_parts = sales.tells_parts
        self._backs = [term[0] for term in self._minus if len(term) == 1 and given_back(columns[term[0]])]
        self._given_back = [term for term in self._minus if len(term) == 1 and term[0] in self._backs]
        self._discount = _places(tuple((one,) for one in sales.discount), at)
        self._between = [at[plain(one)] for one in sales.discount_between if plain(one) in at]
        self._packed_minus = [at[plain(one)] for one in sales.packed_minus if plain(one) in at]
        self._at_most = {
            at[plain(one)]: at[plain(most)]
            for one, most in sales.at_most.items()
            if {plain(one), plain(most)} <= set(at)
        }
        self._with_tax = {
            at[plain(one)]: (at[plain(tax)], at[plain(total)])
            for one, (tax, total) in sales.with_tax.items()
            if {plain(one), plain(tax), plain(total)} <= set(at)
        }
        self._comes_to = at.get(plain(sales.comes_to)) if sales.comes_to else None
        kept = tuple(term for term in sales.minus if term[0] not in sales.spread and term[0] not in sales.at_most)
        self._of_line, self._back = _places(kept, at), _places([[one] for one in sales.at_most], at)
        self._left: Decimal | None = None
        self._packed = [place for name, place in at.items() if sales.packed and name.startswith(plain(sales.packed))]
        self._now, self._first = "", list[str]()
        self._of_orders = OrderBacks(sales.back, at, self._order, self._own_worth, decimal) if sales.back else None
        self._back_of_order = at.get(plain(sales.back.column)) if sales.back else None

    def _own_worth(self, cells: list[str]) -> Decimal | None:
        """Return what a line comes to by its own cells, without what was given back of its order; None for no line."""
        total = self._sum(cells, self._plus, signed=True)
        own = [term for term in self._minus if term[0] != self._back_of_order]
        return None if total is None else total - (self._sum(cells, own, signed=False, of=total) or Decimal(0))

    def in_part(self, records: Iterable[Record]) -> Iterable[Record]:
        """Return the rows of a file, what came back of whole orders shared among them; those of an order that is called
        refunded, though its own sums say that only a part came back, are `in_part`: they count, less that. Where
        nothing says how much, the word holds."""
        records = self._of_orders.rows(records) if self._of_orders else records
        words = {why for _, reasons in self._drops for why in reasons.values()}
        is_told = self._tells_parts or not (self._backs or self._packed_minus)
        return records if is_told or REFUNDED not in words else self._in_part(records)

    def _in_part(self, records: Iterable[Record]) -> Iterator[Record]:
        run, now = list[Record](), ""
        for record in records:
            order = now if record.problem else record.cells[self._order].strip()
            if run and (order != now or not order or len(run) >= MOST_ROWS):
                yield from self._parted(run)
                run = []
            now = order
            run.append(record)
        yield from self._parted(run)

    def _parted(self, run: Sequence[Record]) -> Iterator[Record]:
        rows = [one.cells for one in run if not one.problem and not one.left_out]
        is_called = any(
            reasons.get(_said(cells[place])) == REFUNDED for cells in rows for place, reasons in self._drops
        )
        if not is_called or not self._is_less(rows):
            yield from run
            return
        for record in run:
            yield record if record.problem else record._replace(in_part=True)

    def _is_less(self, rows: Sequence[list[str]]) -> bool:
        """Tell whether something came back of an order's rows, and less than all."""
        back = sold = Decimal(0)
        for cells in rows:
            back += sum((abs(self._read(cells[place]) or Decimal(0)) for place in self._backs), Decimal(0))
            back += self._refunded(cells)
            total = self._sum(cells, self._plus, signed=True)
            off = [term for term in self._minus if term[0] not in self._backs]
            sold += (total or Decimal(0)) - (self._sum(cells, off, signed=False, of=total) or Decimal(0))
        return 0 < back < sold - CENTS

    def lines(self, cells: list[str], *, in_part: bool = False) -> list[list[str]] | str:
        """Return the lines a row holds: the row as `line` has it, or each of the items it packs, if they come to what
        the row itself does."""
        whole = self.line(cells, in_part=in_part)
        if isinstance(whole, str) or not self._packed:
            return whole if isinstance(whole, str) else [whole]
        items = packed_items([cells[place] for place in sorted(self._packed)])
        totals = [read_amount(item.total, self._decimal) for item in items]
        amount, discount, came_back = range(len(cells), len(cells) + len(MADE))
        known = [total.value for total in totals if total is not None]
        refunded = self._refunded(cells)
        if not known or len(known) < len(items) or (whole[amount] and sum(known) - refunded != Decimal(whole[amount])):
            return [[*whole, "", "", ""]]
        lines = []
        for number, (item, total) in enumerate(zip(items, known, strict=True)):
            line = [*whole, item.product, item.quantity, item.sku]
            before = read_amount(item.before, self._decimal) if item.before else None
            off = max(before.value - total, Decimal(0)) if before else None
            back = min(refunded, max(total, Decimal(0)))
            refunded -= back
            line[amount], line[came_back] = str(total - back), str(back or "")
            line[discount] = str(off or "") if off is not None else whole[discount] if number == 0 else ""
            lines.append(line)
        return lines

    def line(self, cells: list[str], *, in_part: bool = False) -> list[str] | str:
        """Return the cells of a line, what was made behind them; or why the row is none (a key of `LEFT_OUT`).

        Args:
            in_part: of its order, called refunded, only a part came back.
        """
        order = cells[self._order].strip()
        if order and order == self._now:
            cells = list(cells)
            for place in self._carried:
                cells[place] = cells[place] or self._first[place]
        else:
            self._now, self._first = order, cells
            self._left = None if self._comes_to is None else self._read(cells[self._comes_to])
        for place, words in self._keeps:
            if _said(cells[place]) not in words:
                return OTHER_ROW
        for place, reasons in self._drops:
            said = _said(cells[place])
            why = reasons.get(said) or (reasons.get(FILLED) if said else None)
            if why and not (in_part and why == REFUNDED):
                return why
        total = self._sum(cells, self._plus, signed=True)
        off = self._sum(cells, self._minus, signed=False, of=total)
        less = self._sum(cells, self._less, signed=True, of=total)
        discount = self._sum(cells, self._discount, signed=False, of=total)
        if discount is None and len(self._between) == 2:
            before, after = (self._read(cells[place]) for place in self._between)
            discount = max(before - after, Decimal(0)) if before is not None and after is not None else None
        if self._left is not None and total is not None and total >= 0:
            came_to = max(
                min(total - (self._sum(cells, self._of_line, signed=False, of=total) or 0), self._left), Decimal(0)
            )
            self._left -= came_to
            discount = total - came_to
            off = discount + (self._sum(cells, self._back, signed=False) or 0)
        refunded = self._refunded(cells)
        if total and less and 0 < less < total and (back := self._sum(cells, self._given_back, signed=False)):
            refunded -= back - money(back * (total - less) / total)  # of what came back the tax is no goods either
        amount = "" if total is None else str(total - (off or 0) - (less or 0) - refunded)
        back = refunded + (self._sum(cells, self._given_back, signed=False, of=total) or 0)
        return cells + [amount, str(discount or ""), str(back or "")] + [make(cells) for make in self._made]

    def _refunded(self, cells: list[str]) -> Decimal:
        """Return what packed cells say was given back, at most what was bought."""
        found = [
            abs(self._read(packed_part(f"{refund}|", "amount")) or Decimal(0))
            for place in self._packed_minus
            for refund in cells[place].split(";")
        ]
        most = self._sum(cells, self._plus, signed=True) or Decimal(0)
        return min(sum(found, Decimal(0)), max(most, Decimal(0)))

    def _read(self, cell: str) -> Decimal | None:
        read = read_amount(cell.strip(), self._decimal) if cell.strip() else None
        return None if read is None else read.value

    def _sum(
        self, cells: list[str], terms: Sequence[Sequence[int]], *, signed: bool, of: Decimal | None = None
    ) -> Decimal | None:
        """Return what the terms come to; None where none is filled or one cannot be read.

        Args:
            of: what a term that is a percentage (`10%`) is one of.
        """
        found: Decimal | None = None
        for places in terms:
            if not cells[places[0]].strip():
                continue
            value = Decimal(1)
            for place in places:
                cell = cells[place].strip() or "1"
                if of is not None and says_percent(cell) and (share := read_share(cell, self._decimal)) is not None:
                    value *= money(of * share)
                    continue
                read: Amount | None = read_amount(cell, self._decimal)
                if read is None:
                    return None
                value *= read.value
            if (most := self._at_most.get(places[0])) is not None and (limit := self._read(cells[most])) is not None:
                value = min(self._goods_of(abs(value), abs(limit), places[0], cells), abs(limit))
            found = (found or Decimal(0)) + (value if signed else abs(value))
        return found

    def _goods_of(self, back: Decimal, goods: Decimal, place: int, cells: list[str]) -> Decimal:
        """Return what of a sum given back is goods, where their order's total holds their tax as well."""
        if place not in self._with_tax or not goods or back == goods:
            return back
        tax, total = (self._read(cells[one]) or Decimal(0) for one in self._with_tax[place])
        return money(back * goods / (goods + tax)) if tax > 0 and total >= goods + tax else back


def _places(terms: Sequence[Sequence[str]], at: Mapping[str, int]) -> list[list[int]]:
    return [[at[plain(one)] for one in term] for term in terms if all(plain(one) in at for one in term)]


def _said(cell: str) -> str:
    return " ".join(cell.replace("_", " ").replace("-", " ").lower().split())
