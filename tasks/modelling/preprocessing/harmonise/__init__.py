"""What differs between centres is evened out. One kind per file."""
