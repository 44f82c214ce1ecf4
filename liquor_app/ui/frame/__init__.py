"""What stands around a page's content."""
