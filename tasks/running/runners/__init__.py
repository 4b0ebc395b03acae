"""Where work is done: one way of running per file (threads, processes, a Dask cluster). What is done knows nothing of it."""
