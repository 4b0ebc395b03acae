"""What is measured of perturbed regions: of each region apart, or in batches by networks. No prefect here."""
