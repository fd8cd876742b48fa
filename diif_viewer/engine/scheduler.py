"""The scheduler of the rendering process: newest views first, then probes and exports, then what may be wanted soon.

It works in small steps (one encoding block, one tile) and reads its mail between them. A waiting request is the
cancellation: the step in hand is finished and sent, then the newer request decides what comes next. Nothing that is
finished is thrown away: tiles are sent whoever waits for them, features and maps stay as long as memory allows.
"""

from __future__ import annotations

import functools
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from diif_viewer.engine import heap
from diif_viewer.engine import messages as m
from diif_viewer.engine.ahead import foreseen_steps, surrounding_steps, warm_up_steps
from diif_viewer.engine.crops import crop_steps
from diif_viewer.engine.device import cache_budget, fast_compute, present, resolve
from diif_viewer.engine.exporting import export_steps, is_large
from diif_viewer.engine.film_probing import film_probe_steps
from diif_viewer.engine.filming import film_steps
from diif_viewer.engine.gallery import Gallery
from diif_viewer.engine.gpu.painter import painter_on
from diif_viewer.engine.heartbeat import Heartbeat
from diif_viewer.engine.ladder import BICUBIC, PROCESSOR, SMALLER, Ladder, Steps, guarded
from diif_viewer.engine.pace import Pace
from diif_viewer.engine.planes import BlockCache
from diif_viewer.engine.probing import Encoding, probe_steps
from diif_viewer.engine.thrift import Thrift
from diif_viewer.engine.tiles import TileKey, keys_for
from diif_viewer.engine.viewing import tile_steps
from diif_viewer.geometry import Lattice
from diif_viewer.models.registry import default_method

REST = 8.0
"""Seconds without work after which freed memory goes back to the system; the next view takes some 20 ms more then."""


@dataclass(frozen=True, slots=True)
class _Job:
    image: int
    steps: Steps


class Connection(Protocol):
    """What is used of a connection."""

    def send(self, message: Any, /) -> None:
        """Hand a message over."""

    def recv(self) -> m.ToRenderer:
        """Wait for a message; EOFError when the other end is gone."""

    def poll(self, timeout: float, /) -> bool:
        """Whether a message arrives within `timeout` seconds."""


