"""Words of the shop's own on customers: tags and fields."""
