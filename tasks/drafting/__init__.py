"""A folder of images and tables as a first catalog and recipes, every guess marked. No prefect here."""
