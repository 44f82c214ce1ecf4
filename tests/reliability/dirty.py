"""Files as bad as files get, the same for the same seed: for people and for what they bought."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path

HEADER = ["Customer ID", "E-Mail", "First Name", "Last Name", "Mobile", "State", "Date of birth", "Email consent",
          "Consent source", "Consent date"]  # fmt: skip
FIRST = ["Ada", "Bo", "Cy", "Dee", "Eve", "José", "Zoë", "Søren", "=1+1", "@SUM(A1)"]
LAST = ["King", "O'Neil", "Müller", "de la Cruz", "-Dash", 'Quo"ted', "Smith, Jr."]
STATES = ["Maine", "NY", "ny", "California", "TX", "", "Bavaria"]
ABROAD = ["+44 20 7946 {:04d}", "+49 30 90{:04d}12", "+33 1 70 18 {:04d}", "+1 (416) 555-{:04d}"]
KINDS = ["good", "again", "bad_email", "abroad", "bad_phone", "formula", "ragged", "nul", "quote", "lines", "windows",
         "blank", "no_evidence", "consent", "future", "nobody", "long"]  # fmt: skip
WEIGHTS = [60, 9, 4, 4, 2, 2, 2, 1, 0.4, 1, 4, 1, 1, 6, 1, 1, 0.6]


def _row(cells: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue().encode()


def write_people(path: Path, rows: int, seed: int = 7) -> None:
    """`rows` lines of customers after the header, every kind of dirt among them; a cell of a megabyte each 10,000."""
    rng = random.Random(seed)
    with path.open("wb") as file:
        file.write(b"\xef\xbb\xbf" + _row(HEADER))
        for number in range(1, rows + 1):
            (kind,) = rng.choices(KINDS, WEIGHTS)
            who = rng.randint(1, number) if kind == "again" else number
            email = f"p{who}@example.com" if kind != "again" else f"  P{who}@Example.COM"
            cells = [str(who), email, rng.choice(FIRST), rng.choice(LAST),
                     f"({207 + who % 90}) 555-{who % 10_000:04d}", rng.choice(STATES),
                     f"{1940 + who % 60}-0{1 + who % 9}-1{who % 10}", "", "", ""]  # fmt: skip
            if kind == "bad_email":
                cells[1] = rng.choice(["nobody", "a@b", "two@@example.com", "x@-bad.com", "sp ace@example.com"])
            elif kind == "abroad":
                cells[4] = rng.choice(ABROAD).format(who % 10_000)
            elif kind == "bad_phone":
                cells[4] = rng.choice(["12345", "call me", "+99 1"])
            elif kind == "formula":
                cells[2] = rng.choice(['=HYPERLINK("http://x")', "+cmd|' /C calc'!A0", "@SUM(1)", "-2+3"])
            elif kind == "nul":
                cells[3] = "Nu\x00l"
            elif kind == "lines":
                cells[3] = "Two\nlines"
            elif kind == "no_evidence":
                cells[7] = "yes"
            elif kind == "consent":
                cells[7:] = [rng.choice(["yes", "no"]), "till", f"2026-0{1 + who % 9}-05"]
            elif kind == "future":
                cells[6] = "2199-01-01"
            elif kind == "nobody":
                cells[0] = cells[1] = cells[4] = ""
            elif kind == "long":
                cells[2] = "x" * 300
            line = _row(cells)
            if number % 10_000 == 5_000:
                line = _row([*cells[:3], "m" * 1_000_000, *cells[4:]])
            elif kind == "ragged":
                line = _row(cells[: rng.randint(2, 8)] if rng.random() < 0.5 else [*cells, "one", "too many"])
            elif kind == "quote":
                line = f'{who},"{email}\n'.encode()
            elif kind == "windows":
                line = _row([*cells[:2], "André", "Groß", *cells[4:]]).decode().encode("cp1252")
            elif kind == "blank":
                line = rng.choice([b"\n", b",,,,,,,,,\n"])
            file.write(line)


def write_sales(path: Path, rows: int, people: int, seed: int = 11) -> None:
    """About `rows` lines of orders; one order in ten has a line far away from its others."""
    rng = random.Random(seed)
    late: list[bytes] = []
    written = order = 0
    with path.open("wb") as file:
        file.write(b"Order;Customer;Date;Category;Brand;Qty;Net Sales;Discount;Shop\n")
        while written < rows:
            order += 1
            who = rng.randint(1, people)
            buyer = rng.choice([f"p{who}@example.com", f"P{who}@EXAMPLE.com", str(who)])
            day = f"{13 + order % 15:02d}/{1 + order % 10:02d}/2026 {order % 24:02d}:15"
            for position in range(rng.randint(1, 4)):
                amount = f"{rng.randint(5, 90)},{rng.randint(0, 99):02d}"
                dirt = rng.random()
                cells = [f"T-{order}", buyer, day, rng.choice(["Whisky", "Wine", "Beer", ""]), "Oban", "1", amount,
                         "0", "Main St"]  # fmt: skip
                if dirt < 0.01:
                    cells[6] = f"-{amount}"
                elif dirt < 0.02:
                    cells[2] = "31/02/2026"
                elif dirt < 0.03:
                    cells[1] = "stranger@example.com"
                elif dirt < 0.035:
                    cells[1] = f"p{1 + who % people}@example.com"
                elif dirt < 0.04:
                    cells[6] = "=1+1"
                elif dirt < 0.045:
                    cells = cells[:4] if order % 2 else [*cells, "moved"]
                line = (";".join(cells) + "\n").encode()
                written += 1
                if position and rng.random() < 0.1:
                    late.append(line)
                else:
                    file.write(line)
        file.writelines(late)
