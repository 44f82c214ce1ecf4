"""Allocations in words. Pure."""

from __future__ import annotations

from liquor_app.allocations.models import AllocationMethod, AllocationStatus, EntryStatus

STATUS = {
    AllocationStatus.OPEN: ("Open", "blue"),
    AllocationStatus.FROZEN: ("List settled", "amber"),
    AllocationStatus.DRAWN: ("Drawn", "green"),
    AllocationStatus.CANCELLED: ("Cancelled", "gray"),
}
METHOD = {AllocationMethod.DRAW: "Fair draw", AllocationMethod.SPEND: "By spend (disputed)"}
ENTRY = {
    EntryStatus.LISTED: ("Not drawn", "gray"),
    EntryStatus.LEFT_OUT: ("Left out", "gray"),
    EntryStatus.OFFERED: ("Offered", "amber"),
    EntryStatus.CLAIMED: ("Fetched", "green"),
    EntryStatus.PASSED: ("Unclaimed", "gray"),
}
