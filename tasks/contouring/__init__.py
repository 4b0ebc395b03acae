"""What a contouring network learns from and how well it draws: without Prefect."""
