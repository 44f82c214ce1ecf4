"""Rotating the secret keys: nobody suppressed is forgotten, no link in a mailbox breaks, every credential opens."""

from __future__ import annotations

import hmac
import os
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from liquor_app.accounts.entry.passwords import Hashed
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.accounts.tokens import issue_tokens, token_actor
from liquor_app.accounts.users import register_first_admin
from liquor_app.core import config
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Invalid, Unauthenticated
from liquor_app.core.ids import uuid7
from liquor_app.core.security import crypto, key_rotation, pepper
from liquor_app.core.security.crypto import decrypt, derive, encrypt, sign, unsign
from liquor_app.customers.addresses import address_hash
from liquor_app.imports.uploads import add_upload
from liquor_app.organization.models import Channel
from liquor_app.organization.service import default_brand
from liquor_app.providers.service import configure_channel, load_routes, open_provider
from liquor_app.schema import metadata
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.pipeline.launch import launch_campaign
from liquor_app.sending.recipients.unsubscribe import message_of, unsubscribe, unsubscribe_url
from liquor_app.sending.tracking.links import Tracker, link_of, read_link, read_pixel
from tests.factories import add_people, add_played_campaign, open_shop
from tests.people import add_customer
from tests.sending.test_pump import sends

OLD, NEW = "an-old-key-" + "o" * 32, "a-new-key-" + "n" * 32


def ring(monkeypatch: pytest.MonkeyPatch, *secrets: str) -> None:
    """As if every process was restarted with this ring."""
    monkeypatch.delenv("LIQUOR_SECRET_KEY", raising=False)
    monkeypatch.setenv("LIQUOR_SECRET_KEYS", ",".join(secrets))
    config.get_settings.cache_clear()
    monkeypatch.setattr(pepper, "_known", None)


