"""How much each block weighs, and how predictions of blocks become one. No kinds of fusion: those are one folder up."""
