"""Lines of purchases become orders beside those known: whose they are, how they are called, which are refused."""