@pytest.fixture
def old(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop as it was before there was a ring: one key."""
    monkeypatch.setenv("LIQUOR_SECRET_KEY", OLD)
    config.get_settings.cache_clear()
    monkeypatch.setattr(pepper, "_known", None)


async def test_who_left_stays_away_through_every_rotation(old: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the old key: a message goes out, one person leaves. Rotated, and the old key forgotten: nobody writes."""
    async with transaction() as session:
        await open_shop(session)
        gone, other = await add_people(session, 2)
        first = await add_played_campaign(session, [gone, other])
        await launch_campaign(session, SYSTEM, first)
    await Dispatcher().pump_once()
    mailed = {row.customer_id: row.id for row in await sends(first)}
    async with transaction() as session:
        await unsubscribe(session, unsubscribe_url(mailed[gone]).rsplit("/", 1)[1])
        # only the list itself keeps them away
        await session.execute(text("UPDATE customers SET email_consent = 'given'"))
    link = unsubscribe_url(mailed[other]).rsplit("/", 1)[1]
    for secrets in ((NEW, OLD), (NEW,)):
        ring(monkeypatch, *secrets)
        if len(secrets) > 1:
            async with transaction() as session:
                assert (await key_rotation.rotate_keys(session, metadata)).resealed >= 1
        async with transaction() as session:
            again = await add_played_campaign(session, [gone, other])
            await launch_campaign(session, SYSTEM, again)
        await Dispatcher().pump_once()
        said = {row.customer_id: row.skip_reason for row in await sends(again) if row.status == "skipped"}
        assert said.get(gone) == "suppressed"
    with pytest.raises(Invalid, match="damaged"):
        message_of(link)  # its key is retired
    ring(monkeypatch, NEW, OLD)
    async with transaction() as session:
        await unsubscribe(session, link)  # mailed before the rotation
        found = await session.execute(text("SELECT count(*) FROM suppressions WHERE lifted_at IS NULL"))
        assert found.scalar_one() == 2


async def test_hashes_are_those_of_before_the_ring(old: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade changes no hash: the pepper is what the one key gave, and stays when the key goes."""
    before = hmac.digest(derive(OLD.encode(), "suppression"), b"ann@example.com", "sha256")
    assert address_hash("ann@example.com") == before
    ring(monkeypatch, NEW, OLD)
    assert address_hash("ann@example.com") == before
    async with transaction() as session:
        await key_rotation.rotate_keys(session, metadata)
    ring(monkeypatch, NEW)
    assert address_hash("ann@example.com") == before


async def test_a_key_that_was_swapped_stops_everything(old: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who changes the key without keeping the old one cannot write to anybody by mistake."""
    address_hash("ann@example.com")
    ring(monkeypatch, NEW)
    with pytest.raises(Conflict, match="nothing is sent"):
        address_hash("ann@example.com")


async def test_links_of_before_work_and_forgeries_do_not(old: None, monkeypatch: pytest.MonkeyPatch) -> None:
    send = uuid7()
    tracker, link = Tracker(send, clicks=True, opens=True), link_of("link-1", "https://example.com/x")
    assert link is not None
    click, pixel = tracker.click(link), tracker.pixel()
    signed = sign("preferences", {"c": "1"})
    ring(monkeypatch, NEW, OLD)
    assert unsign("preferences", signed) == {"c": "1"}
    assert read_pixel(pixel.rsplit("/", 1)[1].removesuffix(".gif")) == send
    token = click.rsplit("/", 1)[1]
    assert read_link(token).address == "https://example.com/x"
    for damaged in (token[:-1] + ("A" if token[-1] != "A" else "B"), token + "=", token[:-4]):
        with pytest.raises(Invalid):
            read_link(damaged)
    with pytest.raises(ValueError, match="8 bytes"):
        crypto.is_keyed_hash("preferences", "x", b"")
    ring(monkeypatch, NEW)
    with pytest.raises(Invalid):
        unsign("preferences", signed)


async def test_a_leaked_key_opens_no_session(old: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Access tokens live by the first key alone: one forged with a key that was rotated out is nobody's."""
    async with transaction() as session:
        user = await register_first_admin(session, email="dana@example.com", password=Hashed("x"), code=None)
        tokens = await issue_tokens(session, user)
        assert (await token_actor(session, tokens.access_token)).id == user.id
    ring(monkeypatch, NEW, OLD)
    async with transaction() as session:
        with pytest.raises(Unauthenticated):
            await token_actor(session, tokens.access_token)


async def test_every_sealed_column_is_sealed_anew(old: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever table grows a column of secrets: the rotation finds it, or this fails."""
    async with transaction() as session:
        await open_shop(session)
        user = await register_first_admin(session, email="dana@example.com", password=Hashed("x"), code=None)
        someone, import_id = await add_customer(session), uuid7()
        await add_upload(session, SYSTEM, import_id=import_id, kind="customers", file_name="a.csv", file_key="")
        brand = await default_brand(session)
        values = {
            "allocations": {"product_name": "Rye", "bottles": 1, "seed_hash": "x"},
            "age_ledger": {"customer_id": someone, "method": "test"},
            "channels": {"channel": "email", "provider": "x"},
            "customer_merges": {"stays_id": someone, "gone_id": someone, "reason": "test"},
            "customers": {"external_id": "1"},
            "import_rejects": {"import_id": import_id, "row_number": 1, "reason": "test"},
            "sign_ups": {"form_id": uuid7(), "brand_id": brand.id, "channel": "email", "address_hash": b"x"},
            "totp_secrets": {"user_id": user.id},
            "webhook_endpoints": {"url": "https://example.com"},
        }
        planted = 0
        for table, column in key_rotation.sealed_columns(metadata):
            if table.name == "sealed_secrets":
                continue
            await session.execute(insert(table).values(**{column.name: encrypt(table.name), **values[table.name]}))
            planted += 1
        assert planted == len(values)
    address_hash("ann@example.com")
    ring(monkeypatch, NEW, OLD)
    async with transaction() as session:
        assert {row.sealed for row in await key_rotation.list_keys(session, metadata)} == {0, planted + 1}
        with pytest.raises(Conflict, match="still sealed"):
            await key_rotation.retire_keys(session, metadata)
        done = await key_rotation.rotate_keys(session, metadata)
        assert (done.is_rotated, done.resealed, done.ring) == (True, planted + 1, "")
        again = await key_rotation.rotate_keys(session, metadata)
        assert not again.is_rotated
        assert again.ring.endswith(f",{NEW},{OLD}")
        assert len(again.ring.split(",")[0]) >= 32
    ring(monkeypatch, NEW)
    async with transaction() as session:
        for table, column in key_rotation.sealed_columns(metadata):
            found = await session.execute(select(column).where(column.is_not(None)))
            for value in found.scalars():
                assert decrypt(value) == table.name or table.name == "sealed_secrets"


async def test_what_is_encrypted_stands_in_a_sealed_column() -> None:
    """Binary columns are hashes or sealed; a new kind has to say which."""
    binary = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if column.type.python_type is bytes
    }
    sealed = {f"{table.name}.{column.name}" for table, column in key_rotation.sealed_columns(metadata)}
    assert sealed == {
        "age_ledger.date_of_birth_encrypted",
        "allocations.seed_encrypted",
        "channels.config_encrypted",
        "customer_merges.date_of_birth_encrypted",
        "customers.date_of_birth_encrypted",
        "import_rejects.birth_cells_encrypted",
        "sealed_secrets.value_encrypted",
        "sign_ups.entry_encrypted",
        "totp_secrets.secret_encrypted",
        "webhook_endpoints.secret_encrypted",
    }
    assert {name for name in binary - sealed if not name.endswith("_hash")} == set()


async def test_the_ring_of_a_folder(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On one machine the ring is a file: rotated by one command, read again by what runs, retired by another."""
    monkeypatch.delenv("LIQUOR_SECRET_KEY")
    monkeypatch.setenv("LIQUOR_DATA_DIR", str(tmp_path))
    config.get_settings.cache_clear()
    monkeypatch.setattr(pepper, "_known", None)
    hashed = address_hash("ann@example.com")
    (first,) = crypto.key_ring()
    async with transaction() as session:
        await open_shop(session)
        await configure_channel(
            session, SYSTEM, Channel.EMAIL, "mailgun", config={"domain": "d.example", "api_key": "k"}
        )
        done = await key_rotation.rotate_keys(session, metadata)
    assert done.is_rotated
    assert done.resealed == 2
    file = tmp_path / "secret.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes().splitlines()[1] == first
    monkeypatch.setattr(crypto, "_known", (config.get_settings(), (first,)))  # a process that was running meanwhile
    async with transaction() as session:
        (route,) = [one for one in await load_routes(session) if one.provider == "mailgun"]
        open_provider(route.provider, route.config)
        assert await key_rotation.retire_keys(session, metadata) == 1
    assert len(file.read_bytes().splitlines()) == 1
    config.get_settings.cache_clear()
    monkeypatch.setattr(pepper, "_known", None)
    assert address_hash("ann@example.com") == hashed
    file.write_text("")
    config.get_settings.cache_clear()
    with pytest.raises(Invalid, match="is empty"):
        crypto.key_ring()


def test_the_command(database: str, tmp_path: Path) -> None:
    """From a terminal, whole: list, rotate, list, retire."""
    import json
    import subprocess
    import sys

    environment = {name: value for name, value in os.environ.items() if name != "LIQUOR_SECRET_KEY"}
    environment |= {"LIQUOR_DATA_DIR": str(tmp_path), "DATABASE_URL": database}

    def liquor(*words: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "liquor_app.cli", "keys", *words],
            env=environment, capture_output=True, text=True, check=True, timeout=60,
        ).stdout  # fmt: skip

    assert json.loads(liquor("rotate", "--json"))["is_rotated"]
    listed = json.loads(liquor("list", "--json"))["items"]
    assert [row["is_first"] for row in listed] == [True, False]
    assert [row["sealed"] for row in listed] == [1, 0]
    assert json.loads(liquor("retire", "--yes", "--json"))["retired"] == 1
