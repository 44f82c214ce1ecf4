"""What every page of one thing is: the thing its address names, or word that there is none."""
