"""One declaration a list: its page, route, export and tests follow from it."""
