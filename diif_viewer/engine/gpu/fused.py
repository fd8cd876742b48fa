"""Launching the kernels: which sizes they are compiled for, how they are set, and their launches recorded.

A launch depends on the number of tiles, knots and slices only, each rounded up to one of a few sizes; all that differs
from view to view lies in tensors that stay (`workspace`). So one recording serves every view of about that size.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from diif_viewer.engine.gpu.runtime import Runtime, Work
from diif_viewer.engine.gpu.tables import GROUP, Batch, most_knots
from diif_viewer.engine.gpu.weights import Stage
from diif_viewer.engine.gpu.workspace import Workspace
from diif_viewer.engine.shortage import is_memory_error

RECORDINGS = 32
"""Launches that are kept recorded."""

TABLE = 1 << 18
"""Words that there is room for from the beginning: a window of 3840 x 2160 takes 80,000."""

GREY, BYTES, FLOATS = 1, 3, 4
"""Forms of the output: one byte a pixel, three, or three floats before rounding."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a kernel is compiled: channels that it takes at a time, warps, stages of its pipeline."""

    part: int
    warps: int
    stages: int


SETTINGS = (Setting(64, 8, 2), Setting(32, 8, 2), Setting(16, 8, 2))
"""In the order of preference: the first that fits the chip is taken. Compiling takes seconds for each, and more where
there is little shared memory; `bench` measures them."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a launch is made for: tiles and slices of a row of a tile (0 without), rounded up; one group, or more."""

    tiles: int
    single: bool
    pairs: int
    form: int
    based: bool

    @classmethod
    def of(cls, batch: Batch, form: int, based: bool) -> Sizes:
        """The sizes that serve a batch."""
        return cls(power_of_two(batch.tiles), batch.single, _eights(batch.pairs), form, based)


