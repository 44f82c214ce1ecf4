"""Which column is which: by the names people give their columns, and by what stands in them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import partial

from liquor_app.core.errors import Invalid, Unknown
from liquor_app.customers.labels.custom_values import split_name
from liquor_app.imports.cleaning.amounts import without_unit
from liquor_app.imports.cleaning.answers.asked_channels import ASKED, NOT_ASKED, OF_OFFERS, asks, is_of_offers
from liquor_app.imports.cleaning.answers.coded_columns import coded_field, is_opting
from liquor_app.imports.cleaning.answers.consent_columns import consent_statuses, reasons_of_leaving
from liquor_app.imports.cleaning.answers.dead_addresses import (
    column_words,
    counts_all,
    dead_field,
    holds_dead,
    status_field,
    tells_of_life,
    tells_why,
)
from liquor_app.imports.cleaning.answers.heard_columns import SEVERAL, field_of, free_name
from liquor_app.imports.cleaning.answers.leaving_reasons import suppression_list
from liquor_app.imports.cleaning.answers.other_ways import APPS, LETTERS, may_be_another, other_way, without_remark
from liquor_app.imports.cleaning.answers.refusals import (
    CONSENTS,
    holds_refusals,
    is_of_letters,
    refusal_field,
    says_no,
    tells_of_leaving,
)
from liquor_app.imports.cleaning.answers.status_columns import (
    STATUSES,
    holds_answers,
    is_list,
    list_status,
    says_of_marketing,
)
from liquor_app.imports.cleaning.cell_kinds import OF_FIELD, CellKind, are_given_names, are_names, contradicts, kind_of
from liquor_app.imports.cleaning.column_names import BY_VALUES, IDENTITY, KINDS, WHO
from liquor_app.imports.cleaning.moment_cells import without_zone
from liquor_app.imports.cleaning.net_money import NetMoney
from liquor_app.imports.cleaning.orders.money_names import TAX_RATE, bare_of_tax, tax_rate
from liquor_app.imports.cleaning.orders.refunds_of import FIELD as REFUND_OF
from liquor_app.imports.cleaning.orders.row_kinds import tells_kinds
from liquor_app.imports.cleaning.products.product_columns import product_columns
from liquor_app.imports.profiles.tool_profile import Profile, plain, put_together
from liquor_app.imports.profiles.tool_profile import mapping as profile_mapping
from liquor_app.imports.readers.row_reader import Record


def guess_mapping(
    columns: Sequence[str], kind: str, profile: Profile | None = None, sample: Sequence[Record] = ()
) -> dict[str, str]:
    """Return field → column: a known tool's own, else by the names columns usually have and by what stands in them; a
    column serves one field. Of fields that say no, each further column is there too (`field_of`).

    A column whose cells are plainly something else (`Mobile` that says yes and no) is not what its name says, and
    addresses, numbers, dates and amounts are found under any name, where one column alone can be meant.

    Consent columns are taken with or without where and when it was given: without evidence there is no consent, but
    whoever says no is always heard.
    """
    by_name: dict[str, str] = {}
    known = {plain(one) for synonyms in KINDS[kind].values() for one in synonyms}
    # "Customer #" is no customer's name, "Item #" no product's
    numbers = {column: name for column in columns if "#" in column and (name := _numbered(column)) in known}
    for column in columns:
        by_name.setdefault(numbers.get(column) or plain(column.replace("%", " percent")), column)
    for column in columns:
        if column not in numbers:
            bare = without_zone(column)
            by_name.setdefault(plain(bare if kind == "customers" else without_unit(bare)), column)
    for column in columns if kind == "customers" else ():
        by_name.setdefault(plain(without_remark(column)), column)
    cells_of = partial(_cells, columns=columns, sample=sample)
    if profile is not None:
        by_tool = profile_mapping(profile, columns)
        tags = [by_name[one] for one in map(plain, KINDS[kind].get("tags", ())) if one in by_name]
        free = [one for one in columns if one not in {*by_tool.values(), *put_together(profile, columns)}]
        more = _noes(free, columns, sample, of_tool=True) if kind == "customers" else {}
        if kind == "customers":
            more |= _further_noes(free, columns, sample, {*by_tool, *more}, {*more.values()})
            free = [one for one in free if one not in more.values()]
            more |= consent_statuses(free, cells_of, more, by_tool)
        return {**by_tool, **more, **({"tags": tags[0]} if tags and tags[0] not in by_tool.values() else {})}
    are = _kinds(columns, sample)
    filled = [one.cells for one in sample if not one.problem]
    found: dict[str, str] = _noes(columns, columns, sample) if kind == "customers" else {}
    if kind == "customers":
        found |= reasons_of_leaving(columns, found)
    for field, synonyms in KINDS[kind].items():
        for synonym in synonyms:
            match = by_name.get(plain(synonym))
            if match is None or match in found.values() or _is_another(field, are[match]):
                continue
            if field == "external_id" and plain(match) == "cust" and are_names(_cells(match, columns, sample)):
                continue  # a customer's number, or their name
            if field == "category" and kind == "purchases" and tells_kinds(columns, columns.index(match), filled):
                continue
            if field in CONSENTS and (field in found or _MAY_NAME.search(column_words(match))):
                cells = _cells(match, columns, sample)
                if any(map(str.strip, cells)) and not holds_answers(cells):
                    continue
                # of a further one the noes count, its yes says nothing new
                found[free_name(_NOES_OF[field], found) if field in found else field] = match
            elif field not in found or field == "given_up":
                found[free_name(field, found)] = match
    if kind == "customers":
        found = _with_consents(found, columns, sample)
    if kind == "products":
        found = product_columns(found, columns, sample)
    if kind == "purchases" and _is_name(found, are, columns, sample):
        del found["customer"]
    if kind == "purchases":
        money = NetMoney(found, columns, sample)
        paid, replaced = money.mapping(), money.replaced()
        found = {field: column for field, column in found.items() if field not in replaced} | paid
    if kind == "purchases" and not {"amount", "unit_price"} & found.keys():
        prices = (one for one in columns if one not in found.values() and bare_of_tax(one) in ("price", "unit price"))
        found |= {"unit_price": price} if (price := next(prices, None)) else {}
    found |= _by_values(columns, kind, are, found, sample)
    if kind == "purchases" and (rate := tax_rate(found, columns)) and rate not in found.values():
        found[TAX_RATE] = rate
    if kind == "customers":
        why = suppression_list(columns, {one: cells_of(one) for one in columns}, found)
        found = {name: column for name, column in found.items() if column not in why.values()} | why
    return found | (consent_statuses(columns, cells_of, found) if kind == "customers" else {})


def _is_name(
    found: Mapping[str, str], are: Mapping[str, CellKind | None], columns: Sequence[str], sample: Sequence[Record]
) -> bool:
    """Tell whether what is called "Customer" holds names of people, beside another column that says who they are: given
    names alone beside an address, whole ones beside anything."""
    if "customer" not in found:
        return False
    cells = _cells(found["customer"], columns, sample)
    if not are_names(cells) and not ("email" in found and are_given_names(cells)):
        return False
    others = {are[one] for one in columns if one not in found.values()} & {CellKind.EMAIL, CellKind.PHONE}
    return bool(others) or any(field in found for field in IDENTITY["purchases"] if field != "customer")


def _numbered(column: str) -> str:
    return plain(column.replace("#", " number "))


def _with_consents(found: dict[str, str], columns: Sequence[str], sample: Sequence[Record]) -> dict[str, str]:
    """Return the mapping with a status as a consent where no other column is one and its words say that it is."""
    named: dict[str, str] = {}
    for name, column in found.items():
        consent = f"{STATUSES[field]}_consent" if (field := field_of(name)) in STATUSES else ""
        is_consent = consent and consent not in {*found, *named} and (
            says_of_marketing(column) or is_opting(column) or _says_subscribed(_cells(column, columns, sample))
        )  # fmt: skip
        named[consent if is_consent else name] = column
    return named


_OF_EMAIL = re.compile(r"^(?!.*\b(?:sms|texts?|mms|mobile|phone)\b).*\b(?:e ?mails?|newsletters?)\b")
_WAYS = {LETTERS: "letters", APPS: "an app's messages"}
_MAY_NAME = re.compile(r"\b(?:newsletter|list)\b")
"""A column of it may hold which one somebody reads."""
_NOES_OF = {f"{channel}_consent": field for field, channel in STATUSES.items()}
"""Consent → the field of columns of which only a no counts."""


def _is_another(field: str, kind: CellKind | None) -> bool:
    """Tell whether a column is not what its name says. A day tells a consent too ("Email Opt In: 2024-05-01")."""
    return contradicts(field, kind) and not (field in CONSENTS and kind is CellKind.MOMENT)


def _cells(column: str, columns: Sequence[str], sample: Sequence[Record]) -> list[str]:
    return [one.cells[columns.index(column)] for one in sample if not one.problem]


def _says_subscribed(cells: Sequence[str]) -> bool:
    return kind_of(cells) is CellKind.ANSWER and any("subscri" in cell.lower() for cell in cells)


def _noes(
    free: Sequence[str], columns: Sequence[str], sample: Sequence[Record], *, of_tool: bool = False
) -> dict[str, str]:
    """Return all the columns that say who refused, or whose address is dead: a field's further ones by its name with a
    number, so that none is lost. A consent by its name is one in whatever codes, but in a known tool's file."""
    found: dict[str, str] = {}
    consents = {plain(one) for field in CONSENTS for one in (() if of_tool else KINDS["customers"][field])}
    of_list = is_list(columns)
    for column in free:
        cells, way = _cells(column, columns, sample), other_way(column)
        if counts_all(column, columns):
            continue
        if not way and plain(column) not in consents and (field := coded_field(column, cells)) is not None:
            is_one = True
        elif (field := dead_field(column)) is not None:
            is_one = tells_why(column) or holds_dead(cells)
        elif way in (LETTERS, APPS):
            continue
        elif (field := _status(column, cells, of_list=of_list)) is not None:
            is_one = True
        else:
            field = None if is_of_letters(column, columns) else refusal_field(column)
            is_one = holds_refusals(cells) or tells_of_leaving(column, cells)
        if field and is_one:
            found[free_name(field, found)] = column
    return found


