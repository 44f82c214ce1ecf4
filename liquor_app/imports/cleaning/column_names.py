"""What people and tools call the columns of their files, by the field they fill. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from liquor_app.imports.cleaning.european_names import CUSTOMERS_DE_FR, CUSTOMERS_PT_IT, PURCHASES_DE_FR
from liquor_app.imports.cleaning.orders.discount_columns import OF_ORDER, ORDER_TOTAL
from liquor_app.imports.cleaning.orders.money_names import BESIDE, PLAIN_GROSS, REFUNDED, TAX_RATE
from liquor_app.imports.cleaning.spanish_names import CUSTOMERS_ES, PRODUCTS_ES, PURCHASES_ES


def _numbers(*nouns: str) -> tuple[str, ...]:
    """Return what tills call the number of a thing: each noun with every word there is for it."""
    return tuple(f"{noun} {word}" for noun in nouns for word in ("id", "number", "no", "num", "nr"))


_ADDRESSES = (
    "default address",
    "address",
    "billing",
    "shipping",
    "mailing",
    "address 1",
    "primary",
    "home",
    "home address",
)


def _with(own: dict[str, tuple[str, ...]], *others: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return names with those of other languages behind them, of the same fields."""
    return {field: (*names, *(name for one in others for name in one.get(field, ()))) for field, names in own.items()}


def _places(*words: str) -> tuple[str, ...]:
    """Return what tools call a part of an address that is one of several: each word behind the name of the address,
    or before it ("City - Home")."""
    both = ((f"{address} {word}", f"{word} {address}") for address in _ADDRESSES for word in words)
    return tuple(name for names in both for name in names)


REGISTERS = tuple(
    name
    for noun in ("register", "cash register", "reg", "till", "terminal", "pos terminal", "pos station", "workstation")
    for name in (noun, f"{noun} name", *_numbers(noun))
)
"""What tills call themselves: they number their receipts, each its own."""
_PERCENTAGES = tuple(
    name
    for share in ("percent", "percentage", "pct", "rate")
    for name in (
        *(
            f"{off} {share}"
            for off in ("discount", "disc", "line discount", "item discount", "total discount", "markdown")
        ),
        *(f"{share} {off}" for off in ("discount", "disc", "off", "line discount", "markdown")),
    )
)


