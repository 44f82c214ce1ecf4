"""Reviews: what a finished week or month came to, in words and figures, read, printed and mailed."""
