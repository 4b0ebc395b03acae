"""Registration: where a point of one image lies in another, found by their voxels. No masks are changed here."""
