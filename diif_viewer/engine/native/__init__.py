"""A small compiled kernel for the step that a view consists of, where the CPU and a C compiler allow it."""
