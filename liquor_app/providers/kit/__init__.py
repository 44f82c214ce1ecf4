"""What providers share: the interface, message bodies, HTTP, callbacks."""
