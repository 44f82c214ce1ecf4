"""Ten years of a small liquor shop's till, exported dirty, with the truth kept beside it.

Every row is made from what it means; the truth is noted down while it is written and never read back from the file by
the importer's own rules. The columns are what a person would call them; no tool's profile knows them.
"""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

SHOP = ZoneInfo("America/New_York")
PEOPLE_HEADER = [
    "Customer No", "First Name", "Last Name", "E-mail", "Phone", "City", "State", "Zip", "Birthday",
    "Email Opt-in", "Opt-in Source", "Opt-in Date", "Note of Clerk",
]  # fmt: skip
SALES_HEADER = [
    "Receipt No", "Sale Date", "Customer No", "Customer Email", "Item", "Category", "Qty", "Line Total", "Cashier",
]  # fmt: skip

FIRST = ("Ann", "Bob", "Cora", "Dan", "Eve", "Fay", "Gus", "Hal", "Ida", "Mary Ann", "Seán", "D'Arcy", "José")
LAST = ("O'Brien", "Smith", "Núñez", "Okafor", "van Dam", "Lee", "Ng", "St. John")
YES = ("yes", "Y", "TRUE", "true", "1", "Subscribed", "SUBSCRIBED", "opted in", "Opt-in", "YES ")
NO = ("no", "N", "FALSE", "0", "Unsubscribed", "UNSUBSCRIBED", "opted out", "opt-out", "withdrawn", "STOP")
NEITHER = ("", "NEVER_SUBSCRIBED", "Never subscribed", "unknown", "N/A", "maybe", "ask next time")
STOPPED = ("cleaned", "bounced", "Cleaned")
NUMBERS_OF_NOBODY = (
    "0000000000", "(000) 000-0000", "1111111111", "999-999-9999", "555-0147", "555-555-5555", "1234567890", "N/A",
    "none", "-", "6.17555E+09", "617", "call the shop",
)  # fmt: skip
ADDRESSES_OF_NOBODY = (
    "noemail@store.example", "NoEmail@shop.example", "n/a", "none", "-", "no email", "ann@", "@mail.example",
    "declined",
)  # fmt: skip
NO_BIRTHDAYS = (
    "1900-01-01", "01/01/1900", "00-00-0000", "0000-00-00", "02/30/1980", "13/45/1980", "1984", "N/A", "2031-05-05",
    "unknown", "1776-07-04",
)  # fmt: skip
NO_MOMENTS = ("", "02/30/2024", "00/00/0000", "N/A", "2031-05-05", "yesterday", "2024-13-01")
GOODS = (("Gin", "Spirits"), ("Rioja", "Wine"), ("IPA, 6 pack", "Beer"), ('3" corks', "Wine"))
NO_AMOUNTS = ("", "N/A", "abc", "#REF!", "12.50.50")
FOREIGN_AMOUNTS = ("£10.00", "CA$5.00", "10.00 EUR", "GBP 10.00")
FORMULAS = ('=HYPERLINK("http://evil.example","Ann")', "=1+1", "@SUM(A1:A9)", "+cmd|' /C calc'!A0", "-2+3")


@dataclass
class Person:
    """Who there is, and what is known of them in the end."""

    id: str | None
    email: str | None
    phone: str | None
    born: date | None = None
    consent: str | None = None
    spent: Decimal = Decimal()
    first: str = ""
    last: str = ""


@dataclass
class Dirty:
    """Two files and what is true of them."""

    customers: str = ""
    sales: str = ""
    people: list[Person] = field(default_factory=list)
    refused_people: Counter[str] = field(default_factory=Counter)
    refused_sales: Counter[str] = field(default_factory=Counter)
    stopped: int = 0
    orders: dict[str, Decimal] = field(default_factory=dict)
    moments: dict[str, datetime | date] = field(default_factory=dict)
    """By receipt: the very moment, or a day of which no more is known."""

    def total(self) -> Decimal:
        return sum(self.orders.values(), Decimal())


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()


def _dressed_id(dice: random.Random, number: str) -> str:
    return dice.choice((number, number, number + ".0", "'" + number, f" {number} ", f"\ufeff{number}", f'="{number}"'))


def _dressed_email(dice: random.Random, email: str) -> str:
    return dice.choice(
        (
            email, email, email.upper(), f"mailto:{email}", f"Somebody <{email}>", f"{email}.", f"{email}\u200b",
            f"\ufeff{email}", f"{email}\u00a0", f"\u200e{email}", f"{email}; other.{email}", f" {email} ",
        )
    )  # fmt: skip


