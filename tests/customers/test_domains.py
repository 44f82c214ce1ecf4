"""Domains of e-mail addresses in other letters, as mail servers have them (IDNA 2008, RFC 5891)."""

from __future__ import annotations

import hmac

import pytest
from sqlalchemy import create_engine, pool, text

from alembic import command
from liquor_app.core.errors import Invalid
from liquor_app.core.platform import migrate
from liquor_app.core.security.pepper import ensure_pepper
from liquor_app.customers.addresses import normalise_email


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("ann@straße.de", "ann@xn--strae-oqa.de"), ("ann@STRASSE.de", "ann@strasse.de"),
        ("ann@MÜNCHEN.example", "ann@xn--mnchen-3ya.example"), ("ann@exämple。com", "ann@xn--exmple-cua.com"),
        ("ann@βόλος.com", "ann@xn--nxasmm1c.com"),
    ],
)  # fmt: skip
def test_a_domain_is_the_one_that_is_meant(written: str, kept: str) -> None:
    assert normalise_email(written) == kept


@pytest.mark.parametrize("written", ["ann@☃.com", "ann@ü-.com", "ann@" + "ü" * 64 + ".com", "ann@\u0301a.com"])
def test_what_no_registry_gives_out_is_no_domain(written: str) -> None:
    with pytest.raises(Invalid):
        normalise_email(written)


def hashed(url: str, address: str) -> bytes:
    return hmac.digest(ensure_pepper(url), address.encode(), "sha256")


@pytest.mark.integration
def test_keys_of_before_are_made_anew_and_a_no_goes_along(copied_database: str) -> None:
    """`straße.de` was kept as `strasse.de`, which is somebody else's domain."""
    config = migrate.alembic_config(copied_database)
    engine = create_engine(copied_database, poolclass=pool.NullPool)
    command.downgrade(config, "0084")
    people = {
        "Ann@Straße.de": "ann@strasse.de", "bo@straße.de": "bo@strasse.de", "cy@strasse.de": "cy@strasse.de",
        "di@münchen.example": "di@xn--mnchen-3ya.example", "ed@straße.de": "ed@strasse.de",
    }  # fmt: skip
    with engine.begin() as connection:
        for written, key in {**people, "ED@straße.de": "ed@xn--strae-oqa.de"}.items():
            connection.execute(
                text("INSERT INTO customers (email, email_key) VALUES (:written, :key)"),
                {"written": written, "key": key},
            )
        for key, lifted in (("bo@strasse.de", None), ("ann@strasse.de", "2026-01-02"), ("ed@strasse.de", None)):
            connection.execute(
                text(
                    "INSERT INTO suppressions (address_hash, address, reason, source, lifted_at)"
                    " VALUES (:hash, :key, 'unsubscribed', 'link', :lifted)"
                ),
                {"hash": hashed(copied_database, key), "key": key, "lifted": lifted},
            )
    command.upgrade(config, "head")
    with engine.begin() as connection:
        kept = dict(map(tuple, connection.execute(text("SELECT email, email_key FROM customers"))))
        noes = connection.execute(text("SELECT address, address_hash FROM suppressions WHERE lifted_at IS NULL"))
        listed = {row.address: bytes(row.address_hash) for row in noes}
    assert kept == {
        "Ann@Straße.de": "ann@xn--strae-oqa.de", "bo@straße.de": "bo@xn--strae-oqa.de",
        "cy@strasse.de": "cy@strasse.de", "di@münchen.example": "di@xn--mnchen-3ya.example",
        "ed@straße.de": "ed@strasse.de", "ED@straße.de": "ed@xn--strae-oqa.de",
    }, "two of one address stay two: they are likely doubles"  # fmt: skip
    both = ("bo@strasse.de", "bo@xn--strae-oqa.de", "ed@strasse.de", "ed@xn--strae-oqa.de")
    assert listed == {key: hashed(copied_database, key) for key in both}
