"""Files as tools write them whose export we do not know by name, in their shops' languages: what each comes to."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.imports.test_import import run
from tests.imports.test_import_cases import many, write

PEOPLE = (
    "customer id,email,phone,name",
    "C1,ann@v.example,(617) 555-0142,Ann Lee",
    "C2,bo@v.example,(617) 555-0143,Bo Ray",
)

SALES: dict[str, tuple[tuple[str, ...], dict[str, str], int]] = {
    'heartland': (
        (
            'Ticket #,Customer ID,Ticket Date,Item Description,Qty,Unit Price,Ext Price,Tax,Ticket Status',
            '1001,C1,10/03/2026 6:14 PM,Rye,2,$20.00,$40.00,$2.50,Closed',
            '1002,C1,10/03/2026 6:20 PM,Gin,1,$30.00,$30.00,$1.88,Voided',
            '1003,C2,10/04/2026 1:20 PM,Ale,1,$9.00,$9.00,$0.56,Open',
        ),
        {'1001': '40.00'}, 0,
    ),
    'korona': (
        (
            'Receipt Number;Booking Time;Customer Number;Article;Quantity;Gross Total;Net Total;Cancelled',
            '70001;03.10.2026 18:14;C1;Rotwein;2;47,60;40,00;false',
            '70002;03.10.2026 18:20;C2;Weisswein;1;11,90;10,00;true',
        ),
        {'70001': '40.00'}, 0,
    ),
    'revel': (
        (
            'Order ID,Created Date,Customer Email,Product Name,Quantity,Price,Discount,Tax,Order Status',
            '9001,2026-10-03T18:14:00Z,ann@v.example,Rye,1,50.00,5.00,2.81,Closed',
            '9002,2026-10-03T18:15:00Z,bo@v.example,Gin,2,15.00,0.00,1.88,Cancelled',
        ),
        {'9001': '45.00'}, 0,
    ),
    'counterpoint': (
        (
            'TKT_NO,BUS_DAT,CUST_NO,ITEM_NO,DESCR,QTY_SOLD,PRC,EXT_PRC,TKT_TYP',
            '55-1,2026-10-03,C1,R1,Rye,2,20.00,40.00,T',
        ),
        {'55-1': '40.00'}, 0,
    ),
    'posnation': (
        (
            'Invoice Number,Invoice Date,Customer Number,Description,Quantity,Price Each,Line Total,Void',
            '1,10/3/26,C1,Rye,1,24.99,24.99,N',
            '2,10/3/26,C1,Gin,1,30.00,30.00,Y',
        ),
        {'1': '24.99'}, 0,
    ),
    'mpower': (
        (
            'Trans #,Date,Time,Cust Phone,SKU,Item,Qty,Retail,Extended,Type',
            '88,10/03/2026,06:14 PM,617-555-0142,R1,Rye 750,2,20.00,40.00,Sale',
            '89,10/04/2026,06:20 PM,617-555-0142,R1,Rye 750,-1,20.00,-20.00,Return',
        ),
        {'88': '40.00', '89': '-20.00'}, 0,
    ),
    'square es': (
        (
            'Fecha,Hora,Zona horaria,Categoría,Artículo,Cant.,Ventas netas,Impuesto,ID de transacción,ID de cliente',
            '2026-10-03,18:14:00,Eastern Time (US & Canada),Vino,Tinto,2,"$40.00",$2.50,TX1,C1',
            '2026-10-04,18:14:00,Eastern Time (US & Canada),Vino,Tinto,-1,"-$20.00",-$1.25,TX2,C1',
        ),
        {'TX1': '40.00', 'TX2': '-20.00'}, 0,
    ),
    'shopify de': (
        (
            'Bestellnummer;E-Mail;Datum;Artikel;Menge;Einzelpreis;Status',
            '#1001;ann@v.example;03.10.2026 18:14;Rotwein;2;20,00;Bezahlt',
            '#1002;bo@v.example;03.10.2026 18:20;Gin;1;30,00;Storniert',
        ),
        {'#1001': '40.00'}, 0,
    ),
    'shopify fr': (
        (
            'Numéro de commande;Courriel;Date;Article;Quantité;Prix unitaire;Statut',
            '1001;ann@v.example;03/10/2026 18:14;Vin rouge;2;20,00;Payée',
            '1002;bo@v.example;13/10/2026 18:20;Gin;1;30,00;Annulée',
        ),
        {'1001': '40.00'}, 0,
    ),
    'toast es': (
        (
            'Nº de pedido,Fecha de apertura,Correo electrónico,Importe,Propina,Impuesto,Total,Estado',
            '1,03/10/2026 6:14 p. m.,ann@v.example,40.00,8.00,2.50,50.50,Pagado',
            '2,13/10/2026 6:14 p. m.,bo@v.example,30.00,6.00,2.00,38.00,Anulado',
        ),
        {'1': '40.00'}, 0,
    ),
    'cents json': (
        (
            '[{"order_id":"1","email":"ann@v.example","created_at":"2026-10-03T18:14:00Z","total_cents":4250,"tax_cents":250,"status":"paid"},{"order_id":"2","email":"bo@v.example","created_at":"2026-10-03T18:14:00Z","total_cents":1000,"tax_cents":0,"status":"pending"}]',
        ),
        {'1': '40.00'}, 0,
    ),
    'parentheses return': (
        (
            'Receipt,Customer ID,Date,Net Sales,Status',
            '1,C1,10/3/2026,$40.00,Complete',
            '2,C1,10/4/2026,($15.00),Refund',
        ),
        {'1': '40.00', '2': '-15.00'}, 0,
    ),
    'trailing minus': (
        (
            'Receipt,Customer ID,Date,Amount',
            '1,C1,10/3/2026,40.00',
            '2,C1,10/4/2026,15.00-',
        ),
        {'1': '40.00', '2': '-15.00'}, 0,
    ),
    'usd head': (
        (
            'Order Number,Email,Order Date,Order Total (USD),Tax (USD),Payment Status',
            '1,ann@v.example,2026-10-03,42.50,2.50,Captured',
            '2,bo@v.example,2026-10-03,10.00,0,Payment failed',
        ),
        {'1': '40.00'}, 0,
    ),
    'eur rows': (
        (
            'Order Number,Email,Order Date,Amount',
            '1,ann@v.example,2026-10-03,€40.00',
            '2,bo@v.example,2026-10-03,$10.00',
        ),
        {'2': '10.00'}, 1,
    ),
    'preamble status': (
        (
            'Liquor Barn LLC',
            'Sales report 10/01/2026 - 10/31/2026',
            '',
            'Order #,Date,Customer Email,Total,Status',
            '1,10/03/2026,ann@v.example,40.00,Completed',
            '2,10/03/2026,ann@v.example,9.00,Voided',
        ),
        {'1': '40.00'}, 0,
    ),
    'sep line': (
        (
            'sep=;',
            'Order Number;Email;Date;Amount',
            '1;ann@v.example;10/13/2026;40,50',
        ),
        {'1': '40.50'}, 0,
    ),
    'excel apostrophes': (
        (
            'Order Number,Phone,Date,Amount',
            "'0001,'6175550142,10/13/2026,40.50",
        ),
        {'0001': '40.50'}, 0,
    ),
    'float ids': (
        (
            'Order Number,Customer ID,Date,Amount',
            '1001.0,C1,10/13/2026,40.50',
        ),
        {'1001': '40.50'}, 0,
    ),
    'zero order': (
        (
            'Order Number,Email,Date,Amount',
            '1,ann@v.example,10/13/2026,0.00',
            '2,ann@v.example,10/13/2026,5.00',
        ),
        {'1': '0.00', '2': '5.00'}, 0,
    ),
    'grand total foot': (
        (
            'Order Number,Email,Date,Amount',
            '1,ann@v.example,10/13/2026,5.00',
            '2,ann@v.example,10/13/2026,6.00',
            'Grand Total,,,11.00',
        ),
        {'1': '5.00', '2': '6.00'}, 0,
    ),
    'discount negative': (
        (
            'Order Number,Email,Date,Item,Qty,Price,Discount',
            '1,ann@v.example,10/13/2026,Rye,2,20.00,-4.00',
        ),
        {'1': '36.00'}, 0,
    ),
    'status refunded w amount': (
        (
            'Order ID,Email,Date,Total,Refund Amount,Status',
            '1,ann@v.example,10/13/2026,50.00,50.00,Refunded',
            '2,ann@v.example,10/13/2026,50.00,20.00,Partially refunded',
            '3,ann@v.example,10/13/2026,9.00,0.00,Completed',
        ),
        {'2': '30.00', '3': '9.00'}, 0,
    ),
    'line and order total': (
        (
            'Order,Email,Date,Item,Line Total,Order Total,Status',
            '1,ann@v.example,10/13/2026,Rye,40.00,52.00,Paid',
            '1,ann@v.example,10/13/2026,Gin,12.00,52.00,Paid',
            '2,bo@v.example,10/13/2026,Gin,12.00,12.00,Void',
        ),
        {'1': '52.00'}, 0,
    ),
    'iso week dates': (
        (
            'Order,Email,Sold At,Amount',
            '1,ann@v.example,29-Nov-2025 09:33 PM EST,40.00',
            '2,bo@v.example,"Jan 5, 2024",5.00',
            '3,bo@v.example,11/1/16 3pm,6.00',
        ),
        {'1': '40.00', '2': '5.00', '3': '6.00'}, 0,
    ),
    'epoch': (
        (
            'Order,Email,Created At,Amount',
            '1,ann@v.example,1791051240,40.00',
        ),
        {'1': '40.00'}, 0,
    ),
    'paid flag': (
        (
            'Invoice No,Customer ID,Invoice Date,Total,Paid',
            '1,C1,2026-10-03,40.00,TRUE',
            '2,C1,2026-10-03,9.00,FALSE',
        ),
        {'1': '40.00'}, 0,
    ),
    'bigcommerce': (
        (
            'Order ID,Customer Email,Order Date,Order Status,Subtotal (ex tax),Tax Total,Order Total (inc tax)',
            '1,ann@v.example,03/10/2026,Awaiting Fulfillment,40.00,2.50,42.50',
            '2,bo@v.example,13/10/2026,Declined,10.00,1.00,11.00',
            '3,bo@v.example,13/10/2026,Awaiting Payment,10.00,1.00,11.00',
        ),
        {'1': '40.00'}, 0,
    ),
    'magento': (
        (
            'ID,Purchase Date,Customer Email,Grand Total (Base),Grand Total (Purchased),Status',
            '000001,2026-10-03 18:14:00,ann@v.example,42.50,42.50,complete',
            '000002,2026-10-03 18:14:00,bo@v.example,10.00,10.00,canceled',
        ),
        {'000001': '42.50'}, 0,
    ),
    'status blank trailing': (
        (
            'Order,Email,Date,Amount,Status,Notes',
            '1,ann@v.example,10/13/2026,40.00,Paid,gift',
            '1,ann@v.example,10/13/2026,5.00,Paid,void of course',
        ),
        {'1': '45.00'}, 0,
    ),
    'clover orders': (
        (
            'Order ID,Order Date,Customer ID,Order Total,Tax Amount,Tip,Payments Total,Order State,Payment State',
            'A1,03-Oct-2026 06:14 PM EDT,C1,42.50,2.50,0.00,42.50,locked,Paid',
            'A2,03-Oct-2026 06:14 PM EDT,C1,10.00,0.00,0.00,0.00,open,Open',
        ),
        {'A1': '40.00'}, 0,
    ),
    'lightspeed k': (
        (
            'Receipt ID,Date,Customer Code,Status,Sale Total,Sales Tax',
            '1,2026-10-03 18:14,C1,CLOSED,42.50,2.50',
            '2,2026-10-03 18:14,C1,LAYBY,10.00,0',
        ),
        {'1': '40.00'}, 0,
    ),
    'yen': (
        (
            'Order,Email,Date,Amount',
            '1,ann@v.example,10/13/2026,¥4000',
        ),
        {}, 1,
    ),
    'thousands': (
        (
            'Order,Email,Date,Amount',
            '1,ann@v.example,10/13/2026,"$1,234.50"',
        ),
        {'1': '1234.50'}, 0,
    ),
    'eu thousands': (
        (
            'Order;Email;Date;Amount',
            '1;ann@v.example;13.10.2026;1.234,50',
            '2;ann@v.example;13.10.2026;12,50',
        ),
        {'1': '1234.50', '2': '12.50'}, 0,
    ),
}  # fmt: skip
"""Rows of a file, what each order comes to, and how many rows are refused."""
CONSENTS: dict[str, tuple[tuple[str, ...], dict[str, str | None]]] = {
    'klaviyo': (
        (
            'Email,First Name,Last Name,Email Marketing Consent,Consent Source,Consent Timestamp',
            'a@k.example,A,K,SUBSCRIBED,form,2025-01-01T00:00:00Z',
            'b@k.example,B,K,UNSUBSCRIBED,form,2025-01-01T00:00:00Z',
            'c@k.example,C,K,NEVER_SUBSCRIBED,,',
        ),
        {'a': 'given', 'b': 'withdrawn', 'c': None},
    ),
    'mailchimp cleaned': (
        (
            'Email Address,First Name,Status',
            'a@k.example,A,subscribed',
            'b@k.example,B,cleaned',
            'c@k.example,C,unsubscribed',
        ),
        {'a': None, 'b': None, 'c': 'withdrawn'},
    ),
    'heartland customers': (
        (
            'Customer #,First Name,Last Name,E-mail,Phone 1,Zip,Do Not Email',
            '1,A,B,a@k.example,617-555-0142,02118,N',
            '2,B,B,b@k.example,617-555-0144,02118,Y',
        ),
        {'a': None, 'b': 'withdrawn'},
    ),
    'korona customers': (
        (
            'Kundennummer;Vorname;Nachname;E-Mail;Telefon;Newsletter',
            '1;A;B;a@k.example;6175550142;nein',
            '2;B;B;b@k.example;6175550143;ja',
        ),
        {'a': 'withdrawn', 'b': None},
    ),
    'revel customers': (
        (
            'id,first_name,last_name,email,phone_number,accept_email_marketing,is_deleted',
            '1,A,B,a@k.example,6175550142,False,False',
            '2,B,B,b@k.example,6175550143,True,True',
        ),
        {'a': 'withdrawn', 'b': 'withdrawn'},
    ),
    'counterpoint customers': (
        (
            'CUST_NO,FST_NAM,LST_NAM,EMAIL_ADRS_1,PHONE_1,ZIP_COD,EMAIL_OPT_OUT',
            '1,A,B,a@k.example,6175550142,02118,Y',
            '2,B,C,b@k.example,6175550143,02118,N',
        ),
        {'a': 'withdrawn', 'b': None},
    ),
    'posnation customers': (
        (
            'Account #,Name,Email Address,Phone,Accepts Email,Last Visit',
            '1,"Lee, Ann",a@k.example,000-000-0000,No,10/1/2026',
            '2,Bo Ray,b@k.example,555-555-5555,No,1/1/1900',
        ),
        {'a': 'withdrawn', 'b': 'withdrawn'},
    ),
    'mpower customers': (
        (
            'Cust No,Last,First,Email,Cell,Birthday,Email Status',
            '1,Lee,Ann,a@k.example,6175550142,01/01/1900,Opted Out',
            '2,Ray,Bo,b@k.example,6175550143,N/A,Active',
        ),
        {'a': 'withdrawn', 'b': None},
    ),
    'unsub lists': (
        (
            'Email,Name,Unsubscribed Lists,Lists',
            'a@k.example,A,Wine club,',
            'b@k.example,B,,Wine club',
        ),
        {'a': 'withdrawn', 'b': None},
    ),
    'spanish noes': (
        (
            'Correo,Nombre,Acepta correos,Baja',
            'a@k.example,A,No,',
            'b@k.example,B,Sí,2026-01-05',
            'c@k.example,C,Sí,',
        ),
        {'a': 'withdrawn', 'b': 'withdrawn', 'c': None},
    ),
    'square es customers': (
        (
            'ID de cliente de Square,Nombre,Apellidos,Dirección de correo electrónico,'
            'Número de teléfono,Estado de suscripción de correo electrónico',
            'S1,A,B,a@k.example,6175550142,cancelada',
            'S2,B,B,b@k.example,6175550143,suscrito',
        ),
        {'a': 'withdrawn', 'b': None},
    ),
    'shopify fr customers': (
        (
            'Prénom,Nom,Adresse e-mail,Accepte le marketing par e-mail',
            'A,B,a@k.example,non',
            'B,B,b@k.example,oui',
        ),
        {'a': 'withdrawn', 'b': None},
    ),
    'hubspot': (
        (
            'Record ID,First Name,Email,Unsubscribed from all email,Email hard bounce reason',
            '1,A,a@k.example,true,',
            '2,B,b@k.example,false,',
        ),
        {'a': 'withdrawn', 'b': None},
    ),
    'constant contact': (
        (
            'Email address,First name,Email status,Email permission status,Email update source',
            'a@k.example,A,Unsubscribed,Unsubscribed,Contact',
            'b@k.example,B,Active,Implied,Owner',
        ),
        {'a': 'withdrawn', 'b': None},
    ),
    'sendgrid': (
        (
            'email,first_name,unsubscribed_groups,global_unsubscribe',
            'a@k.example,A,"Weekly, Promo",',
            'b@k.example,B,,',
            'c@k.example,C,,TRUE',
        ),
        {'a': 'withdrawn', 'b': None, 'c': 'withdrawn'},
    ),
    'city hive': (
        (
            'Name,Email,Phone,Marketing Emails,Push',
            'A,a@k.example,6175550142,off,on',
            'B,b@k.example,6175550143,on,on',
        ),
        {'a': 'withdrawn', 'b': None},
    ),
    'zero birthdays': (
        (
            'Email,Name,DOB',
            'a@k.example,A,0000-00-00',
            'b@k.example,B,01/01/1970',
        ),
        {'a': None, 'b': None},
    ),
    'invisible': (
        (
            '\ufeffEmail\u200b,Name',
            '\u200ba@k.example\xa0,A',
            'B@K.EXAMPLE,B',
        ),
        {'a': None, 'b': None},
    ),
    'tags fan': (
        (
            'Email,Tags',
            'a@k.example,no texting while driving fan club',
            'b@k.example,"VIP, Do not contact"',
        ),
        {'a': None, 'b': 'withdrawn'},
    ),
    'preference': (
        (
            'Email,Contact Preference',
            'a@k.example,None',
            'b@k.example,Do not email',
        ),
        {'a': None, 'b': 'withdrawn'},
    ),
    'deleted': (
        (
            'Email,Name,Status',
            'a@k.example,A,Deleted',
            'b@k.example,B,Active',
        ),
        {'a': 'withdrawn', 'b': None},
    ),
    'bounced count': (
        (
            'Email,Name,Email Unsubscribe Count,Emails Sent',
            'a@k.example,A,1,10',
            'b@k.example,B,0,12',
        ),
        {'a': 'withdrawn', 'b': None},
    ),
}  # fmt: skip
"""Rows of a file, and what each address agreed to."""


@pytest.mark.parametrize("name", SALES)
async def test_what_orders_come_to(database: str, tmp_path: Path, name: str) -> None:
    lines, totals, refused = SALES[name]
    await run(write(tmp_path / "people.csv", *PEOPLE))
    report = await run(write(tmp_path / "sales.csv", *lines), "purchases")
    made = await many("SELECT external_id, total FROM purchases")
    assert {one.external_id: str(one.total) for one in made} == totals
    assert report.rejected == refused


@pytest.mark.parametrize("name", CONSENTS)
async def test_what_people_agreed_to(database: str, tmp_path: Path, name: str) -> None:
    lines, consents = CONSENTS[name]
    await run(write(tmp_path / "people.csv", *lines))
    kept = await many("SELECT email, email_consent FROM customers")
    assert {one.email.partition("@")[0].lower(): one.email_consent for one in kept} == consents


async def test_rows_of_tenders_are_no_lines_and_lines_without_numbers_are_orders(database: str, tmp_path: Path) -> None:
    await run(write(tmp_path / "people.csv", *PEOPLE))
    tenders = (
        "Receipt,Email,Date,Type,Description,Amount", "1,ann@v.example,10/13/2026,Item,Rye,40.00",
        "1,ann@v.example,10/13/2026,Tender,Visa,40.00",
    )  # fmt: skip
    report = await run(write(tmp_path / "tenders.csv", *tenders), "purchases")
    assert (report.orders, report.notes) == ({"created": 1}, {"rows_of_no_line: tender": 1})
    lines = (
        "Date,Customer Email,Product,Quantity,Total,Status", "10/03/2026 18:14,ann@v.example,Rye,1,40.00,Sold",
        "10/03/2026 18:15,bo@v.example,Gin,1,30.00,Void",
    )  # fmt: skip
    await run(write(tmp_path / "lines.csv", *lines), "purchases")
    assert [one.total for one in await many("SELECT total FROM purchases")] == [Decimal("40.00")] * 2