CUSTOMERS: dict[str, tuple[str, ...]] = {
    "email": (
        "email", "e-mail", "email address", "mail", "customer email", "contact email", "primary email", "email 1",
        "buyer email", "guest email", "client email", "member email", "email addr", "email adrs 1",
        "customer email address",
    ),
    "phone": (
        "phone", "phone number", "mobile", "mobile phone", "mobile number", "cell", "cell phone", "telephone", "tel",
        "sms", "customer phone", "phone 1", "primary phone", *_places("phone", "phone number", "telephone"),
        "cust phone", "cell number", "contact number", "contact phone", "buyer phone", "guest phone", "phone home",
        *(f"{one} {phone}" for one in ("mobile", "cell", "home", "work", "day", "evening", "main")
          for phone in ("phone", "phone number", "telephone", "tel")),
        *(f"phone {one}" for one in ("mobile", "cell", "home", "work", "other")),
    ),
    "external_id": (
        "external id", "customer code", "cust code", "client code", "member code", *_numbers("customer", "cust",
        "member", "loyalty", "account", "acct", "household", "client", "contact", "customer account", "cust acct",
        "guest", "patron", "shopper", "buyer"),
        "customer public id", "public customer id", "customer reference", "cust", "acct",
        "system id", "public id",
        "id",
    ),
    "name": ("name", "full name", "customer name", "contact name", "customer", "cust"),
    "first_name": ("first name", "given name", "forename", "first", "fname", "fst nam", "f name",
        *(f"{who} first name" for who in ("customer", "buyer", "guest", "contact", "client", "billing", "shipping")),
    ),
    "last_name": ("last name", "surname", "family name", "last", "lname", "lst nam", "l name",
        *(f"{who} last name" for who in ("customer", "buyer", "guest", "contact", "client", "billing", "shipping")),
    ),
    "city": ("city", "town", *_places("city")),
    "state": (
        "state", "province", "region", "state code", "state/region", "state/province", "province/state", "st",
        *_places("state", "region", "state code", "state/region", "state/province", "province", "province code"),
    ),
    "postal_code": (
        "zip cod", "postal code", "zip", "zip code", "postcode", "zip/postal code", "postal/zip code",
        "zip/postal", "postal/zip",
        *_places("zip", "zip code", "postal code", "postcode", "zip/postal code"),
    ),
    "country": ("country", "country code", *_places("country", "country code")),
    "timezone": ("timezone", "time zone", "tz"),
    "language": ("language", "locale", "lang"),
    "date_of_birth": (
        "date of birth", "dob", "birth date", "birthday", "born", "birth", "bday", "birthdate",
        *(f"{who} {born}" for who in ("customer", "cust", "client", "contact", "member", "guest", "buyer", "profile")
          for born in ("date of birth", "dob", "birth date", "birthday")),
    ),
    "email_consent": (
        "email consent", "email opt in", "email marketing consent", "accepts email marketing", "accepts marketing",
        "email subscribed", "subscribed", "subscriber", "is subscribed", "subscription status", "opt in", "opted in",
        "is opted in", "marketing opt in", "marketing consent", "marketing permission", "marketing preference",
        "communication preference", "communication preferences", "contact permission", "can email", "marketing",
        "consent", "newsletter", "newsletter subscriber", "newsletter subscription", "newsletter subscribed",
        "newsletter opt in", "subscribed to newsletter", "receives newsletter", "email subscriber",
        "email subscription", "email marketing", "marketing emails", "mailing list", "email list",
    ),
    "sms_consent": (
        "sms consent", "sms opt in", "sms marketing consent", "accepts sms marketing", "sms subscribed",
        "sms subscriber", "sms subscription", "sms marketing", "text opt in", "can text",
    ),
    "consent_source": ("consent source", "opt in source", "source of consent", "signup source"),
    "consent_wording": (
        "consent wording", "consent text", "consent language", "consent statement", "opt in wording", "opt in text",
        "opt in language", "consent evidence", "proof of consent", "disclosure",
    ),
    "email_consent_wording": (), "sms_consent_wording": (),
    "consent_ip": ("consent ip", "opt in ip", "optin ip", "confirm ip", "signup ip", "sign up ip"),
    **{
        f"{channel}_consent_at": tuple(
            f"{channel} {of} {when}"
            for of in ("consent", "opt in", "optin", "subscription", "marketing consent", "marketing opt in", "signup")
            for when in ("at", "on", "date", "time", "timestamp")
        )
        for channel in ("email", "sms")
    },
    **{
        f"{channel}_consent_source": tuple(
            f"{channel} {of} source"
            for of in ("consent", "opt in", "optin", "subscription", "marketing consent", "marketing opt in", "signup")
        )
        for channel in ("email", "sms")
    },
    "tags": ("tags", "tag", "customer tags", "labels", "groups", "group"),
    "age_checked_at": ("age checked at", "age checked on", "age verified at", "age verified on", "id checked on"),
    "age_check": ("age check", "age checked by", "age verified by", "age proof", "proof of age", "id check"),
    "given_up": ("email suppressions", "suppressions", "suppression reason"),
    "consent_at": (
        "consent at", "consent date", "opt in date", "opt in time", "opted in at", "subscribed at",
        "consent timestamp", "consent time", "opt in timestamp", "subscribed on", "date subscribed", "subscribe date",
    ),
    # known by `refusal_field`, whatever stands beside the words
    "email_opt_out": (), "sms_opt_out": (), "call_opt_out": (), "opt_out": (), "objection": (), "profiling_opt_out": (),
    # … and by `dead_field`
    "email_bounced": (), "sms_bounced": (), "email_valid": (), "sms_valid": (), "complained": (), "suppressed": (),
    "email_suppressed": (), "sms_suppressed": (),
    # … and by `list_status`
    "email_status": (), "sms_status": (),
}  # fmt: skip

_OF_ANY = ("id", "system id", "public id")
"""What tools call the number of whatever a file's rows are: of customers in a file of customers alone."""

