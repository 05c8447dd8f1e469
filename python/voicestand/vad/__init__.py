"""Voice activity: speech probability and endpointing."""
