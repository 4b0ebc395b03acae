"""How columns go together: numbers for the steps that drop what others say already."""
