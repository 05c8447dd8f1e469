"""Recognizers behind one protocol, in supervised worker processes."""
