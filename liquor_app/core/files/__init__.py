"""Files that outlive a request: kept in one store for all replicas, under keys of our own making."""
