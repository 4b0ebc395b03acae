"""The declared world: cohorts, where their files and tables are, and what ids look like. Nothing here reads an image or a table."""