class Scheduler:
    """See the module. `connection`: see `engine.messages` for what arrives and what is sent."""

    def __init__(self, connection: Connection, device: str = "auto", heartbeat: Heartbeat | None = None) -> None:
        self._connection, self._heartbeat = connection, heartbeat
        self._device = resolve(device)
        self._compute = fast_compute(self._device)
        self._cache = BlockCache(cache_budget(self._device))
        self._thrift = Thrift(self._cache, self._device)
        self._ladder = Ladder(elsewhere=self._device != "cpu")
        self._gallery = Gallery(self._device, self._cache)
        self._paces: dict[str, Pace] = {}
        self._views: OrderedDict[int, _Job] = OrderedDict()
        self._finished: deque[m.TileDone] = deque()
        self._exports: OrderedDict[int, _Job] = OrderedDict()
        self._probes: dict[type, _Job] = {}  # the newest of each kind
        self._encodings: dict[str, list[Encoding]] = {}
        load = functools.partial(self._gallery.model, default_method(device=self._device))
        self._idle: Steps | None = self._ladder.unhurried(warm_up_steps(load))
        self._running = True

    def run(self) -> None:
        """Work until `Quit` or until the other end is closed (EOFError)."""
        self._connection.send(self._ready())
        while self._running:
            while self._running and (not self._busy or self._connection.poll(0)):
                if not self._busy:
                    self._rest()
                self._receive(self._connection.recv())
            if self._running:
                if self._heartbeat is not None:
                    self._heartbeat.step()
                self.step()
                self._tend()
        for image in self._gallery.images:
            self._close(image)

    def _ready(self) -> m.Ready:
        compute = self._compute
        return m.Ready(compute.device, compute.dtype_name, compute.description, present())

    def _rest(self) -> None:
        """Nothing to do: tidy up, and after a while give all back that was kept for the next tile."""
        if self._heartbeat is not None:
            self._heartbeat.rest()
        if not self._connection.poll(0):
            self._tend(now=True)
            if not self._connection.poll(REST):
                heap.give_back()

    def _tend(self, *, now: bool = False) -> None:
        self._thrift.tend(self._gallery.bytes, now=now)

    @property
    def _busy(self) -> bool:
        return bool(self._finished or self._views or self._probes or self._exports or self._idle)

    def step(self) -> None:
        """Do one step of what comes first; to send what is finished is one."""
        if self._finished:
            self._connection.send(self._finished.popleft())
            return
        if self._probes and not self._views:
            kind, probe = next(iter(self._probes.items()))
            message = next(probe.steps, _END)
            if message is _END:
                del self._probes[kind]
            elif message is not None:
                self._connection.send(message)
            return
        queue = self._views or self._exports
        if not queue:
            if self._idle is not None and next(self._idle, _END) is _END:
                self._idle = None
            return
        key, job = next(iter(queue.items()))
        message = next(job.steps, _END)
        if message is _END:
            queue.pop(key, None)
        elif message is not None:
            self._connection.send(message)
        if queue is self._views and key in queue:
            queue.move_to_end(key)  # panes take turns, so that all of them fill from their centres

    # ---- mail ------------------------------------------------------------------------------------------

    def _receive(self, message: m.ToRenderer) -> None:
        match message:
            case m.OpenImage():
                self._gallery.open(message)
            case m.CloseImage():
                self._close(message.image)
            case m.ViewRequest():
                sent = {*message.held, *(tile.key for tile in self._finished)}
                steps = self._guarded(
                    lambda: self._view(message, sent), lambda text: m.ViewFailed(message.pane, message.serial, text)
                )
                self._views[message.pane] = _Job(message.image, steps)
            case m.PrepareView():
                load = functools.partial(self._gallery.field, message.image, message.model)
                self._idle = self._ladder.unhurried(foreseen_steps(message, load))
            case m.CancelView():
                self._views.pop(message.pane, None)
            case m.ExportRequest() | m.FilmRequest():
                steps = self._guarded(
                    lambda: self._frugal(self._export(message)), lambda text: m.ExportFailed(message.job, text)
                )
                self._exports[message.job] = _Job(message.image, steps)
            case m.CropRequest():
                steps = self._guarded(
                    lambda: self._frugal(self._crop(message)), lambda text: m.ExportFailed(message.job, text)
                )
                self._exports[message.job] = _Job(message.image, steps)
            case m.CancelExport():
                if self._exports.pop(message.job, None) is not None:
                    self._connection.send(m.ExportFailed(message.job, "The export was cancelled.", cancelled=True))
            case m.ProbeRequest():
                steps = self._guarded(lambda: self._probing(message), lambda text: m.ProbeFailed(message.serial, text))
                self._probes[m.ProbeRequest] = _Job(message.export.image, steps)
            case m.FilmProbe():
                steps = self._guarded(lambda: self._probing(message), lambda text: m.ProbeFailed(message.serial, text))
                self._probes[m.FilmProbe] = _Job(message.film.image, steps)
            case m.MemoryLimit():
                self._thrift.most = message.bytes
                self._tend(now=True)
            case m.Quit():
                self._running = False

    def _close(self, image: int) -> None:
        for queue in (self._views, self._exports):
            for key in [k for k, job in queue.items() if job.image == image]:
                del queue[key]
        self._probes = {kind: job for kind, job in self._probes.items() if job.image != image}
        self._idle = None
        self._gallery.close(image)

    # ---- work ------------------------------------------------------------------------------------------

    def _guarded(self, work: Callable[[], Steps], failed: Callable[[str], m.FromRenderer]) -> Steps:
        return guarded(work, failed, lambda: self._device, self._step_down)

    def _step_down(self, device: str) -> Generator[m.FromRenderer, None, bool]:
        """Memory ran out at work on `device`: free what can be, go a rung lower; False where there is none."""
        if device != self._device:  # something else was, and has left it meanwhile
            return True
        self._free()
        if self._ladder.down():
            yield from self._ladder.told(SMALLER)
        elif self._device != "cpu":
            self._leave_gpu()
            yield from self._ladder.told(PROCESSOR)
            yield self._ready()
        else:
            yield from self._ladder.told(BICUBIC)
            return False
        return True

    def _free(self) -> None:
        self._idle = None
        self._cache.clear()
        heap.give_back()
        if self._device != "cpu":
            painter_on(self._device).release()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self._tend(now=True)

    def _leave_gpu(self) -> None:
        """Go on with the processor: pictures stay, everything that was made of them is made anew."""
        self._device = "cpu"
        self._compute = fast_compute("cpu")
        self._encodings.clear()
        self._gallery.move("cpu")
        self._paces.clear()
        self._thrift = Thrift(self._cache, "cpu", self._thrift.most)
        self._ladder.top()
        self._ladder.elsewhere = False
        self._free()

    def _view(self, request: m.ViewRequest, sent: set[TileKey]) -> Steps:
        started = time.perf_counter()
        self._gallery.pixels(request.image)
        made = self._gallery.field(request.image, request.model)
        assert made is not None
        lattice = made.lattice(scale=request.scale)
        keys = keys_for(request.image, request.model, request.scale, request.window, lattice.window)
        wanted = [key for key in keys if key not in sent]
        pace = self._paces.setdefault(request.model, Pace(self._device))
        for tiles in tile_steps(made, lattice, wanted, request.window, pace=pace, ladder=self._ladder):
            sent.update(tile.key for tile in tiles)
            self._finished += tiles  # and not yielded: a newer request ends these steps
            yield None
        spent = (time.perf_counter() - started) * 1000
        self._idle = self._ladder.unhurried(surrounding_steps(made, lattice, request.window, self._cache))
        yield m.ViewDone(request.pane, request.serial, spent)

    def _frugal(self, steps: Steps) -> Steps:
        """Long work, which is not begun anew before it must be: where memory gets short, what the screen keeps goes."""
        for message in steps:
            yield message
            self._ladder.climb()
            if self._ladder.is_short():
                self._cache.clear()
                heap.give_back()

    def _export(self, request: m.ExportRequest | m.FilmRequest) -> Steps:
        pixels = self._gallery.pixels(request.image)
        load = functools.partial(self._gallery.field, request.image, request.model)
        if isinstance(request, m.FilmRequest):
            yield from film_steps(request, pixels, load, most=self._thrift.most)
            return
        height, width, _ = pixels.shape
        large = is_large(request, Lattice.of_scale(height, width, request.scale))
        self._thrift.share = 0.25 if large else 1.0  # it keeps features of its own: those of the screen make room
        if large:
            self._tend(now=True)
            heap.give_back()
        try:
            yield from export_steps(request, pixels, load)
        finally:
            self._thrift.share = 1.0

    def _probing(self, request: m.ProbeRequest | m.FilmProbe) -> Steps:
        order = request.export if isinstance(request, m.ProbeRequest) else request.film
        pixels = self._gallery.pixels(order.image)
        load = functools.partial(self._gallery.field, order.image, order.model)
        if isinstance(request, m.ProbeRequest):
            yield from probe_steps(request, pixels, load, self._encodings)
        else:
            yield from film_probe_steps(request, pixels, load, self._encodings, most=self._thrift.most)

    def _crop(self, request: m.CropRequest) -> Steps:
        load = functools.partial(self._gallery.field, request.image, request.model)
        yield from crop_steps(request, self._gallery.pixels(request.image), load)


_END = object()
