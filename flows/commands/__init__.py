"""The commands that look at a store or work on single files. Flows with steps that Prefect tracks are one folder up."""
