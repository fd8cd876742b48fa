"""A stand-in for the rendering process: the same messages over a real pipe, pixels that are known in advance.

Its "models" are classic methods turned inside out, so that a test can tell them from every fallback and can
compute what must be on screen. `gate` holds back all results while it is closed.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np
from PIL import Image

from diif_viewer.engine.messages import (
    Alive,
    CancelExport,
    CancelView,
    CloseImage,
    CropDone,
    CropRequest,
    ExportDone,
    ExportFailed,
    ExportProgress,
    ExportRequest,
    FilmFrame,
    FilmProbe,
    FilmProbed,
    FilmRequest,
    OpenImage,
    ProbeDone,
    ProbeFailed,
    ProbeRequest,
    Quit,
    Ready,
    TileDone,
    ViewDone,
    ViewFailed,
    ViewRequest,
)
from diif_viewer.engine.tiles import keys_for
from diif_viewer.errors import DiifViewerError
from diif_viewer.geometry import Lattice, Window
from diif_viewer.imaging.classic import METHODS, resample
from diif_viewer.imaging.colour import to_8_bits
from diif_viewer.imaging.film import Film, film_form_of, write_film
from diif_viewer.imaging.load import load_picture

STAND_IN = {"liif-lite": "bilinear", "diif-lite": "lanczos", "diif-s-lite": "nearest"}

TOO_LARGE, LARGEST = "This is too much for a stand-in.", 20_000_000
TILE_MILLISECONDS = 2.0
"""Of the work for each tile, as the fake says."""


def expected(pixels: np.ndarray, model: str, scale: float, window: Window) -> np.ndarray:
    """What the fake answers: the stand-in method in inverted colours; classic methods as they are."""
    lattice = Lattice.of_scale(*pixels.shape[:2], scale)
    if model in METHODS or scale <= 1:
        return to_8_bits(resample(pixels, model if model in METHODS else "bicubic", lattice, window))
    return _inverted(to_8_bits(resample(pixels, STAND_IN.get(model, "lanczos"), lattice, window)))


def _inverted(pixels: np.ndarray) -> np.ndarray:
    """Colours turned inside out, alpha as it is."""
    colours = 3 if pixels.shape[2] > 2 else 1
    return np.concatenate([255 - pixels[..., :colours], pixels[..., colours:]], axis=2)


class FakeRenderer:
    """Answers in a thread. received: every message in its order. broken: models that fail. code: how it ended.

    mute: gives no signs of life. estimate: (seconds, bytes of the file, bytes of memory) that every probe tells.
    """

    def __init__(self, gate: threading.Event) -> None:
        self.connection, self._far = multiprocessing.Pipe()
        self.gate = gate
        self.received: list[object] = []
        self.broken: dict[str, str] = {}
        self._images: dict[int, np.ndarray] = {}
        self._pending: dict[int, ViewRequest] = {}
        self._exports: list[ExportRequest | CropRequest | FilmRequest] = []
        self._cancelled: set[int] = set()
        self._probe: ProbeRequest | None = None
        self._film_probe: FilmProbe | None = None
        self.code: int | None = None
        self.estimate = (4.0, 123_000, 50_000_000)
        self.mute = False
        self._ended = False
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._threads = [
            threading.Thread(target=self._listen, name="fake-listener"),
            threading.Thread(target=self._work, name="fake-worker"),
        ]
        self._send(Ready("cpu", "float32", "Fake, float32"))
        for thread in self._threads:
            thread.start()

    def of_kind(self, kind: type) -> list:
        return [message for message in list(self.received) if isinstance(message, kind)]

    def die(self) -> None:
        """Go without a word, as a process that was killed."""
        self._end()
        self._hang_up()

    def _send(self, message: object) -> None:
        with self._writing:
            if self._far.closed:
                raise OSError("hung up")
            self._far.send(message)

    def _hang_up(self) -> None:
        with self._writing:
            self._far.close()

    def exit_code(self) -> int | None:
        return self.code

    def kill(self) -> None:
        self.code = -9
        self.die()

    def close(self, timeout: float) -> None:
        del timeout
        self._end()
        self.connection.close()
        for thread in self._threads:
            thread.join()
        self._hang_up()

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _listen(self) -> None:
        beaten = 0.0
        while not self._ended:
            try:
                if not self.mute and time.monotonic() - beaten > 0.5:
                    beaten = time.monotonic()
                    self._send(Alive(len(self.received), beaten))
                if not self._far.poll(0.02):
                    continue
                message = self._far.recv()
            except (EOFError, OSError):
                return
            with self._changed:
                self._take(message)
                self.received.append(message)
                self._changed.notify_all()

    def _take(self, message: object) -> None:
        match message:
            case OpenImage(image, block, shape, dtype):
                try:
                    memory = SharedMemory(block)
                except FileNotFoundError:  # closed again already
                    return
                self._images[image] = np.ndarray(shape, dtype, buffer=memory.buf).copy()
                memory.close()
            case CloseImage(image):
                self._images.pop(image, None)
            case ViewRequest():
                self._pending[message.pane] = message
            case CancelView(pane):
                self._pending.pop(pane, None)
            case ExportRequest() | CropRequest() | FilmRequest():
                self._exports.append(message)
            case ProbeRequest():
                self._probe = message
            case FilmProbe():
                self._film_probe = message
            case CancelExport(job):
                self._cancelled.add(job)
            case Quit():
                self._ended = True
                self._hang_up()  # as a process that ends

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._ended or self._pending or self._probe or self._film_probe or self._exports
                )
                if self._ended:
                    return
                view = next(iter(self._pending.values()), None)
                probe, self._probe = (None, self._probe) if view is not None else (self._probe, None)
                film, self._film_probe = self._film_probe, None
                export = self._exports.pop(0) if view is probe is film is None else None
            try:
                if film is not None:
                    self._preview(film)
                if view is not None:
                    self._render(view)
                elif isinstance(export, CropRequest):
                    self._crop(export)
                elif isinstance(export, FilmRequest):
                    self._film(export)
                elif probe is not None:
                    self._answer(probe)
                elif export is not None:
                    self._export(export)
            except OSError:
                return
            except (DiifViewerError, KeyError, ValueError) as error:  # KeyError: the picture was closed meanwhile
                if probe is not None or film is not None:
                    self._send(ProbeFailed((probe or film).serial, str(error)))
                elif export is not None:
                    self._send(ExportFailed(export.job, str(error)))

    def _open(self) -> bool:
        """Wait for the gate; False when this has ended meanwhile."""
        while not self._ended and not self.gate.wait(0.02):
            pass
        return not self._ended

    def _render(self, view: ViewRequest) -> None:
        pixels = self._images.get(view.image)
        if pixels is not None and view.model in self.broken:
            self._finish(view, ViewFailed(view.pane, view.serial, self.broken[view.model]))
            return
        if pixels is not None:
            lattice = Lattice.of_scale(*pixels.shape[:2], view.scale)
            for key in keys_for(view.image, view.model, view.scale, view.window, lattice.window):
                if not self._open() or self._pending.get(view.pane) is not view:
                    return
                if key not in view.held:
                    window = key.window.intersected(lattice.window)
                    self._send(TileDone(key, expected(pixels, view.model, view.scale, window), TILE_MILLISECONDS))
        if self._open():
            self._finish(view, ViewDone(view.pane, view.serial, 12.0))

    def _finish(self, view: ViewRequest, message: object) -> None:
        with self._changed:
            if self._pending.get(view.pane) is not view:
                return
            del self._pending[view.pane]
        self._send(message)

    def _crop(self, job: CropRequest) -> None:
        self._send(ExportProgress(job.job, 0.5, None))
        if not self._open():
            return
        if job.job in self._cancelled:
            self._send(ExportFailed(job.job, "cancelled", cancelled=True))
        elif job.model in self.broken:
            self._send(ExportFailed(job.job, self.broken[job.model]))
        else:
            is_model = job.model not in METHODS
            method = STAND_IN.get(job.model, "lanczos") if is_model else job.model
            result = to_8_bits(resample(self._images[job.image], method, job.lattice, job.window))
            self._send(CropDone(job.job, _inverted(result) if is_model else result))

    def _answer(self, probe: ProbeRequest) -> None:
        order = probe.export
        if not self._open():
            return
        if order.model in self.broken:
            self._send(ProbeFailed(probe.serial, self.broken[order.model]))
            return
        pixels = expected(self._images[order.image], order.model, order.scale, probe.detail)
        self._send(ProbeDone(probe.serial, *self.estimate, pixels))

    def _preview(self, probe: FilmProbe) -> None:
        """Every frame, its grey its number."""
        if not self._open():
            return
        if probe.film.model in self.broken:
            self._send(ProbeFailed(probe.serial, self.broken[probe.film.model]))
            return
        for number in range(probe.film.path.count):
            self._send(FilmFrame(probe.serial, number, np.full((9, 16, 3), number % 256, np.uint8)))
        self._send(FilmProbed(probe.serial, *self.estimate))

    def _film(self, job: FilmRequest) -> None:
        """Frames whose grey is their number."""
        view, path = job.path.start, Path(job.file)
        if view.view_width * view.view_height * job.path.count > LARGEST:
            self._send(ExportFailed(job.job, TOO_LARGE))
            return
        film = Film(view.view_height, view.view_width, job.path.count, job.path.rate)
        self._send(ExportProgress(job.job, 0.5, 2.0))
        if not self._open():
            return
        if job.job in self._cancelled:
            self._send(ExportFailed(job.job, "cancelled", cancelled=True))
            return
        frames = (np.full((film.height, film.width, 3), number % 256, np.uint8) for number in range(film.count))
        write_film(path, film_form_of(path), frames, film)
        self._send(ExportDone(job.job, job.file, 3.0))

    def _export(self, job: ExportRequest) -> None:
        for step in range(4):
            self._send(ExportProgress(job.job, step / 4, None if step == 0 else 4.0 - step))
            if not self._open():
                return
        if job.job in self._cancelled:
            self._send(ExportFailed(job.job, "cancelled", cancelled=True))
            return
        if job.window.area > LARGEST:
            self._send(ExportFailed(job.job, TOO_LARGE))
            return
        own = job.own
        pixels = self._images[job.image]
        if own is not None:
            pixels = own.turn.of_pixels(load_picture(Path(own.file), page=own.page).pixels)
        result = expected(pixels, job.model, job.scale, job.window)
        try:
            extra = {"icc_profile": job.icc_profile, "exif": job.exif, "dpi": job.dpi, "quality": job.quality}
            flat = result[..., 0] if result.shape[2] == 1 else result
            Image.fromarray(flat).save(job.path, **{name: value for name, value in extra.items() if value})
        except OSError:
            self._send(ExportFailed(job.job, "The picture cannot be written there."))
            return
        self._send(ExportDone(job.job, job.path, 3.0))
