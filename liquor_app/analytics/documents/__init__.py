"""Documents on paper: letters and tables as PDF."""
