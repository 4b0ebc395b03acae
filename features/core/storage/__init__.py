"""The store on disk: places, locks, sealed files and Parquet tables. What is kept in them is up to other rooms."""
