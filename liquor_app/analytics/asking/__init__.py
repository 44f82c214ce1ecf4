"""Questions in words, answered from a fixed set of figures."""
