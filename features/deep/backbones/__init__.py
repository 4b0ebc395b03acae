"""One backbone per file, named for its kind; each declares its checkpoint with source and sha-256."""
