"""How one image is made of several volumes of an acquisition: a calculation per file, named for its kind."""
