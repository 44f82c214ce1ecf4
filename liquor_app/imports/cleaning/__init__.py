"""From cells to customers and baskets, or a reason why not. Pure."""
