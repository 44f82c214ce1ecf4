"""Every list on its page: what its state does and how it is drawn."""
