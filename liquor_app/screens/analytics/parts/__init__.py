"""A campaign's money in every way it is seen in."""
