"""What descriptors look like in general, and how those of one case differ from it. Nothing here knows of columns."""
