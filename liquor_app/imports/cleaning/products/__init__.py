"""Files of products: what their columns are, and what a row says. Pure."""
