"""What the sums of a file are of: rows, orders or payments, with or without what lies between them."""
