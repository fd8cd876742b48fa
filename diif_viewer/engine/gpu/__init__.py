"""Rendering on a GPU: the fine stage as one kernel, launches recorded as graphs, pixels assembled on the device.

All that needs CUDA is behind `runtime.Runtime`, so that everything else runs, and is tested, on a machine without it.
"""
