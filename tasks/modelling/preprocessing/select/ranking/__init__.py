"""What the outcome asks of columns, and how they answer one by one: numbers for the steps that select."""
