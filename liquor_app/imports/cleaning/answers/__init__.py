"""Columns that say yes or no of somebody: consent, refusals, addresses nobody writes to any more. Pure."""
