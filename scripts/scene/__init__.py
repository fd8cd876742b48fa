"""The parts of the bundled sample picture, drawn with Pillow at `strokes.ZOOM` times its size."""
