"""Where the time and the memory of a look go: encode, first layer, coarse, fine, transfer.

First layer and coarse stage run within one another's calls, chunk by chunk and side by side. So their parts are taken
from what each spends within its caller, and applied to what the caller took as a whole. Where one compiled kernel does
both, they are told apart by their arithmetic: it runs at the matrix rate in both.
"""

from __future__ import annotations

import functools
import multiprocessing
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from diif_viewer.engine import heap
from diif_viewer.engine.field import Field
from diif_viewer.engine.tiles import TILE
from diif_viewer.evaluation.matrix_work import timed
from diif_viewer.geometry import Lattice, Window

_WATCHED = {"diif-s": ("knot_maps", "_project"), "diif": ("render", "_slices"), "diif-constant": ("render", "_slices")}
"""Of each kind's decoder: the method that does two stages, and the one within it that does the first of them alone."""


def stages(field: Field, kind: str, lattice: Lattice, window: Window, *, maps: float, view: float) -> dict[str, Any]:
    """One more first look at `window` (whole tiles), for what its stages take.

    maps, view: milliseconds that were measured for them. -> "first", "coarse", "fine" and "transfer" in milliseconds,
    "memory" in bytes, as in `speed.Row`.
    """
    compute, tiles = field.model.compute, list[Any]()
    field.drop()
    features = field.features(compute)
    decoder: Any = field.model.decoder(compute.dtype)
    places = [tile.intersected(window) for tile in window.split(TILE)]
    with first_part(decoder, kind, compute.device) as part:
        needed = decoder.needs(lattice, window).grown(2)
        memory = {
            "encode": peak(lambda: features.ensure(needed), compute.device),
            "maps": peak(lambda: field.prepare(lattice, [window], compute), compute.device),
            "view": peak(lambda: tiles.extend(field.render_tiles(lattice, places, compute)), compute.device),
        }
        share = part()
    if share is None and kind in _WATCHED:
        share = decoder.first_share(lattice, window)
    first, coarse, fine = maps, None, view
    if share is not None and kind == "diif-s":
        first, coarse = maps * share, maps * (1 - share)
    elif share is not None:
        coarse, fine = view * share, view * (1 - share)
    return {"first": first, "coarse": coarse, "fine": fine, "transfer": transfer(tiles), "memory": memory}


@contextmanager
def first_part(decoder: object, kind: str, device: str = "cpu") -> Iterator[Callable[[], float | None]]:
    """While this lasts, what part of a two-stage call of `decoder` its first stage takes; None where none was made.

    kind: see `speed.KINDS`. For DIIF-S the call makes maps (first layer, then coarse), for DIIF it decodes (coarse,
    then fine); LIIF has none.
    """
    spent: defaultdict[str, float] = defaultdict(float)
    names = _WATCHED.get(kind, ())

    def watched(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            results: list[Any] = []
            spent[name] += timed(lambda: results.append(method(*args)), device)
            return results[0]

        return functools.wraps(method)(call) if hasattr(method, "__name__") else call

    kept = {name: decoder.__dict__.get(name) for name in names}
    for name in names:
        setattr(decoder, name, watched(name, getattr(decoder, name)))
    try:
        yield lambda: spent[names[1]] / spent[names[0]] if names and spent[names[0]] and spent[names[1]] else None
    finally:
        for name, before in kept.items():
            if before is None:
                delattr(decoder, name)
            else:
                setattr(decoder, name, before)


def peak(work: Callable[[], object], device: str = "cpu") -> int | None:
    """Bytes that `work` needs at the most beyond what is held before it; None where the system does not tell."""
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)
        held = torch.cuda.memory_allocated(device)
        work()
        return int(torch.cuda.max_memory_allocated(device) - held)
    heap.give_back()
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")  # the highest mark becomes what is resident now
        held = _status("VmRSS")
    except (OSError, KeyError):
        work()
        return None
    work()
    return max(0, _status("VmHWM") - held)


def _status(name: str) -> int:
    with open("/proc/self/status", encoding="ascii") as file:
        known = dict(line.split(":", 1) for line in file)
    return int(known[name].split()[0]) * 1024


def transfer(tiles: Sequence[np.ndarray[Any, Any]]) -> float:
    """Milliseconds that sending tiles through a pipe takes, until the last has been read."""
    near, far = multiprocessing.Pipe()
    with near, far:
        reader = threading.Thread(target=lambda: [far.recv() for _ in tiles])

        def send() -> None:
            reader.start()
            for tile in tiles:
                near.send(tile)
            reader.join()

        return timed(send)
