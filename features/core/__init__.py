"""The vocabulary: small typed values that every room speaks. Light imports only; no pixels are read here."""
