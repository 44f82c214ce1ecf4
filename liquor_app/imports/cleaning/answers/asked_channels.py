"""Columns of answers that are by their names about offers, and on which channel. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from liquor_app.imports.cleaning.answers.dead_addresses import column_words
from liquor_app.imports.cleaning.answers.refusals import says_no
from liquor_app.imports.cleaning.answers.status_columns import asks_of_offers, holds_answers
from liquor_app.imports.cleaning.cell_kinds import CellKind
from liquor_app.imports.profiles.tool_profile import plain

ASKED = {"email_consent": ("email", "mail", "newsletter"), "sms_consent": ("sms", "text", "mobile", "phone")}
"""What stands in the name of a column of answers that is about a channel."""
NOT_ASKED = re.compile(
    r"\b(?:bounce\w*|(?:un|in)?valid\w*|(?:un)?verif\w*|(?:un)?deliver\w*|complain\w*|spam|dead|bad|wrong|has|have|sent"
    r"|open|opened|opens|click\w*|missing|exists?|available|known|on file|suppress\w*|block\w*|deleted|duplicate"
    r"|receipts?|reviews?|abandon\w*|carts?|orders?|transaction\w*|shipping|shipment|deliver\w*|invoices?|account)\b"
)
"""… and is about something else than what somebody agreed to: a yes to `Verified Email` is no consent."""

OF_OFFERS = re.compile(
    r"\b(?:marketing|newsletters?|promo\w*|offers?|subscri\w*|opt ?(?:in|out|ed)|opted|consent\w*|permission"
    r"|ok(?:ay)? to|(?:may|can) (?:we|i)|allow\w*|permit\w*|accept\w*|agree\w*)\b"
)


def asks(field: str, column: str) -> bool:
    """Tell whether a column of answers is by its name about offers on a channel."""
    words = column_words(column)
    is_about = any(word in plain(column) for word in ASKED[field]) and OF_OFFERS.search(words) is not None
    return is_about and not says_no(column) and not NOT_ASKED.search(words)


def is_of_offers(column: str, kind: CellKind | None, cells: Sequence[str]) -> bool:
    """Tell whether a column says who is sent offers; ones and noughts under "Offers" alone are how many."""
    if not asks_of_offers(column) or not holds_answers(cells):
        return False
    return kind is CellKind.ANSWER or len(column_words(column).split()) > 1