def _further_noes(
    free: Sequence[str],
    columns: Sequence[str],
    sample: Sequence[Record],
    taken: Collection[str],
    heard: Collection[str],
) -> dict[str, str]:
    """Return columns of consents beside a known tool's own, of which the noes count alone."""
    more: dict[str, str] = {}
    names = {field: set(map(plain, KINDS["customers"][field])) for field in CONSENTS}
    for column in free:
        cells = _cells(column, columns, sample)
        if column in heard or other_way(column, columns) or not holds_answers(cells):
            continue
        field = next((one for one in CONSENTS if plain(column) in names[one] or asks(one, column)), None)
        if field is not None or is_of_offers(column, kind_of(cells), cells):
            more[free_name(_NOES_OF[field or "email_consent"], {*taken, *more})] = column
    return more


def _status(column: str, cells: Sequence[str], *, of_list: bool) -> str | None:
    """Return the field of a column that tells whether an address lives, or what a list makes of somebody."""
    field = status_field(column)
    if field is not None and tells_of_life(cells) and not _says_subscribed(cells):
        return field
    return list_status(column, cells, of_list=of_list)


def _kinds(columns: Sequence[str], sample: Sequence[Record]) -> dict[str, CellKind | None]:
    rows = [one.cells for one in sample if not one.problem]
    return {column: kind_of([cells[place] for cells in rows]) for place, column in enumerate(columns)}


