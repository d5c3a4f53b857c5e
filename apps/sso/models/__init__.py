"""One module per subject; Django finds them here."""
