"""The exact rewrites of the decoders (docs/how-it-works.md): same functions as `models`, far fewer operations."""
