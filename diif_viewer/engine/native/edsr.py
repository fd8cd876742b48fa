"""An EDSR encoder through the compiled kernel: what `encoding` hands over, weights as the kernel reads them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from diif_viewer.engine.native import library
from diif_viewer.engine.native.library import Kernels
from diif_viewer.engine.native.products import Work, floats, panels, taps
from diif_viewer.engine.threads import cores, parallel
from diif_viewer.geometry import Window

CHANNELS = (48, 64)
"""Channels that the kernel is compiled for."""

_COLOURS = 3


class Layer(NamedTuple):
    """A 3x3 convolution. weight: (out, in, 3, 3); bias: (out,)."""

    weight: Tensor
    bias: Tensor


class Encoding(ctypes.Structure):
    """`Encoding` of edsr.h."""

    _fields_ = (
        *((name, ctypes.c_int32) for name in ("height", "width", "top", "left", "bottom", "right", "blocks")),
        ("image", ctypes.c_void_p),
        ("weights", ctypes.POINTER(ctypes.c_void_p)),
        ("bias", ctypes.POINTER(ctypes.c_void_p)),
        ("features", ctypes.c_void_p),
    )


class _Begun:
    """Work that threads go on with. It goes with the last one that holds it: an interrupt waits for none of them."""

    def __init__(self, address: int, end: Callable[[int], None], held: tuple[object, ...]) -> None:
        """end: frees what is at the address. held: what the kernel reads and writes there."""
        self.address, self._end, self._held = address, end, held

    def __del__(self) -> None:
        self._end(self.address)


class NativeEdsr:
    """The encoder on all cores, which share each layer. Sums are in float32."""

    _function = "diif_viewer_encode"
    _packed = slice(None)  # layers whose weights are of the form's dtype

    def __init__(self, layers: Sequence[Layer], kernels: Kernels) -> None:
        """layers: head, two for each block, tail."""
        self._count, self._channels, self._dtype = len(layers), len(layers[0].bias), kernels.form.dtype
        layers = layers[self._packed]
        self._weights = [panels(taps(layer.weight), kernels.form) for layer in layers]
        self._bias = [floats(layer.bias) for layer in layers]
        each = ctypes.c_void_p * len(layers)
        self._weights_at = each(*(t.data_ptr() for t in self._weights))
        self._bias_at = each(*(t.data_ptr() for t in self._bias))
        self._begin, self._join, self._end = (
            getattr(kernels.dll, f"{self._function}_{name}") for name in ("begin", "join", "end")
        )
        self._begin.argtypes, self._begin.restype = (ctypes.c_void_p, ctypes.c_int, ctypes.c_int), ctypes.c_void_p
        for function in (self._join, self._end):
            function.argtypes, function.restype = (ctypes.c_void_p,), None

    @classmethod
    def of(cls, layers: Sequence[Layer], dtype: torch.dtype) -> NativeEdsr | None:
        """The kernel for these layers, or None where plain torch is to do it."""
        weight = layers[0].weight
        if weight.device.type != "cpu" or len(weight) not in CHANNELS:
            return None
        kernels = library.kernels(dtype)
        return None if kernels is None else cls(layers, kernels)

    def __call__(self, image: Tensor, inside: Window) -> Tensor:
        """image: (1, 3, H, W) in [-1, 1], channels-last, of the kernels' dtype. inside: what is wanted of it.

        A side of the image that is nearer than the layers reach is taken for the picture's, beyond which all is zero.
        -> (inside.height, inside.width, channels), contiguous. Raises MemoryError where there is none for the buffers.
        """
        pixels = image[0].permute(1, 2, 0).contiguous()
        height, width, _ = pixels.shape
        features = torch.empty(inside.height, inside.width, self._channels, dtype=self._dtype)
        work = self._begun(self._request(pixels, inside, features), pixels, features, threads=cores())
        parallel(lambda _: self._join(work.address), range(cores()))
        Work.macs += self._macs(inside, Window(0, 0, height, width))
        return features

    def _begun(self, request: ctypes.Structure, *tensors: Tensor, threads: int) -> _Begun:
        address = self._begin(ctypes.byref(request), self._channels, threads)
        if address is None:
            raise MemoryError("the kernel's buffers")
        return _Begun(address, self._end, (request, *tensors))

    def _request(self, pixels: Tensor, inside: Window, features: Tensor) -> ctypes.Structure:
        """What the kernel is handed; the tensors must outlive it."""
        height, width, _ = pixels.shape
        return Encoding(
            height, width, inside.top, inside.left, inside.bottom, inside.right, self._count // 2 - 1,
            pixels.data_ptr(), self._weights_at, self._bias_at, features.data_ptr(),
        )  # fmt: skip

    def _macs(self, inside: Window, whole: Window) -> int:
        layers, c = self._count, self._channels
        areas = [inside.grown(layers - 1 - n).intersected(whole).area for n in range(layers)]
        return 9 * c * (_COLOURS * areas[0] + c * sum(areas[1:]))
