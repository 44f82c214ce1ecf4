"""Two profiles of one person made one: which values stay, and what the customers' own tables hold of it."""
