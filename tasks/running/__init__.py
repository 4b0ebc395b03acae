"""Where work is done: the pool that hands it out, and the runners that it may choose from."""
