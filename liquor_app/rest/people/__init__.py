"""Routes about one customer beside the customer itself: what the shop says of them, and who they are."""
