"""Table files: read as text and keyed by patient. The clinical and genomic rooms give the cells their meaning."""