PURCHASES: dict[str, tuple[str, ...]] = {
    "order_id": (
        *_numbers("order", "transaction", "trans", "tran", "tkt", "check", "receipt", "basket", "invoice", "ticket",
        "sale", "bill", "inv", "txn", "trx", "doc", "document", "docket", "slip"),
        "order", "receipt", "basket", "invoice", "ticket", "trans", "transaction", "check", "inv", "txn", "trx",
        "docket", "order uuid", "order guid", "delivery uuid", "delivery id",
        "reference", "reference number", "ref", "ref number", "ref no", "id",
    ),
    "customer": (
        "customer", "cust", "customer key", "buyer", "customer contacts", "customer contact", "customer contact info",
        "contact info", "contact details",
    ),
    "email": CUSTOMERS["email"],
    "external_id": tuple(name for name in CUSTOMERS["external_id"] if name not in _OF_ANY),
    "phone": CUSTOMERS["phone"],
    "occurred_at": (
        "occurred at", "purchased at", "purchase date", "order date", "transaction date", "sale date", "sold at",
        "business date", "bus dat", "tkt dat", "ticket date", "invoice date", "receipt date", "date time",
        "datetime", "timestamp", "transaction timestamp", "date", "created at", "date created", "created date",
        "created on",
        "created", "tdate", "trans date", "tran date", "txn date", "sales date", "date of sale",
        "completed at",
        "completed date", "closed at", "closed date", "paid at", "date paid", "payment date",
        "order placed", "order submitted date", "submitted date", "submitted at",
        "order created", "order created at",
        "order placed at", "order placed date", "order paid date", "date ordered",
        "placed at", "date placed", "ordered at", "opened", "time",
    ),
    "time_of_day": (
        "time of day", "time", "ttime", "purchase time", "order time", "transaction time", "sale time", "sales time",
        "receipt time", "ticket time", "check time", "invoice time", "inv time", "trans time", "tran time", "txn time",
        "tkt time", "bill time", "sold time", "checkout time", "closed time", "hora", "hora de venta",
    ),
    "category": ("category", "product category", "department", "dept", "product type", "type"),
    "brand": ("brand", "brand name", "vendor", "manufacturer", "producer"),
    "product": (
        "product", "product name", "item", "item name", "sku", "product id", "lineitem name", "description", "article",
        "item description", "descr", "descript",
    ),
    "sku": (
        "sku", "item sku", "lineitem sku", "product sku", "product code", "item code", "item number", "product number",
        "stock code", "plu", "upc", "barcode",
    ),
    "quantity": ("quantity", "qty", "units", "count", "lineitem quantity", "qty sold", "quantity sold", "units sold"),
    "amount": (
        "amount", "line total", "net sales", "net revenue", "sales value", "line amount", "net amount", "total",
        "subtotal",
        "net total", "value", "revenue", "gross sales", "gross revenue", "gross item sales",
        "gross product sales", "item gross sales", "line gross sales", "extended price", "ext price", "ext prc",
        "extended amount",
        "extended", "ext amount", "ext retail", "extended retail", "ext sell", "extended sell", "ext selling price",
        "ext sales", "extended sales", "ext net", "extended net", "net amt", "total net", "net sales amount",
        "order line total", "item total", "item amount", "line amt", "ext amt", "item net", "line net",
        "sale amount", "total retail", "total sell",
        "sales amount", "amount sold", "amount after discount", "net price", "summe brutto", "brutto", "bruttobetrag",
        "gesamtbetrag", *PLAIN_GROSS,
    ),
    "unit_price": (
        "unit price", "price", "price each", "lineitem price", "prc", "unit prc", "gross price", "gross unit price",
        "price per unit", "unit amount", "each", "item price", "sale price", "sold price", "selling price",
        "sell price",
        "actual price", "our price", "price paid", "product price", "unit retail", "retail price", "retail",
        "price per", "price ea", "unit sell", "sell",
        "shelf price", "regular price",
        "unit price before discount", "price before discount",
    ),
    "discount": (
        "discount", "discount amount", "line discount", "discounts", "discounts comps", "discounts and comps",
        "discounts coupons", "discounts and coupons", "savings", "total discount", "discount total",
        "total discounts", "discounts total", "total discount amount", "line discount amount", "item discount",
        "item discount amount", "order discount", "promo discount", "promotion discount", "promotional discount",
        "discount value", "discount applied", "discount given", "amount discounted", "discounted amount", "amount off",
        "markdown", "markdowns", "markdown amount", "disc", "disc amount", "disc amt", "discount amt", "total savings",
        *_PERCENTAGES,
    ),
    "coupon_discount": ("coupon discount", "coupon amount", "coupon value", "coupon savings"),
    "store": ("store", "store name", "store id", "store number", "store no", "shop", "location", "branch", *REGISTERS),
    "register": REGISTERS,
    "coupon_code": ("coupon code", "coupon", "promo code", "discount code", "voucher"),
    "currency": ("currency", "currency code", "order currency"),
    "is_alcohol": ("is alcohol", "alcohol", "contains alcohol"),
    "refund_of": (
        *(
            f"{of} {order}"
            for of in ("original", "orig", "parent", "refunded", "returned", "voided", "refund of", "return of")
            for noun in (
                "order", "receipt", "transaction", "trans", "invoice", "ticket", "sale", "check", "basket", "inv",
                "txn", "trx", "doc", "document",
            )
            for order in (noun, *_numbers(noun))
        ),
        "refund of", "return of", "void of", "refunds order", "refund for", "refund for order",
    ),
    # known by `NetMoney`, where an amount holds them
    **dict.fromkeys((OF_ORDER, ORDER_TOTAL, *BESIDE, REFUNDED, TAX_RATE), ()),
}  # fmt: skip