def tiles_within(room: int, stage: Stage, scale: float, side: int) -> int:
    """How many tiles, one at least, have slices of at most `room` bytes, in both their forms, at a scale across.

    A power of two, since memory is taken for so many.
    """
    each = 2 * side * _eights(most_knots(stage.layout, scale, side)) * stage.width * stage.dtype.itemsize
    return 1 << max(0, (room // each).bit_length() - 1)


def _eights(pairs: int) -> int:
    return -(-pairs // 8) * 8


def power_of_two(number: int) -> int:
    """The next power of two, `number` included."""
    return 1 << (number - 1).bit_length()


class Fused:
    """One decoder's kernels on one device.

    side: of a tile. Tensors that the kernels share with the rest are the workspace's "table", "maps", "source" and
    "out"; `run` wants them filled.
    """

    def __init__(
        self,
        stage: Stage,
        runtime: Runtime,
        workspace: Workspace,
        side: int,
        settings: tuple[Setting, ...] = SETTINGS,
    ) -> None:
        self.stage = stage
        self._settings = settings
        self._runtime = runtime
        self._workspace = workspace
        self._side = side
        self._recorded: OrderedDict[tuple[Sizes, int], Work] = OrderedDict()

    def run(self, batch: Batch, form: int, *, based: bool) -> None:
        """Compute the batch's tiles into "out". based: add the bicubic picture. Raises what Triton raises at first."""
        sizes = Sizes.of(batch, form, based)
        table = self._workspace.take("table", max(batch.words.size, TABLE), torch.int32)
        if batch.pairs:
            slices = sizes.tiles * self._side * sizes.pairs * self.stage.width
            for name in ("hidden", "pushed"):
                self._workspace.take(name, slices, self.stage.dtype)
        self._runtime.upload(batch.words, table)
        key = sizes, self._workspace.generation
        if key not in self._recorded:
            launches = self._launches(sizes)
            self._recorded[key] = self._runtime.recorded(lambda: _all(launches))
            for old in [k for k in self._recorded if k[1] != key[1]]:
                del self._recorded[old]
            while len(self._recorded) > RECORDINGS:
                self._recorded.popitem(last=False)
        self._recorded.move_to_end(key)
        self._recorded[key]()

    def _launches(self, sizes: Sizes) -> list[Work]:
        """The kernels in their order, each with a setting that fits. They run once."""
        before = [self._coarse(sizes), self._push(sizes)] if sizes.pairs else []
        return [self._set(launch) for launch in (*before, self._fine(sizes))]

    def _set(self, launch: Callable[[Setting], None]) -> Work:
        fitting = {Setting(min(s.part, self.stage.width), s.warps, s.stages): None for s in self._settings}
        return functools.partial(launch, first_working(fitting, launch))

    def _fine(self, sizes: Sizes) -> Callable[[Setting], None]:
        from diif_viewer.engine.gpu.kernels import fine_stage

        stage, sliced = self.stage, sizes.pairs > 0
        below = 0 if sliced else stage.layout.neighbours  # rows of knots that are blended
        table = self._tensor("table", torch.int32)
        arguments = (
            *(table, table.view(torch.float32)),
            self._tensor("pushed" if sliced else "maps", stage.dtype),
            self._tensor("source", torch.float32),
            *(stage.bias, stage.row_weights, stage.column_weights, stage.middle, stage.middle_bias),
            *(stage.last, stage.last_bias),
            self._tensor("out", torch.float32 if sizes.form == FLOATS else torch.uint8),
            *(self._side, stage.width),
        )

        def launch(setting: Setting) -> None:
            fine_stage[(sizes.tiles * self._side,)](
                *(*arguments, setting.part, GROUP, sizes.single, below, sizes.based, sizes.form),
                num_warps=setting.warps,
                num_stages=setting.stages,
            )

        return launch

    def _coarse(self, sizes: Sizes) -> Callable[[Setting], None]:
        from diif_viewer.engine.gpu.kernels import coarse_stage

        coarse, table = self.stage.coarse, self._tensor("table", torch.int32)
        assert coarse is not None
        inputs = self._tensor("maps", self.stage.dtype), coarse.cell, coarse.first, coarse.last
        tensors = *inputs, coarse.weights, coarse.bias, self._tensor("hidden", self.stage.dtype)
        return self._sliced(coarse_stage, sizes, (table, table.view(torch.float32), *tensors))

    def _push(self, sizes: Sizes) -> Callable[[Setting], None]:
        from diif_viewer.engine.gpu.kernels import push_stage

        assert self.stage.coarse is not None
        hidden, pushed = (self._tensor(name, self.stage.dtype) for name in ("hidden", "pushed"))
        return self._sliced(
            push_stage, sizes, (self._tensor("table", torch.int32), hidden, self.stage.coarse.push, pushed)
        )

    def _sliced(self, kernel: Any, sizes: Sizes, tensors: tuple[Tensor, ...]) -> Callable[[Setting], None]:
        """A launch of a kernel whose programs make blocks of slices; compiled once, however many of them there are."""
        block = min(64, self._side * 8)
        blocks = -(-self._side * sizes.pairs // block)

        def launch(setting: Setting) -> None:
            kernel[(blocks, sizes.tiles)](
                *(*tensors, self._side, self.stage.width, setting.part, block),
                num_warps=setting.warps,
                num_stages=setting.stages,
            )

        return launch

    def _tensor(self, name: str, dtype: torch.dtype) -> Tensor:
        return self._workspace.take(name, 1, dtype)


def first_working(settings: Iterable[Setting], launch: Callable[[Setting], None]) -> Setting:
    """The first setting that `launch` succeeds with. Raises what the last one raised when none does."""
    failure: Exception | None = None
    for setting in settings:
        try:
            launch(setting)
        except Exception as error:  # too little shared memory or too few registers: Triton has many words for it
            if is_memory_error(error):
                raise
            failure = error
        else:
            return setting
    assert failure is not None
    raise failure


def _all(launches: Iterable[Work]) -> None:
    for launch in launches:
        launch()
