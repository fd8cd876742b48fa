"""The engine: exact rewrites of the reference models, and the process that renders for the window.

Importing this package imports nothing heavy: `tiles` and `messages` are free of torch, so that the
window can use them before (and without) loading it.
"""
