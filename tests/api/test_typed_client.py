"""The API's own description is enough to use it: a typed client is made of it, checked, and put to work."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from liquor_app.rest.routers import ROUTERS
from tests.api.client import PASSWORD, Client, whole_api

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("typed client")]

MADE = "shop_client"
RIGHT = f"""
from {MADE}.client import AuthenticatedClient
from {MADE}.api.customers import customers_get_customer, customers_list_customers
from {MADE}.models import CustomerRow, ListOfCustomerRow


async def first(client: AuthenticatedClient) -> str | None:
    page = await customers_list_customers.asyncio(client=client, limit=1)
    if not isinstance(page, ListOfCustomerRow):
        return None
    row = await customers_get_customer.asyncio(page.items[0].id, client=client)
    return row.name if isinstance(row, CustomerRow) else None
"""
WRONG = RIGHT.replace("limit=1", 'limit="one"').replace("row.name", "row.naem")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder the client was made in; it can be imported."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "openapi.json").write_text(json.dumps(whole_api().openapi()))
    (folder / "config.yml").write_text(
        "post_hooks: []\ncontent_type_overrides:\n  application/x-ndjson: application/octet-stream\n"
    )
    told = subprocess.run(
        [
            sys.executable, "-m", "openapi_python_client", "generate", "--path", "openapi.json", "--meta", "none",
            "--config", "config.yml", "--output-path", MADE, "--fail-on-warning",
        ],
        cwd=folder, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


def _module(name: str) -> Any:
    return importlib.import_module(f"{MADE}.{name}")


def test_each_operation_has_a_name_of_its_own_and_is_in_the_client(made: Path) -> None:
    described = [
        (operation["tags"][0], operation["operationId"])
        for path in whole_api().openapi()["paths"].values()
        for operation in path.values()
    ]
    assert len({name for _, name in described}) == len(described)
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    assert len(described) >= len([route for route in routes if route.include_in_schema])
    there = {(path.parent.name, path.stem) for path in (made / MADE / "api").glob("*/*.py")}
    missing = [one for one in described if one not in there]
    assert not missing, "the description of these is not enough to call them"


def test_what_is_typed_wrong_is_seen_before_it_runs(made: Path) -> None:
    (made / "right.py").write_text(RIGHT)
    (made / "wrong.py").write_text(WRONG)
    told = subprocess.run(
        [sys.executable, "-m", "mypy", "--follow-imports=silent", "--strict", "right.py", "wrong.py"],
        cwd=made, capture_output=True, text=True, check=False, timeout=400,
    )  # fmt: skip
    errors = [line for line in told.stdout.splitlines() if ": error: " in line]
    assert {line.split(":")[0] for line in errors} == {"wrong.py"}, told.stdout
    assert len(errors) == 2, told.stdout


async def test_it_does_the_work(made: Path, admin: Client, http: httpx.AsyncClient) -> None:
    """Signs in, makes a customer, reads it back, changes it where nobody else did, and is told what it did wrong."""
    client, models = _module("client"), _module("models")
    nobody = client.Client(base_url="http://shop.test").set_async_httpx_client(http)
    login = _module("api.auth.auth_login")
    tokens = await login.asyncio(client=nobody, body=models.SignIn(email="admin@example.com", password=PASSWORD))
    assert tokens.access_token
    signed_in = client.AuthenticatedClient(base_url="http://shop.test", token=tokens.access_token)
    transport = httpx.ASGITransport(whole_api(), raise_app_exceptions=False)
    signed_in.set_async_httpx_client(
        httpx.AsyncClient(
            transport=transport, base_url="http://shop.test",
            headers={"Authorization": f"Bearer {tokens.access_token}"},
        )
    )  # fmt: skip
    create, get = _module("api.customers.customers_create_customer"), _module("api.customers.customers_get_customer")
    row = await create.asyncio(client=signed_in, body=models.CustomerIn(name="Ines Prior", email="ines@example.com"))
    assert (row.name, row.email) == ("Ines Prior", "ines@example.com")
    again = await get.asyncio(row.id, client=signed_in)
    assert again.to_dict() == row.to_dict()
    listed = await _module("api.customers.customers_list_customers").asyncio(client=signed_in, search="ines")
    assert [one.id for one in listed.items] == [row.id]
