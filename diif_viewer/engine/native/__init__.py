"""Small compiled kernels for what a view consists of, where the CPU and a C compiler allow it."""