def _dressed_phone(dice: random.Random, ten: str) -> str:
    a, b, c = ten[:3], ten[3:6], ten[6:]
    return dice.choice(
        (
            ten, f"({a}) {b}-{c}", f"{a}.{b}.{c}", f"+1 {a} {b} {c}", f"1-{a}-{b}-{c}", f"{ten}.0", f"'{ten}",
            f"{a}-{b}-{c} (cell)", f"{a}-{b}-{c} x12", f"{a}-{b}-{c} / 413-284-0000", f"{a}\u2011{b}\u2011{c}",
            f'="{ten}"',
        )
    )  # fmt: skip


def _dressed_day(dice: random.Random, day: date) -> str:
    return dice.choice(
        (
            day.isoformat(), f"{day:%m/%d/%Y}", f"{day:%B} {day.day}, {day.year}", f"{day.day}-{day:%b-%Y}",
            f"{day.isoformat()} 00:00:00", f"'{day.isoformat()}",
        )
    )  # fmt: skip


def _dressed_moment(dice: random.Random, local: datetime) -> tuple[str, datetime | date]:
    """A notation, and the moment it tells (no notation tells seconds that are not there)."""
    exact = local.astimezone(UTC)
    winter = local.replace(month=1)
    ways: list[tuple[str, datetime | date]] = [
        (f"{local:%Y-%m-%d %H:%M}", exact),
        (f"{local:%m/%d/%Y %I:%M %p}", exact),
        (f"{local:%b} {local.day}, {local.year}, {local:%I:%M:%S %p}", exact),
        (f"{exact:%Y-%m-%dT%H:%M:%SZ}", exact),
        (f"{exact:%Y-%m-%d %H:%M:%S} UTC", exact),
        (f"{local:%Y-%m-%d %H:%M:%S %z}", exact),
        (f"{winter:%d-%b-%Y %I:%M %p} EST", winter.astimezone(UTC)),
        (f"{local.day}-{local:%b-%Y}", local.date()),
        (f"{local:%B} {local.day}, {local.year}", local.date()),
        (f"{local:%Y-%m-%d}", local.date()),
    ]
    return dice.choice(ways)


def _dressed_money(dice: random.Random, amount: Decimal) -> str:
    size = f"{abs(amount):,.2f}"
    if amount < 0:
        return dice.choice(
            (f"-{size}", f"({size})", f"{size}-", f"-${size}", f"(${size})", f"\u2212{size}", f"$-{size}")
        )
    swiss = size.replace(",", "'")
    return dice.choice(
        (
            f"{amount:.2f}",
            f"${size}",
            size,
            f"USD {size}",
            f"{size} USD",
            f"+{size}",
            swiss,
            f"$ {size}",
            f"{size}\u00a0",
        )
    )


def dirty_files(rows: int, seed: int = 11) -> Dirty:
    """A customers' file and a sales' file of `rows` rows each."""
    dice = random.Random(seed)
    truth = Dirty()
    _customers(dice, rows, truth)
    _sales(dice, rows, truth)
    return truth


def _customers(dice: random.Random, rows: int, truth: Dirty) -> None:
    lines = ["Customer List Export", "Generated 11/02/2026", "", _line(PEOPLE_HEADER)]
    quote_at = rows // 2
    for at in range(rows):
        if dice.random() < 0.01:
            lines.append(dice.choice(("", "," * (len(PEOPLE_HEADER) - 1), "   ")))
        lines.append(_one_person(dice, at, truth) if at != quote_at else _unclosed(truth.refused_people, at))
    truth.customers = "\r\n".join(lines) + "\r\n"


def _unclosed(refused: Counter[str], at: int) -> str:
    refused["unclosed quote"] += 1
    return f'9{at:07},"Ann,Smith,lost{at}@mail.example,,,,,,,,,'


def _new_phone(at: int) -> str:
    exchanges = [x for x in range(220, 950) if x % 100 != 11 and x not in (555,)]
    area = ("617", "508", "781", "978")[at % 4]
    return f"{area}{exchanges[(at // 4) // 9000]}{1000 + (at // 4) % 9000}"


