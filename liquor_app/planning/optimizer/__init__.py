"""The plan as a problem of arrays, and its solvers. Pure."""
