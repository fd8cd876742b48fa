"""DIIF-S's coarse stage through the compiled kernel: what `decoders.diif_s` hands over, weights as the kernel reads."""

from __future__ import annotations

import ctypes
import math
from typing import NamedTuple

import torch
from torch import Tensor

from diif_viewer.engine.native import library
from diif_viewer.engine.native.bytes import MIDDLE, ByteLayer, ByteLayerAt, Dense, DenseAt, has_bytes
from diif_viewer.engine.native.fine import WIDTHS
from diif_viewer.engine.native.library import Kernels
from diif_viewer.engine.native.products import Work, floats, panels, taps

_SIDE = 4  # features around a vertex, along an axis


class Stage(NamedTuple):
    """The coarse stage's layers, float32."""

    first: Tensor
    """(hidden, channels, 4, 4)."""
    first_bias: Tensor
    knots: Tensor
    """What the first layer adds for each knot: (1, hidden), or (4, hidden) in the order (-,-) (-,+) (+,-) (+,+)."""
    second: Tensor
    """(hidden, hidden)."""
    second_bias: Tensor
    push: Tensor
    """(hidden, hidden): the fine stage's first matrix."""


class _Coarse(ctypes.Structure):
    """`Coarse` of knots.c."""

    _fields_ = (
        *((name, ctypes.c_int32) for name in ("height", "width", "channels", "density")),
        *((name, ctypes.c_void_p) for name in ("features", "first", "first_bias", "knots")),
        *((name, DenseAt) for name in ("second", "push")),
        *((name, ctypes.c_void_p) for name in ("bytes", "maps")),
    )


class NativeKnots:
    """The coarse stage of a block in one call that holds no lock. Sums are in float32."""

    def __init__(self, stage: Stage, kernels: Kernels) -> None:
        self._form, (self._hidden, self._channels) = kernels.form, stage.first.shape[:2]
        self._held = panels(taps(stage.first), self._form), floats(stage.first_bias), floats(stage.knots)
        self._second = Dense(stage.second, stage.second_bias, self._form)
        self._push = Dense(stage.push, None, self._form)
        self._density = math.isqrt(len(stage.knots))
        self._bytes = None
        if has_bytes(kernels.form, self._channels):
            self._byte_tensors = ByteLayer.of(stage.first, stage.first_bias, MIDDLE).held(kernels.form)
            self._bytes = ByteLayerAt.of(self._byte_tensors)
        self._run = kernels.dll.diif_viewer_knots
        self._run.argtypes = (ctypes.POINTER(_Coarse), ctypes.c_int)

    @classmethod
    def of(cls, stage: Stage, dtype: torch.dtype) -> NativeKnots | None:
        """The kernel for these layers, or None where plain torch is to do it."""
        hidden = len(stage.first)
        if stage.first.device.type != "cpu" or hidden not in WIDTHS:
            return None
        kernels = library.kernels(dtype)
        return None if kernels is None else cls(stage, kernels)

    @property
    def first_share(self) -> float:
        """The first layer's part of the arithmetic."""
        first = _SIDE * _SIDE * self._channels
        return first / (first + self._after)

    @property
    def _after(self) -> int:
        """Multiply-accumulates of a vertex after the first layer, for each of its hidden values."""
        return 2 * self._density**2 * self._hidden

    def __call__(self, features: Tensor) -> Tensor:
        """features: (h + 3, w + 3, channels) around h x w vertices -> (density * h, density * w, hidden).

        Raises MemoryError where there is none for the kernel's buffers.
        """
        wanted, tile, hidden, d = features.shape[1] - _SIDE + 1, self._form.tile, self._hidden, self._density
        if wanted < tile:  # the kernel computes whole tiles
            features = torch.nn.functional.pad(features, (0, 0, 0, tile - wanted))
        features = features.contiguous()
        h, w = features.shape[0] - _SIDE + 1, features.shape[1] - _SIDE + 1
        maps = torch.empty(d * h, d * w, hidden, dtype=self._form.dtype)
        held = (t.data_ptr() for t in (features, *self._held))
        first = None if self._bytes is None else ctypes.addressof(self._bytes)
        request = _Coarse(h, w, self._channels, d, *held, self._second.at, self._push.at, first, maps.data_ptr())
        if self._run(ctypes.byref(request), hidden):
            raise MemoryError("the kernel's buffers")
        Work.macs += h * -(-w // tile) * tile * hidden * (_SIDE * _SIDE * self._channels + self._after)
        return maps[:, : d * wanted]