def _one_person(dice: random.Random, at: int, truth: Dirty) -> str:
    first, last = dice.choice(FIRST), dice.choice(LAST)
    cells = dict.fromkeys(PEOPLE_HEADER, "")
    cells.update(
        {"First Name": first, "Last Name": last, "City": "Boston", "State": dice.choice(("MA", "Massachusetts"))}
    )
    cells["Zip"] = dice.choice(("02118", "'02118", '="02118"', "02118-1234"))
    kind = dice.random()
    if kind < 0.10 and truth.people:
        return _again(dice, cells, dice.choice(truth.people), truth)
    if kind < 0.12:
        # nobody can be told from this
        cells["Phone"] = dice.choice(("", *NUMBERS_OF_NOBODY))
        cells["E-mail"] = dice.choice(("", *ADDRESSES_OF_NOBODY))
        truth.refused_people["no identity"] += 1
        return _line(list(cells.values()))
    if kind < 0.125:
        # an unquoted comma moved every cell: nothing in it can be trusted
        cells.update({"Customer No": f"8{at:07}", "Note of Clerk": "likes"})
        truth.refused_people["too long"] += 1
        return _line([*cells.values(), "red", "wine"])

    if kind < 0.135:
        # the empty cells at its end were left out: what stands before them is at its place
        cells.update({"Customer No": f"7{at:07}", "E-mail": f"cut{at}@mail.example"})
        truth.people.append(Person(id=f"7{at:07}", email=f"cut{at}@mail.example", phone=None))
        return _line(list(cells.values())[: dice.randrange(5, 12)])

    person = Person(f"1{at:07}", f"p{at}.{last[0].lower()}@mail.example", _new_phone(at), first=first, last=last)
    truth.people.append(person)
    if kind < 0.155:
        person.id = person.email = None  # known by the telephone alone
    elif kind < 0.24:
        person.id = None
    elif kind < 0.27 and truth.people[-2:-1] and truth.people[-2].phone and truth.people[-2].id:
        person.phone = truth.people[-2].phone  # a family has one telephone
    elif kind < 0.37:
        person.phone = None
    elif kind < 0.47:
        person.email = None

    cells["Customer No"] = person.id or ""
    cells["E-mail"] = _dressed_email(dice, person.email) if person.email else dice.choice(("", *ADDRESSES_OF_NOBODY))
    cells["Phone"] = _dressed_phone(dice, person.phone) if person.phone else dice.choice(("", *NUMBERS_OF_NOBODY))
    if dice.random() < 0.6:
        person.born = date(1940, 1, 1) + timedelta(days=dice.randrange(23000))
        if (person.born.month, person.born.day) in ((2, 29), (1, 1)):
            person.born += timedelta(days=1)
        cells["Birthday"] = _dressed_day(dice, person.born)
    elif dice.random() < 0.5:
        cells["Birthday"] = dice.choice(NO_BIRTHDAYS)
    if dice.random() < 0.02:
        cells["First Name"] = person.first = dice.choice(FORMULAS)
    _consent(dice, cells, person, truth)
    return _line([*cells.values(), *([""] * 2 if dice.random() < 0.01 else [])])


def _consent(dice: random.Random, cells: dict[str, str], person: Person, truth: Dirty) -> None:
    when = datetime(2019, 1, 1, 10, tzinfo=SHOP) + timedelta(days=dice.randrange(2000), minutes=dice.randrange(600))
    written = _dressed_moment(dice, when)[0]
    source = dice.choice(("Counter form", "Footer form", "Loyalty card"))
    luck = dice.random()
    if luck < 0.35:
        cells.update({"Email Opt-in": dice.choice(YES), "Opt-in Source": source, "Opt-in Date": written})
        person.consent = "given"
    elif luck < 0.45:
        # a yes of which nobody knows from where or when is none
        missing = dice.choice((("", ""), (source, ""), ("", written), (source, "2031-05-05"), (source, "last summer")))
        cells.update({"Email Opt-in": dice.choice(YES), "Opt-in Source": missing[0], "Opt-in Date": missing[1]})
    elif luck < 0.60:
        beside = dice.choice((("", ""), (source, written), ("", written), (source, "N/A")))
        cells.update({"Email Opt-in": dice.choice(NO), "Opt-in Source": beside[0], "Opt-in Date": beside[1]})
        person.consent = "withdrawn"
    elif luck < 0.62 and person.email:
        cells.update({"Email Opt-in": dice.choice(STOPPED), "Opt-in Source": source, "Opt-in Date": written})
        person.consent = "stopped"
        truth.stopped += 1
    else:
        cells["Email Opt-in"] = dice.choice(NEITHER)


def _again(dice: random.Random, cells: dict[str, str], person: Person, truth: Dirty) -> str:
    """A person who stands in the file already, in other clothes."""
    keys = [key for key in ("id", "email") if getattr(person, key)] or ["phone"]
    if dice.choice(keys) == "id" and person.id:
        cells["Customer No"] = _dressed_id(dice, person.id)
    elif person.email:
        cells["E-mail"] = _dressed_email(dice, person.email)
    elif person.id:
        cells["Customer No"] = _dressed_id(dice, person.id)
    elif person.phone:
        # who calls themselves otherwise at a family's telephone would be somebody else
        cells.update(
            {"Phone": _dressed_phone(dice, person.phone), "First Name": person.first, "Last Name": person.last}
        )
    if person.consent in ("given", "withdrawn") and dice.random() < 0.4:
        if dice.random() < 0.5:
            cells["Email Opt-in"] = dice.choice(NO)  # a no without a date is one of now, wherever the yes stands
            person.consent = "withdrawn"
        elif person.consent == "withdrawn":
            # a bare day before the shop ever asked beats no withdrawal
            cells.update({"Email Opt-in": dice.choice(YES), "Opt-in Source": "Old list", "Opt-in Date": "2018-03-04"})
    return _line(list(cells.values()))


