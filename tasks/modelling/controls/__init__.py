"""Controls, one kind per file: what a combination would score if something were taken from it. They choose nothing."""