def _by_values(
    columns: Sequence[str],
    kind: str,
    are: Mapping[str, CellKind | None],
    found: Mapping[str, str],
    sample: Sequence[Record],
) -> dict[str, str]:
    """Return what is found by cells alone: the first column of addresses, and what one column alone can be."""
    more: dict[str, str] = {}
    known = {*found, *(("amount",) if "unit_price" in found else ()), *(IDENTITY[kind] if "customer" in found else ())}
    free = [one for one in columns if one not in found.values()]
    for field in BY_VALUES[kind]:
        fitting = [one for one in free if are[one] is OF_FIELD[field] and one not in more.values()]
        if field not in known and (len(fitting) == 1 or (fitting and field == "email")):
            more[field] = fitting[0]
    for field, words in ASKED.items() if kind == "customers" else ():
        about = [
            one for one in free
            if are[one] is CellKind.ANSWER and any(word in plain(one) for word in words) and one not in more.values()
            and not says_no(one) and not NOT_ASKED.search(column_words(one)) and not other_way(one, columns)
        ]  # fmt: skip
        unsure = [one for one in about if may_be_another(one)]
        about = [one for one in about if one not in unsure]
        if field == "email_consent":  # of offers, whatever the channel: theirs, where no other is about e-mail
            of_all = [one for one in free if is_of_offers(one, are[one], _cells(one, columns, sample))
                      and one not in (*about, *more.values())]  # fmt: skip
            about, of_all = (about, of_all) if about else (of_all, [])
        else:
            of_all = []
        if field not in found and len(about) == 1:
            more[field] = about[0]
            about = []
        if not about and not of_all and len(unsure) == 1:  # a no is one, whatever it is to
            more[free_name(_NOES_OF[field], {*found, *more})] = unsure.pop()
        for one in (*unsure, *about, *of_all):  # which of them is meant does not tell: nobody's yes, but everybody's no
            if OF_OFFERS.search(column_words(one)):
                more[free_name(_NOES_OF[field], {*found, *more})] = one
    return more


