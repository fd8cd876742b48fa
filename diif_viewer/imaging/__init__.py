"""Pictures in and out: loading, saving, colour, and the classic interpolations."""
