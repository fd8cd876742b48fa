"""The first layer of LIIF and DIIF through the kernel whose products are of bytes: what it is handed."""

from __future__ import annotations

import ctypes

import torch
from torch import Tensor

from diif_viewer.engine.native import library
from diif_viewer.engine.native.bytes import MIDDLE, ByteLayer, ByteLayerAt
from diif_viewer.engine.native.library import Kernels
from diif_viewer.engine.native.products import Work

SIZES = ((48, 128), (64, 256))
"""Channels of features, and results, that the kernel is compiled for: lite, and as published."""

SIDES = (3, 4)


class _First(ctypes.Structure):
    """`First` of first.c."""

    _fields_ = (
        *((name, ctypes.c_int32) for name in ("height", "width", "channels", "side")),
        ("features", ctypes.c_void_p),
        ("layer", ctypes.POINTER(ByteLayerAt)),
        ("maps", ctypes.c_void_p),
    )


class NativeFirst:
    """A convolution of a block in one call that holds no lock."""

    def __init__(self, weight: Tensor, bias: Tensor, kernels: Kernels) -> None:
        """weight: (hidden, channels, side, side); bias: (hidden,)."""
        self._hidden, self._channels, self._side, _ = weight.shape
        self._dtype = kernels.form.dtype
        self._held = ByteLayer.of(weight.detach(), bias, MIDDLE).held(kernels.form)
        self._layer = ByteLayerAt.of(self._held)
        self._run = kernels.dll.diif_viewer_first
        self._run.argtypes = (ctypes.POINTER(_First), ctypes.c_int)

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor, dtype: torch.dtype) -> NativeFirst | None:
        """The kernel for this layer, or None where plain torch is to do it."""
        hidden, channels, side, _ = weight.shape
        if weight.device.type != "cpu" or (channels, hidden) not in SIZES or side not in SIDES:
            return None
        kernels = library.kernels(dtype)
        return cls(weight, bias, kernels) if kernels is not None and kernels.form.bytes else None

    def __call__(self, features: Tensor) -> Tensor:
        """features: (h + side - 1, w + side - 1, channels) -> (h, w, hidden).

        Raises MemoryError where there is none for the kernel's buffers.
        """
        features, more = features.contiguous(), self._side - 1
        h, w = features.shape[0] - more, features.shape[1] - more
        maps = torch.empty(h, w, self._hidden, dtype=self._dtype)
        at = features.data_ptr(), ctypes.pointer(self._layer), maps.data_ptr()
        if self._run(ctypes.byref(_First(h, w, self._channels, self._side, *at)), self._hidden):
            raise MemoryError("the kernel's buffers")
        Work.macs += h * w * self._hidden * self._channels * self._side**2
        return maps
