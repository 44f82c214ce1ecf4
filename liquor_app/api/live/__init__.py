"""The WebSockets as programs are told of them."""
