"""The pairs of one step: crops of the training pictures and their bicubic reductions, sizes varied, never resized.

A batch is a function of (seed, step) alone, so that a resumed run sees exactly what an uninterrupted one would, and
several processes each cut their own part of the same batch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from diif_viewer.geometry import Ints, Lattice
from diif_viewer.training.damage import Damage

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Group:
    """Pairs of one size.

    low: (B, h, w, 3) uint8. high: (B, side, side, 3) uint8. rows: output rows to learn from, as drawn (R,). points:
    outputs to learn from, where single ones are sampled: (row, column) (B, Q, 2).
    """

    low: Bytes
    high: Bytes
    rows: Ints
    points: Ints | None = None

    @property
    def lattice(self) -> Lattice:
        """Of the truth over the low-resolution picture."""
        return Lattice.of_size(*self.low.shape[1:3], *self.high.shape[1:3])


Batch = tuple[Group, ...]
"""One group where the whole batch has one scale; a group for each patch where every patch has its own."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where one pair comes from: everything random about it.

    span: side of the region that its truth is made of. colours: the channels in the order in which they are learnt.
    negative: of these, which are learnt as their negatives.
    """

    picture: int
    low: int
    side: int
    span: int
    top: int
    left: int
    flips: tuple[bool, bool, bool]
    colours: tuple[int, ...] = (0, 1, 2)
    negative: tuple[bool, ...] = (False, False, False)


@dataclass(frozen=True, slots=True)
class Sampler:
    """How batches are cut.

    patch: side of the low-resolution patch; or crop: side of the truth, of which ``round(s * floor(crop / s))`` are
    used. batch: patches. pixels: outputs learnt from per patch. scales: smallest and largest, drawn uniformly, in
    steps of `scale_step` where that is not 0; or, with the scale_law "log-uniform", each doubling as often. scale_of:
    one scale for the "batch", or for each "patch" its own. samples: whole "rows" (slices are whole then), or single
    "points". seed: of everything random. damage: done to
    the low-resolution patches. candidates: crops drawn for each patch, of which the one with the most detail is used.
    reduction: half of the crops are regions larger by up to this factor, reduced; 1: none are. permuted: share of the
    crops whose colour channels are put in any order. negative: share of the crops of which each channel is its negative
    with even odds, so that there are edges between colours of one brightness, which photographs hardly have.
    """

    patch: int
    batch: int
    pixels: int
    scales: tuple[float, float]
    seed: int
    crop: int = 0
    scale_step: float = 0.0
    scale_law: str = "uniform"
    scale_of: str = "batch"
    samples: str = "rows"
    damage: Damage | None = None
    candidates: int = 1
    reduction: float = 1.0
    permuted: float = 0.0
    negative: float = 0.0

    @property
    def largest_side(self) -> int:
        """Smallest side that a training picture must have."""
        return self.crop or round(self.patch * self.scales[1])

    def batch_of(self, pictures: list[Bytes], step: int, part: tuple[int, int] = (0, 1)) -> Batch:
        """The batch of one step: crops, flips, transposes, and their bicubic reductions through 8 bits.

        part: (k, n) cuts only the k-th of n equal parts of it.
        """
        rng = np.random.default_rng((self.seed, step))
        own = range(self.batch * part[0] // part[1], self.batch * (part[0] + 1) // part[1])
        if self.scale_of == "patch":
            drawn = [self._drawn(pictures, 1, rng) for _ in range(self.batch)]
            if self.samples == "points":  # as many of each, whichever part of the batch is cut
                fewest = min(points.shape[1] for *_, points in drawn if points is not None)
                drawn = [(cuts, rows, None if p is None else p[:, :fewest]) for cuts, rows, p in drawn]
            groups = tuple(_group(pictures, *drawn[k]) for k in own)
        else:
            cuts, rows, points = self._drawn(pictures, self.batch, rng)
            mine = slice(own.start, own.stop)
            groups = (_group(pictures, cuts[mine], rows, None if points is None else points[mine]),)
        if self.damage is not None:
            patches = (patch for group in groups for patch in group.low)
            for k, patch in zip(own, patches, strict=True):
                patch[:] = self.damage.done_to(patch, np.random.default_rng((self.seed, step, k)))
        return groups

    def _drawn(
        self, pictures: list[Bytes], count: int, rng: np.random.Generator
    ) -> tuple[list[_Cut], Ints, Ints | None]:
        """The random choices for `count` patches of one scale: cuts, rows, points."""
        low, side = self._sides(rng)
        drawn = [[self._cut(pictures, low, side, rng) for _ in range(self.candidates)] for _ in range(count)]
        cuts = [max(cuts, key=lambda cut: _detail(pictures, cut)) if len(cuts) > 1 else cuts[0] for cuts in drawn]
        lines = max(min(4, side), min(side, self.pixels // side))
        rows = rng.permutation(side)[:lines].astype(np.int64)
        if self.samples == "rows":
            return cuts, rows, None
        pixels = min(self.pixels, side * side)
        chosen = np.stack([rng.permutation(side * side)[:pixels] for _ in range(count)])
        return cuts, rows, np.stack(np.divmod(chosen, side), axis=-1)

    def _cut(self, pictures: list[Bytes], low: int, side: int, rng: np.random.Generator) -> _Cut:
        picture, span = int(rng.integers(len(pictures))), side
        height, width = pictures[picture].shape[:2]
        if self.reduction > 1 and rng.random() < 0.5:
            span = min(round(side * rng.uniform(1.0, self.reduction)), height, width)
        top, left = (int(rng.integers(size - span + 1)) for size in (height, width))
        flips = rng.random() < 0.5, rng.random() < 0.5, rng.random() < 0.5
        colours = rng.permutation(3).tolist() if self.permuted and rng.random() < self.permuted else (0, 1, 2)
        negative = (False, False, False)
        if self.negative and rng.random() < self.negative:
            negative = rng.random() < 0.5, rng.random() < 0.5, rng.random() < 0.5
        return _Cut(picture, low, side, span, top, left, flips, tuple(colours), negative)

    def _sides(self, rng: np.random.Generator) -> tuple[int, int]:
        """Sides of low-resolution patch and truth at a scale drawn from the range."""
        first, last = self.scales
        if self.scale_step:
            scale: float = first + self.scale_step * int(
                rng.integers(math.floor((last - first) / self.scale_step + 1e-9) + 1)
            )
        elif self.scale_law == "log-uniform":
            scale = math.exp(rng.uniform(math.log(first), math.log(last)))
        else:
            scale = rng.uniform(first, last)
        low = self.patch or math.floor(self.crop / scale + 1e-9)
        return low, round(low * scale)


def reduced(picture: Bytes, height: int, width: int) -> Bytes:
    """A smaller picture as the benchmarks make them: PIL's bicubic filter, rounded to 8 bits."""
    return np.array(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))


