"""Figures drawn: charts, bars, tiles, intervals."""
