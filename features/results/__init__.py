"""Per-case results: what is missing is computed and kept under its address; the mart is built from what is kept."""
