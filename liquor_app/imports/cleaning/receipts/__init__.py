"""Who a receipt names, and which receipt a row is of."""