def _detail(pictures: list[Bytes], cut: _Cut) -> float:
    """How much neighbours differ in the green of a crop before it is reduced, in levels: mean of both directions."""
    green = pictures[cut.picture][cut.top : cut.top + cut.span, cut.left : cut.left + cut.span, 1].astype(np.int16)
    return float(np.abs(np.diff(green, axis=0)).mean() + np.abs(np.diff(green, axis=1)).mean()) / 2


def _group(pictures: list[Bytes], cuts: list[_Cut], rows: Ints, points: Ints | None) -> Group:
    high = np.stack([_crop(pictures[cut.picture], cut) for cut in cuts])
    low = np.stack([reduced(crop, cut.low, cut.low) for crop, cut in zip(high, cuts, strict=True)])
    return Group(low, high, rows, points)


def _crop(picture: Bytes, cut: _Cut) -> Bytes:
    crop = picture[cut.top : cut.top + cut.span, cut.left : cut.left + cut.span]
    if cut.span != cut.side:
        crop = reduced(crop, cut.side, cut.side)
    if cut.colours != (0, 1, 2):
        crop = crop[..., cut.colours]
    if any(cut.negative):
        crop = np.where(cut.negative, 255 - crop, crop)
    upside_down, mirrored, transposed = cut.flips
    if upside_down:
        crop = crop[::-1]
    if mirrored:
        crop = crop[:, ::-1]
    if transposed:
        crop = crop.transpose(1, 0, 2)
    return np.ascontiguousarray(crop)
