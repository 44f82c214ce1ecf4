"""Words that say whether a row of a file of purchases was paid, in the languages of the tills we have seen. Pure."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache

MOST_LETTERS = 60
"""Of a cell that is read as a word."""


class Says(StrEnum):
    """What a word makes of its row.

    `RETURN` names the row itself ("Refund"), `REFUNDED` what became of its order: only the sum's sign tells whether
    such a row is the sale or what was given back for it. `NO_LINE` is a payment, a tax or a sum beside
    an order's lines.
    """

    COUNTS = "counts"
    VOIDED = "voided"
    UNPAID = "unpaid"
    REFUNDED = "refunded"
    PARTLY = "partly"
    RETURN = "return"
    NO_LINE = "no line"


GRAVEST = (Says.VOIDED, Says.REFUNDED, Says.PARTLY, Says.RETURN, Says.UNPAID, Says.COUNTS)
"""Of several words in one cell ("Paid, Refunded") the first of these holds."""

_GONE = (Says.VOIDED, Says.REFUNDED)
"""Of these a remark changes nothing."""

_WORDS = {
    Says.COUNTS: (
        "paid", "fully paid", "paid in full", "payment received", "payment complete", "payment completed",
        "payment accepted", "complete", "completed", "fulfilled", "closed", "settled", "shipped", "delivered",
        "captured", "collected", "success", "successful", "succeeded", "sold", "sale", "sales", "done", "finalized",
        "finalised", "finished", "posted", "picked up", "ready for pickup", "awaiting fulfillment",
        "awaiting fulfilment", "awaiting shipment", "awaiting pickup", "partially shipped", "partially fulfilled",
        "awaiting dispatch", "dispatched", "dispatched closed", "pickedup closed", "picked up closed", "packed",
        "in transit", "out for delivery", "ready for dispatch", "ready for delivery", "ready to ship", "tendered",
        "charged", "final", "sales receipt", "invoice", "tax invoice", "closed won", "won",
        "layaway closed", "layby closed", "layaway completed", "on account closed", "onaccount closed",
        "on account paid", "processed",
        "pagado", "pagada", "completado", "completada", "completo", "completa", "cerrado", "cerrada", "entregado",
        "entregada", "enviado", "enviada", "cobrado", "cobrada", "finalizado", "finalizada", "vendido", "vendida",
        "venta", "liquidado", "liquidada", "exitoso", "exitosa",
        "paye", "payee", "termine", "terminee", "livre", "livree", "expedie", "expediee", "vente",
        "bezahlt", "abgeschlossen", "versandt", "versendet", "geliefert", "erledigt", "verkauf",
    ),
    Says.VOIDED: (
        "void", "voided", "cancelled", "canceled", "cancellation", "deleted", "trash", "trashed", "expired",
        "abandoned", "post void", "no sale", "invalid", "invalidated", "canc", "cncl",
        "error correct", "error corrected", "error correction", "closed lost", "lost",
        "anulado", "anulada", "cancelado", "cancelada", "nulo", "nula", "eliminado", "eliminada", "vencido", "vencida",
        "abandonado", "abandonada",
        "annule", "annulee", "storniert", "storno",
    ),
    Says.UNPAID: (
        "unpaid", "not paid", "pending", "pending payment", "payment pending", "awaiting payment", "payment due", "due",
        "past due", "overdue", "authorized", "authorised", "authorization", "authorized only", "auth only", "preauth",
        "pre authorized", "preauthorized", "uncaptured", "on hold", "hold", "held", "draft", "checkout draft", "quote",
        "quotation", "estimate", "open", "saved", "parked", "suspended", "layaway", "layby", "lay by", "on account",
        "house account", "onaccount", "paid in", "paid out", "timed out", "timeout", "fail", "failed", "failure",
        "payment failed", "payment error", "declined", "rejected", "denied",
        "refused", "partially paid", "partial payment", "partly paid", "incomplete", "in progress",
        "requires payment method", "requires action", "requires capture", "requires confirmation", "error",
        "training", "training mode",
        "comped", "complimentary", "on the house", "practice", "test", "test mode", "test order", "test sale", "demo",
        "manual verification required", "unsettled", "not settled", "billed not paid", "in process",
        "pendiente", "pendiente de pago", "pago pendiente", "no pagado", "no pagada", "sin pagar", "impagado",
        "impagada", "por pagar", "por cobrar", "borrador", "autorizado", "autorizada", "en espera", "en proceso",
        "abierto", "abierta", "apartado", "cotizacion", "presupuesto", "fallido", "fallida", "rechazado", "rechazada",
        "en attente", "impaye", "impayee", "brouillon", "devis", "echoue", "refuse",
        "offen", "ausstehend", "unbezahlt", "entwurf", "angebot", "abgelehnt", "fehlgeschlagen",
    ),
    Says.REFUNDED: (
        "refunded", "fully refunded", "full refund", "refunded in full", "refunded fully", "returned", "fully returned",
        "refund issued", "refund processed", "refund complete", "refund completed", "refund sent", "refund given",
        "charged back", "chargeback", "charge back", "reversed", "restocked", "exchanged",
        "reembolsado", "reembolsada", "devuelto", "devuelta", "rembolsado",
        "rembourse", "remboursee", "retourne", "erstattet", "zuruckerstattet", "retourniert",
    ),
    Says.PARTLY: (
        "partially refunded", "partly refunded", "partial refund", "refunded partially", "refunded in part",
        "refunded partly", "partially returned", "partial return", "partly returned", "returned in part",
        "partially reversed", "partial chargeback",
        "parcialmente reembolsado", "parcialmente reembolsada", "reembolsado parcialmente", "reembolso parcial",
        "reembolsada parcialmente", "devolucion parcial", "parcialmente devuelto", "devuelto parcialmente",
        "partiellement rembourse", "remboursement partiel", "teilweise erstattet",
    ),
    Says.RETURN: (
        "refund", "refunds", "return", "returns", "ret", "rtn", "rtrn", "credit memo", "credit note", "creditmemo",
        "exchange",
        "sales return", "sale return", "refund receipt",
        "reembolso", "devolucion", "nota de credito", "remboursement", "retour", "avoir", "ruckgabe", "gutschrift",
    ),
}  # fmt: skip
_BY_ROLE = {
    "processing": (Says.COUNTS, Says.UNPAID), "procesando": (Says.COUNTS, Says.UNPAID),
    "in bearbeitung": (Says.COUNTS, Says.UNPAID), "approved": (None, Says.COUNTS), "accepted": (None, Says.COUNTS),
    "aprobado": (None, Says.COUNTS), "aprobada": (None, Says.COUNTS), "ok": (None, Says.COUNTS),
}  # fmt: skip
"""Words that say one thing of an order and another of its payment: shops that send things are paid before they begin
with an order (WooCommerce, Magento, PrestaShop), but a payment that is processing is none yet."""
_SAYS = {word: says for says, words in _WORDS.items() for word in words}
_BEGINS = re.compile(
    r"^(?:wc|status|order|payment|sale|transaction|invoice|ticket|receipt|item|line|check|pedido|pago|venta|orden"
    r"|factura)(?: (?:is|was|has been|status))? (?=\w)"
)
"""What a tool puts before its word: `wc-completed`, "Order Completed", "Payment: Pending"."""
_PAID_BY = re.compile(
    r"^(?:paid|pagado|pagada) (?:by|with|via|in|on|cash|card|credit|debit|visa|mastercard|amex|con|en)\b"
)
_WHO_DID = re.compile(r"^(?P<word>\w+(?: \w+){0,2}?) (?:by|per|due to|because(?: of)?)\b")
"""Who did it, or why, behind a word: "Canceled by store", "Refunded per manager"."""
_REMARK = re.compile(r"\s[-–—]\s|:\s")
"""What stands between a word and a remark: "Voided - manager"."""
_BETWEEN = re.compile(r"[,;/|+&]|\s-\s|\band\b|\by\b")
_NO = re.compile(r"^[\s$€£+-]*+(?:0*+[.,]?0*+|no|n|f|false|none|never|n/?a|null|open|ok)[\s.-]*+$", re.IGNORECASE)
_YES = re.compile(r"^\s*+(?:yes|y|true|t|-?1|x|✓|✔|si|sí|s|oui|ja)\s*+$", re.IGNORECASE)
_DAY = re.compile(
    r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}|\b[a-z]{3,9}\.? \d{1,2},? \d{4}\b|\b\d{1,2}[ -][a-z]{3,9}[ -]\d{2,4}\b",
    re.IGNORECASE,
)
_NO_DAY = re.compile(r"^\W*0{1,4}\W0{1,4}\W0{1,4}(?:\D|00)*$")


def word_of(cell: str) -> str:
    """Return a cell as words are compared: lower case, without accents, marks and digits; only spaces between."""
    plain = unicodedata.normalize("NFKD", cell[:MOST_LETTERS].lower())
    letters = (one if one.isalpha() else "" if unicodedata.combining(one) else " " for one in plain)
    return " ".join("".join(letters).split())


@lru_cache(maxsize=4096)
def said_by(cell: str, *, of_payment: bool = False) -> Says | None:
    """Return what a cell's words say of its row; of several in one the gravest; None where one is not known.

    Args:
        of_payment: the cell is about the payment, not the order.
    """
    if (known := _one(word_of(cell), of_payment)) is not None:
        return known
    parts = [_one(word_of(part), of_payment) for part in _BETWEEN.split(cell[:MOST_LETTERS].lower()) if part.strip()]
    if len(parts) < 2 or None in parts:
        word, *remarks = _REMARK.split(cell[:MOST_LETTERS])
        said = _one(word_of(word), of_payment) if remarks else None
        return said if said in _GONE and all(one is None for one in parts[1:]) else None
    return min((one for one in parts if one is not None), key=GRAVEST.index)


def _one(word: str, of_payment: bool) -> Says | None:
    bare = _BEGINS.sub("", word)
    if bare in _BY_ROLE:
        return _BY_ROLE[bare][of_payment or word.startswith(("payment", "pago"))]
    if (known := _SAYS.get(word) or _SAYS.get(bare)) is not None:
        return known
    if (told := _WHO_DID.match(bare)) and told["word"] in _SAYS and not _PAID_BY.match(bare):
        return _SAYS[told["word"]]
    return Says.COUNTS if _PAID_BY.match(bare) and "part" not in bare.split() else None


def is_exchange(cell: str) -> bool:
    """Tell whether a row is of an exchange: what came back stands below zero, what was taken instead above."""
    return word_of(cell) in ("exchange", "cambio", "umtausch", "echange")


def is_no(cell: str) -> bool:
    """Tell whether a cell of a column that asks ("Void?", "Cancelled at") says no."""
    return not cell.strip() or _NO.match(cell) is not None or _NO_DAY.match(cell.strip()) is not None


def is_yes(cell: str) -> bool:
    """Tell whether it says yes."""
    return _YES.match(cell) is not None


def is_day(cell: str) -> bool:
    """Tell whether it says yes by the day it happened on."""
    return _DAY.search(cell[:MOST_LETTERS]) is not None
