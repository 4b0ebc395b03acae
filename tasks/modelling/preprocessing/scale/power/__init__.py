"""The Yeo-Johnson transformation and its likeliest power: numbers alone."""