def positions(mapping: Mapping[str, str], columns: Sequence[str]) -> dict[str, int]:
    """Return field → position of its column; columns the file has not are left out."""
    at = {column: position for position, column in enumerate(columns)}
    return {field: at[column] for field, column in mapping.items() if column in at}


def check_fields(mapping: Mapping[str, str], kind: str) -> None:
    """Check, or raise Invalid: a field that a file of this kind cannot fill."""
    for field in mapping:
        if field_of(field) not in KINDS[kind] and not (kind == "customers" and split_name(field)):
            raise Unknown(
                f"mapping: there is no field {field[:40]!r}; known are {', '.join(KINDS[kind])}", field="mapping"
            )


def check_mapping(
    mapping: Mapping[str, str] | None,
    columns: Sequence[str],
    kind: str,
    *,
    profile: Profile | None = None,
    made: Collection[str] = (),
    sample: Sequence[Record] = (),
) -> dict[str, int]:
    """Return field → position of its cell: the given mapping, else the guessed one; columns that say no, whatever the
    given one makes of them; then what is made beside them.

    Args:
        profile: the tool whose export it is, if one is known.
        sample: the first rows, by which columns are known whose names do not tell.
        made: fields whose cells stand behind those of the columns, in this order; they win over columns of theirs.

    Raises:
        Invalid: an unknown field or column, nothing that says who the customer is, or a purchase without a time or an
            amount.
    """
    chosen = dict(mapping) if mapping else guess_mapping(columns, kind, profile, sample)
    check_fields(chosen, kind)
    for name, column in chosen.items():
        if column not in columns:
            raise Invalid(f"mapping: the file has no column {column!r}; it has {_shown(columns)}", field="mapping")
        if field_of(name) in CONSENTS and (refusal := refusal_field(column) or dead_field(column)):
            raise Invalid(
                f"The column “{column}” says who refused: a yes in it is a no. Map {refusal} to it, not {name}.",
                field="mapping",
            )
        if field_of(name) in CONSENTS and says_no(column):
            raise Invalid(
                f"The column “{column}” names an exclusion, and a yes in it may be a no. Leave it out, map opt_out to"
                " it if a yes is a no, or rename it in the file so that it says what a yes agrees to.",
                field="mapping",
            )
        if field_of(name) in CONSENTS and (way := other_way(column)) in (LETTERS, APPS):
            raise Invalid(
                f"The column “{column}” is about {_WAYS[way]}: a yes in it agrees to neither e-mail nor texts.",
                field="mapping",
            )
        if field_of(name) == "sms_consent" and _OF_EMAIL.search(column_words(column)):
            raise Invalid(f"The column “{column}” is about e-mail: a yes in it agrees to no texts.", field="mapping")
    if not any(field in chosen or field in made for field in IDENTITY[kind]):
        raise Invalid(
            f"No column says {WHO[kind]} ({', '.join(IDENTITY[kind])}). The file has {_shown(columns)}.",
            field="mapping",
        )
    if kind == "purchases":
        for wanted, ways in (("occurred_at", ("occurred_at",)), ("amount", ("amount", "unit_price"))):
            if not any(field in chosen or field in made for field in ways):
                raise Invalid(f"No column holds {wanted}. The file has {_shown(columns)}.", field="mapping")
    if kind == "customers" and mapping:
        chosen |= _unheard(chosen, guess_mapping(columns, kind, profile, sample))
    elif mapping:
        missing = [one for one in _NEVER_LEFT_OUT if one in KINDS[kind] and one not in (*chosen, *made)]
        guessed = guess_mapping(columns, kind, profile, sample) if missing else {}
        for field in missing:
            if (named := guessed.get(field)) and named not in chosen.values():
                chosen[field] = named
    behind = {field: len(columns) + number for number, field in enumerate(made)}
    return positions(chosen, columns) | behind


_NEVER_LEFT_OUT = ("currency", REFUND_OF, "register")
"""Fields of columns no mapping may leave out: euros would be added as dollars, refunds be nobody's, and receipts of two
registers one order."""


def _unheard(chosen: Mapping[str, str], guessed: Mapping[str, str]) -> dict[str, str]:
    """Return the columns that say no and that a mapping leaves out or takes for something else: nobody's choice of
    columns silences a no. Of a column of consents only the noes are heard."""
    more: dict[str, str] = {}
    heard = {column for name, column in chosen.items() if field_of(name) in SEVERAL}
    for name, column in guessed.items():
        if (field := field_of(name)) in SEVERAL and column not in heard:
            more[free_name(_NOES_OF.get(field, field), {*chosen, *more})] = column
    return more


def _shown(columns: Sequence[str]) -> str:
    names = ", ".join(columns[:20])
    return f"the columns {names}" + (" and more" if len(columns) > 20 else "")
