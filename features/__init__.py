"""The library: what is computed from images and tables. It knows nothing of orchestration (no prefect, no dask)."""
