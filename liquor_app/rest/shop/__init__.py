"""What the shop sells, what it gives away, and the files its tills send."""
