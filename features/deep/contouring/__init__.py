"""Networks that draw contours: what they are shown, how they are trained, kept and run. features/deep/masks uses them."""
