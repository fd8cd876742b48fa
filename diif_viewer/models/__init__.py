"""Reference definitions of the models, readable beside their papers, and their checkpoints."""
