"""Files of tills that speak Spanish, and columns that hold cents: found by their names, and worth what they say."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.imports.cleaning.amounts import holds_cents, of_cents, without_unit
from liquor_app.imports.cleaning.column_mapping import guess_mapping
from liquor_app.imports.cleaning.column_names import CUSTOMERS, PRODUCTS, PURCHASES
from liquor_app.imports.cleaning.dates import read_date
from liquor_app.imports.cleaning.spanish_names import CUSTOMERS_ES, PRODUCTS_ES, PURCHASES_ES
from liquor_app.imports.dry_run import try_file
from liquor_app.imports.readers.row_reader import Record
from tests.imports.test_import import run
from tests.imports.test_import_cases import many, one, write


async def test_a_tills_file_in_spanish(database: str, tmp_path: Path) -> None:
    people = write(
        tmp_path / "clientes.csv",
        "Número de cliente;Nombre;Apellidos;Correo electrónico;Teléfono;Ciudad;Código postal;Fecha de nacimiento",
        "C-1;Ana;Núñez;ana@x.example;(617) 555-0142;Boston;02118;14/03/1980",
    )
    assert (await run(people)).rejected == 0
    kept = await one("SELECT external_id, name, email, city, postal_code, birthday_md FROM customers")
    assert tuple(kept) == ("C-1", "Ana Núñez", "ana@x.example", "Boston", "02118", 314)
    sales = write(
        tmp_path / "ventas.csv",
        "Fecha;Hora;Nº de recibo;Cliente;Producto;Categoría;Cantidad;Precio unitario;Descuento;IVA;Importe total"
        ";Estado",
        "24/10/2026;18:14;501;C-1;Ron añejo;Licores;2;20,00;4,00;5,76;41,76;Pagado",
        "24/10/2026;18:20;502;C-1;Vino tinto;Vinos;1;12,50;;2,00;14,50;Anulado",
        "25/10/2026;11:02;503;C-1;Vino tinto;Vinos;1;12,50;;2,00;14,50;Pagado",
    )
    report = await run(sales, "purchases")
    assert (report.rejected, report.notes) == (0, {"rows_voided: anulado": 1})
    made = await many("SELECT external_id, total, discount FROM purchases ORDER BY 1")
    assert [tuple(found) for found in made] == [
        ("501", Decimal("36.00"), Decimal("4.00")), ("503", Decimal("12.50"), Decimal(0)),
    ]  # fmt: skip
    (line, _) = await many("SELECT product, category, quantity FROM purchase_lines ORDER BY product")
    assert tuple(line) == ("Ron añejo", "Licores", 2)


@pytest.mark.parametrize(
    ("columns", "fields"),
    [
        ("Fecha,Recibo,Correo,Importe", {"occurred_at": "Fecha", "order_id": "Recibo", "email": "Correo",
                                         "amount": "Importe"}),
        ("Fecha de venta,Ticket,Teléfono,Artículo,Cant.,Monto", {
            "occurred_at": "Fecha de venta", "order_id": "Ticket", "phone": "Teléfono", "product": "Artículo",
            "quantity": "Cant.", "amount": "Monto"}),
        ("Folio,Fecha y hora,Código de cliente,Descripción,Código de barras,Precio,Sucursal", {
            "order_id": "Folio", "occurred_at": "Fecha y hora", "external_id": "Código de cliente",
            "product": "Descripción", "sku": "Código de barras", "unit_price": "Precio", "store": "Sucursal"}),
        ("Núm. de factura,Fecha,Cliente,Base imponible,IVA,Total", {
            "order_id": "Núm. de factura", "occurred_at": "Fecha", "customer": "Cliente", "amount": "Base imponible"}),
        ("Pedido,Fecha,Cliente,Total,Impuesto,Propina,Envío", {
            "order_id": "Pedido", "occurred_at": "Fecha", "customer": "Cliente", "amount": "Total", "tax": "Impuesto",
            "tip": "Propina", "shipping": "Envío"}),
        ("Order Id,Customer,Date,Amount (cents),Tax in cents", {
            "order_id": "Order Id", "customer": "Customer", "occurred_at": "Date", "amount": "Amount (cents)"}),
    ],
)  # fmt: skip
def test_purchases_are_found_by_their_names(columns: str, fields: dict[str, str]) -> None:
    assert guess_mapping(columns.split(","), "purchases") == fields


def test_names_of_another_language_are_of_fields_there_are() -> None:
    for own, other in ((CUSTOMERS, CUSTOMERS_ES), (PURCHASES, PURCHASES_ES), (PRODUCTS, PRODUCTS_ES)):
        assert set(other) <= set(own)


@pytest.mark.parametrize(
    "cell",
    ["12 ene 2026", "12 de enero de 2026", "12 de enero del 2026", "12-ene-2026", "enero 12, 2026", "12/Ene/2026"],
)
def test_months_in_spanish(cell: str) -> None:
    assert read_date(cell) == date(2026, 1, 12)


@pytest.mark.parametrize(
    ("head", "row", "total"),
    [
        ("Amount (cents)", "2399", "23.99"), ("amount_cents", "2399", "23.99"), ("Total in cents", "-500", "-5.00"),
        ("Amount (¢)", "$2399", "23.99"), ("Importe (centavos)", "\"2,399\"", "23.99"),
        ("Qty,Unit Price (cents)", "2,1250", "25.00"), ("Amount,Discount (cents)", "20.00,150", "20.00"),
        ("Total (cents),Tax (cents)", "2650,150", "25.00"), ("Amount (cents)", "2399.00", "23.99"),
    ],
)  # fmt: skip
async def test_cents_are_never_read_as_dollars(database: str, tmp_path: Path, head: str, row: str, total: str) -> None:
    """$2,399.00 was counted for a bottle of $23.99."""
    await run(write(tmp_path / "people.csv", "email", "a@x.example"))
    file = write(tmp_path / "sales.csv", f"Order Number,Email,Date,{head}", f"1,a@x.example,2026-10-01,{row}")
    async with transaction() as session:
        trial = await try_file(session, SYSTEM, kind="purchases", path=file)
    assert trial.totals.money_made == Decimal(total)
    if "Tax" not in head and "Amount," not in head:
        assert trial.totals.money == Decimal(total)
    assert (await run(file, "purchases")).rejected == 0
    assert (await one("SELECT total FROM purchases")).total == Decimal(total)


async def test_cents_with_cents_are_refused_and_prices_in_cents_are_prices(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "people.csv", "email", "a@x.example"))
    head = "Order Number,Email,Date,Amount (cents)"
    report = await run(write(tmp_path / "s.csv", head, "1,a@x.example,2026-10-01,23.99"), "purchases")
    assert report.reasons == {"bad_cents": 1}
    (refused,) = await many("SELECT reason FROM import_rejects")
    assert refused.reason == "“Amount (cents)” holds cents by its name, and '23.99' is no number of them."
    stock = write(tmp_path / "stock.csv", "SKU,Name,Price (cents),Cost (cents),Qty", "R1,Rye,2399,1500,4")
    assert (await run(stock, "products")).rejected == 0
    kept = await one("SELECT price, cost FROM products")
    assert (kept.price, kept.cost) == (Decimal("23.99"), Decimal("15.00"))


@pytest.mark.parametrize("name", ["Percent", "Cent", "Recent Amount", "Percentage off", "Centers", "Accents"])
def test_few_names_are_of_cents(name: str) -> None:
    assert holds_cents(name) is (name == "Cent")


def test_a_unit_is_no_part_of_a_name() -> None:
    assert without_unit("Amount (USD)").strip(" ()") == "Amount"
    assert without_unit("ABC Total") == "ABC Total"
    assert (of_cents("2399"), of_cents("lots"), of_cents("9.50"), of_cents("EUR 500")) == (
        "23.99", "lots", None, "5.00 EUR",
    )  # fmt: skip


def test_a_state_and_a_status_are_told_apart() -> None:
    sample = [Record(2, ["a@x.example", "Puebla"])]
    assert guess_mapping(["Correo", "Estado"], "customers", None, sample) == {"email": "Correo", "state": "Estado"}