def _sales(dice: random.Random, rows: int, truth: Dirty) -> None:
    buyers = [person for person in truth.people if person.id or person.email]
    lines = ["sep=,", _line(SALES_HEADER)]
    made = 0
    while made < rows:
        if dice.random() < 0.005:
            lines.append(dice.choice(("", "," * (len(SALES_HEADER) - 1))))
        if made >= rows // 2 and not truth.refused_sales["unclosed quote"]:
            truth.refused_sales["unclosed quote"] += 1
            lines.append(f'R9{made:07},2020-05-05,"1,,Gin,Spirits,1,10.00,Kim')
            made += 1
            continue
        basket = _one_basket(dice, made, rows - made, buyers, truth)
        lines.extend(basket)
        made += len(basket)
    # the till's own sum, which nobody bought
    truth.refused_sales["nobody named"] += 1
    lines.append(_line(["Grand Total", "", "", "", "", "", "", f"{truth.total():,.2f}", ""]))
    truth.sales = "\n".join(lines) + "\n"


def _one_basket(dice: random.Random, made: int, room: int, buyers: list[Person], truth: Dirty) -> list[str]:
    receipt = f"R1{made:07}"
    local = datetime(2016, 2, 1, 10, tzinfo=SHOP) + timedelta(days=dice.randrange(3800), minutes=dice.randrange(600))
    written, moment = _dressed_moment(dice, local)
    person = dice.choice(buyers)
    by_id = bool(person.id) and (not person.email or dice.random() < 0.8)
    number = _dressed_id(dice, person.id) if by_id and person.id else ""
    address = "" if by_id or not person.email else _dressed_email(dice, person.email)

    def row(amount: str, *, quantity: str = "1") -> list[str]:
        item, category = dice.choice(
            (("Gin", "Spirits"), ("Rioja", "Wine"), ("IPA, 6 pack", "Beer"), ('3" corks', "Wine"))
        )
        return [receipt, written, number, address, item, category, quantity, amount, "Kim"]

    luck = dice.random()
    price = Decimal(dice.randrange(300, 250000 if dice.random() < 0.05 else 9000)) / 100
    if luck < 0.02:
        number, address = dice.choice((("777777777", ""), ("", "nobody.knows@mail.example"), ("Total", "")))
        truth.refused_sales["unknown customer"] += 1
        return [_line(row(_dressed_money(dice, price)))]
    if luck < 0.07:
        number, address = "", dice.choice(("", "", "N/A", "noemail@store.example"))
        truth.refused_sales["nobody named"] += 1
        return [_line(row(_dressed_money(dice, price)))]
    if luck < 0.09:
        written = dice.choice(NO_MOMENTS)
        truth.refused_sales["bad date"] += 1
        return [_line(row(_dressed_money(dice, price)))]
    if luck < 0.11:
        truth.refused_sales["bad amount"] += 1
        return [_line(row(dice.choice(NO_AMOUNTS)))]
    if luck < 0.12:
        truth.refused_sales["money of elsewhere"] += 1
        return [_line(row(dice.choice(FOREIGN_AMOUNTS)))]
    if luck < 0.125:
        truth.refused_sales["too long"] += 1
        return [_line([*row(_dressed_money(dice, price)), "red", "wine"])]

    if luck < 0.13:
        # cut before its amount: who bought may still stand in it, what was paid does not
        cut = row(_dressed_money(dice, price))[: dice.randrange(3, 8)]
        truth.refused_sales["bad amount" if any(cut[2:4]) else "nobody named"] += 1
        return [_line(cut)]

    if luck < 0.15:
        amounts = [Decimal(0)]
    elif luck < 0.19:
        amounts = [-price]  # a return with a receipt of its own
    elif luck < 0.21:
        amounts = [price, -price]  # voided at the counter: taken back on the same receipt
    else:
        amounts = [price] + [Decimal(dice.randrange(100, 5000)) / 100 for _ in range(dice.randrange(4))]
        if dice.random() < 0.05:
            amounts.append(-(min(amounts) / 2).quantize(Decimal("0.01")))  # one bottle came back in part
    amounts = amounts[:room]
    truth.orders[receipt] = sum(amounts, Decimal())
    truth.moments[receipt] = moment
    person.spent += sum(amounts, Decimal())
    basket = []
    for amount in amounts:
        quantity = "-1" if amount < 0 else dice.choice(("1", "2", "1.0", "12", "1.000"))
        basket.append(_line(row(_dressed_money(dice, amount), quantity=quantity)))
    return basket
