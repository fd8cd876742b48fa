"""Training: data, loop, presets."""
