"""Many rows of one call to the API: customers, purchases and events, each row told what became of it."""