PRODUCTS: dict[str, tuple[str, ...]] = {
    "sku": (
        "sku", "item number", "item no", "item code", "product code", "product id", "item id", "plu", "stock code",
        "code", "id",
    ),
    "upc": ("upc", "upc code", "barcode", "bar code", "gtin", "ean", "main upc"),
    "name": ("name", "product name", "item name", "product", "item", "title", "description", "item description"),
    "category": ("category", "product category", "department", "dept", "categories", "product type", "type"),
    "brand": (*PURCHASES["brand"], "brands"),
    "price": (
        "price", "regular price", "retail price", "retail", "unit price", "selling price", "default price",
        "default sell price", "sell price", "list price", "msrp",
    ),
    "sale_price": ("online sale price", "sale price", "promo price", "special price", "discount price", "club price"),
    "cost": (
        "cost", "unit cost", "avg cost", "average cost", "default cost", "cost price", "last cost", "cost per item",
        "default unit cost", "cost of goods", "item cost", "net cost", "case cost each", "landed cost",
        "supply price", "supplier price", "purchase price", "purchase cost", "wholesale price",
    ),
    "minimum_price": ("minimum price", "min price", "minimum bottle price", "min bottle price", "state minimum price"),
    "stock": (
        "stock", "quantity on hand", "qty on hand", "on hand", "qoh", "quantity", "qty", "inventory", "stock level",
        "stock quantity", "available", "remaining",
    ),
    "active": (
        "active", "is active", "item active", "product active", "active flag", "enabled", "is enabled", "for sale",
        "sellable", "discontinued", "is discontinued", "inactive", "is inactive", "archived", "is archived",
        "product status", "item status", "active status",
    ),
    "currency": PURCHASES["currency"],
}  # fmt: skip

KINDS = {
    "customers": _with(CUSTOMERS, CUSTOMERS_ES, CUSTOMERS_DE_FR, CUSTOMERS_PT_IT),
    "purchases": _with(PURCHASES, PURCHASES_ES, PURCHASES_DE_FR),
    "products": _with(PRODUCTS, PRODUCTS_ES),
}
IDENTITY = {
    "customers": ("email", "phone", "external_id"),
    "purchases": ("customer", "email", "phone", "external_id"),
    "products": ("sku", "upc"),
}
WHO = {"customers": "who the customer is", "purchases": "who the customer is", "products": "which product it is"}
EVIDENCE = ("consent_source", "consent_at")


BY_VALUES: dict[str, tuple[str, ...]] = {
    "customers": ("email", "phone"),
    "purchases": ("occurred_at", "amount", "email", "phone"),
    "products": (),
}
"""Fields that are found by their cells where no column's name tells."""


_BIRTH = re.compile(
    r"birth|geburt|geboren|naissance|nacimiento|nascita|nascimento|cumplea|\b(?:\w*dob|b.?day\d*|born)\b", re.IGNORECASE
)


def births_of(columns: Sequence[str]) -> set[int]:
    """Return the places of columns that are called as dates of birth are, whether or not anything is read from them."""
    return {place for place, name in enumerate(columns) if _BIRTH.search(name.replace("_", " "))}
