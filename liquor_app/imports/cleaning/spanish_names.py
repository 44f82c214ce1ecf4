"""What tills that speak Spanish call the columns of their files, by the field they fill. Pure.

Accents count for nothing where names are compared.
"""

from __future__ import annotations

CUSTOMERS_ES: dict[str, tuple[str, ...]] = {
    "email": (
        "direccion de correo electronico", "correo", "correo electronico", "e-mail del cliente",
        "correo del cliente", "email del cliente",
    ),
    "phone": ("telefono", "celular", "movil", "telefono celular", "telefono movil", "numero de telefono"),
    "external_id": (
        "id cliente", "cliente id", "id de cliente", "id del cliente", "numero de cliente", "no de cliente",
        "no cliente",
        "num cliente", "codigo de cliente", "codigo cliente", "clave de cliente",
    ),
    "name": ("nombre completo", "nombre del cliente", "nombre cliente", "cliente", "nombre y apellidos"),
    "first_name": ("nombre", "nombres", "primer nombre"),
    "last_name": ("apellido", "apellidos"),
    "city": ("ciudad", "poblacion", "localidad"),
    "state": ("estado", "provincia"),
    "postal_code": ("codigo postal", "c.p."),
    "country": ("pais",),
    "language": ("idioma",),
    "date_of_birth": ("fecha de nacimiento", "fecha nacimiento", "nacimiento", "cumpleanos"),
    "tags": ("etiquetas", "etiqueta"),
    "email_consent": (
        "acepta correos", "acepta correo", "acepta marketing", "acepta marketing por correo", "acepta publicidad",
        "acepta promociones", "acepta recibir correos", "suscrito", "suscripcion", "boletin", "estado de suscripcion",
        "estado de suscripcion de correo electronico", "acepta marketing por correo electronico",
    ),
}  # fmt: skip
PURCHASES_ES: dict[str, tuple[str, ...]] = {
    "order_id": tuple(
        name
        for noun in ("recibo", "ticket", "tique", "factura", "pedido", "orden", "venta", "folio", "nota", "transaccion")
        for name in (
            f"{noun} id", f"id {noun}", f"id de {noun}", f"numero de {noun}", f"numero {noun}", f"n {noun}",
            f"n de {noun}",
            f"no {noun}", f"no de {noun}", f"num {noun}", f"num de {noun}", f"nro {noun}", f"nro de {noun}", noun,
        )
    ),
    "customer": ("cliente", "comprador"),
    "email": CUSTOMERS_ES["email"],
    "external_id": CUSTOMERS_ES["external_id"],
    "phone": CUSTOMERS_ES["phone"],
    "occurred_at": (
        "fecha y hora", "fecha hora", "fecha de venta", "fecha de compra", "fecha venta", "fecha compra",
        "fecha del pedido",
        "fecha de pedido", "fecha pedido", "fecha de factura", "fecha factura", "fecha de apertura", "fecha de cierre",
        "fecha de transaccion", "fecha de la venta", "fecha de creacion", "fecha de emision", "fecha",
    ),
    "time_of_day": ("hora", "hora de venta", "hora de compra"),
    "category": ("categoria", "departamento", "familia", "categoria de producto", "tipo de producto"),
    "brand": ("marca", "fabricante", "bodega"),
    "product": (
        "producto", "articulo", "nombre del producto", "nombre de producto", "nombre producto", "nombre del articulo",
        "descripcion", "concepto",
    ),
    "sku": (
        "codigo de producto", "codigo producto", "codigo del producto", "codigo de articulo", "codigo articulo",
        "codigo de barras", "clave de producto", "codigo", "clave", "referencia",
    ),
    "quantity": ("cantidad", "cant", "unidades", "piezas", "uds"),
    "amount": (
        "importe", "monto", "total linea", "total de linea", "importe linea", "importe neto", "venta neta",
        "ventas netas", "venta bruta", "ventas brutas",
        "total neto", "importe total", "monto total",
    ),
    "unit_price": ("precio unitario", "precio", "p unitario", "precio unit", "precio por unidad"),
    "discount": ("descuento", "descuentos", "importe descuento", "monto descuento", "rebaja"),
    "coupon_discount": ("descuento cupon", "descuento por cupon"),
    "store": ("tienda", "sucursal", "local", "caja"),
    "register": ("caja", "numero de caja", "no caja", "terminal"),
    "coupon_code": ("cupon", "codigo de cupon", "codigo cupon", "codigo promocional", "codigo de descuento"),
    "currency": ("moneda", "divisa"),
    "refund_of": (
        *(
            f"{word} original"
            for noun in ("recibo", "pedido", "ticket", "factura", "venta", "orden", "transaccion", "boleta")
            for word in (noun, f"numero de {noun}", f"no {noun}", f"id {noun}")
        ),
        *(
            f"{back} {word}"
            for back in ("devolucion", "reembolso", "anulacion")
            for word in ("de", "del pedido", "de pedido", "de la venta", "de la orden")
        ),
        "pedido reembolsado", "pedido devuelto",
    ),
}  # fmt: skip
PRODUCTS_ES: dict[str, tuple[str, ...]] = {
    "sku": PURCHASES_ES["sku"],
    "upc": ("codigo de barras",),
    "name": ("nombre", *PURCHASES_ES["product"]),
    "category": PURCHASES_ES["category"],
    "brand": PURCHASES_ES["brand"],
    "price": ("precio", "precio de venta", "precio venta", "pvp", "precio regular", "precio unitario"),
    "sale_price": ("precio de oferta", "precio oferta", "precio promocional"),
    "cost": ("costo", "coste", "costo unitario", "coste unitario", "precio de costo", "precio de compra"),
    "stock": ("existencias", "existencia", "inventario", "cantidad", "disponible"),
    "currency": PURCHASES_ES["currency"],
}  # fmt: skip
