"""How old somebody is: what the law reads, what is sealed, and how we know."""
