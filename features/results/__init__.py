"""Per-case results: what is missing is computed and kept under its address; the mart is woven from what is kept."""
