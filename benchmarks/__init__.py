"""What `make bench` runs. Each benchmark prints JSON lines that compare ours, a baseline and a limit of one run."""
