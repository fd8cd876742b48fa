"""Animated PNG, read: its frames are put together here, for Pillow blends them without regard to what lies below.

PNG specification, third edition (W3C 2025): 11.3.5 for the chunks acTL, fcTL and fdAT, 13.16 for OVER.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from diif_viewer.imaging import decode
from diif_viewer.imaging.png import SIGNATURE, chunks, write_chunk

Pixels = npt.NDArray[Any]
Part = tuple[bytes, int, int]
"""A chunk: kind, offset of its data in the file, bytes of them that there are."""

_STAYS, _CLEARED, _PUT_BACK = 0, 1, 2  # dispose_op: what becomes of a frame's place when its time is over
_SOURCE, _OVER = 0, 1  # blend_op
_BAND = 1 << 16  # pixels that are blended at a time


@dataclass(frozen=True, slots=True)
class Frame:
    """left, top, width, height: its place on the canvas. spans: (offset, length) of its data in the file."""

    left: int
    top: int
    width: int
    height: int
    milliseconds: float
    dispose: int
    blend: int
    spans: list[tuple[int, int]]

    @property
    def place(self) -> tuple[slice, slice]:
        """Its rows and columns of the canvas."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    def covers(self, other: Frame) -> bool:
        """Whether all of the place of `other` is in this one's."""
        across = self.left <= other.left and other.left + other.width <= self.left + self.width
        return across and self.top <= other.top and other.top + other.height <= self.top + self.height


@dataclass(frozen=True, slots=True)
class Reel:
    """What a file says of its frames; `pages[n]` is page n.

    whole: as large as the canvas. first: page of the first frame; 1 where page 0 is a picture for programs that cannot
    play. lack: why there are fewer pages than promised, as the end of a sentence. head: the chunks (kind, data) without
    which samples mean nothing, IHDR first. holes: frames without alpha leave some of the canvas transparent.
    """

    stream: BinaryIO
    whole: Frame
    first: int
    pages: list[Frame]
    lack: str
    head: list[tuple[bytes, bytes]]
    holes: bool

    def channels(self, own: int, page: int) -> int:
        """Channels of a page whose data have `own`: the same for all frames."""
        return own + own % 2 if self.holes and page >= self.first else own

    def memory(self, pixel: int) -> int:
        """Bytes taken while a frame is decoded: the canvas, what is put back, and the data twice. pixel: its bytes."""
        data = max((sum(length for _, length in page.spans) for page in self.pages), default=0)
        return 2 * (self.whole.width * self.whole.height * pixel + data)


def reel_of(image: Image.Image) -> Reel | None:
    """The frames of a PNG that Pillow has just opened, none of them decoded; None for what is no animated PNG.

    EXIF from anywhere in the file goes into `image.info`; to look for it, Pillow would decode the first frame, and then
    not see what is behind the last.
    """
    count = getattr(image, "n_frames", 1) if image.format == "PNG" else 1  # of a TIFF that may take minutes
    if count < 2:
        return None
    stream: BinaryIO = image.fp  # type: ignore[attr-defined]
    parts = [p for p in chunks(stream) if p[0] in (b"IHDR", b"PLTE", b"tRNS", b"fcTL", b"IDAT", b"fdAT", b"eXIf")]
    before = takewhile(lambda part: part[0] not in (b"IDAT", b"fdAT"), parts)
    head = [(kind, _read(stream, place, length)) for kind, place, length in before if kind not in (b"fcTL", b"eXIf")]
    if not {"exif", "Raw profile type exif"} & set(image.info):
        found = (b"Exif\0\0" + _read(stream, place, length) for kind, place, length in parts if kind == b"eXIf")
        image.info["exif"] = next(found, b"")
    spans = [(place, length) for kind, place, length in parts if kind == b"IDAT"]
    whole = Frame(0, 0, *image.size, 0.0, _STAYS, _SOURCE, spans)
    first = int("default_image" in image.info)
    frames, lack = _frames(stream, parts, whole)
    pages = [*[whole] * first, *frames][:count]
    lack = lack or f"the file ends before its frame {len(pages) + 1}."
    return Reel(stream, whole, first, pages, lack, head, _has_holes(pages[first:], whole))


class Canvas:
    """The pages of a reel as they are seen; in order, each is decoded once a round. Not for two threads at once."""

    def __init__(self, reel: Reel) -> None:
        self._reel = reel
        self._pixels: Pixels | None = None
        self._shown = reel.first - 1
        self._undo: tuple[tuple[slice, slice], Pixels | int] | None = None

    def page(self, number: int) -> Pixels:
        """Page `number`, from 0: HWC uint8 or uint16, a copy. Raises DamagedError, and what Pillow raises."""
        reel = self._reel
        if number >= len(reel.pages):
            raise decode.DamagedError(reel.lack)
        if number < reel.first:
            return self._decoded(reel.pages[number])
        if number < self._shown:
            self._shown, self._undo = reel.first - 1, None
            if self._pixels is not None:
                self._pixels.fill(0)
        anew = (page for page in range(number, self._shown, -1) if self._begins_anew(reel.pages[page]))
        for page in range(next(anew, self._shown + 1), number + 1):
            self._paint(page)
        assert self._pixels is not None
        return self._pixels.copy()

    def _begins_anew(self, frame: Frame) -> bool:
        """Whether nothing that was painted before `frame` is to be seen from there on."""
        return frame.blend == _SOURCE and frame.dispose != _PUT_BACK and frame.covers(self._reel.whole)

    def _paint(self, page: int) -> None:
        frame = self._reel.pages[page]
        decoded = self._decoded(frame)
        own = decoded.shape[2]
        if self._pixels is None:
            size = self._reel.whole.height, self._reel.whole.width
            self._pixels = np.zeros((*size, self._reel.channels(own, page)), decoded.dtype)
        if self._undo is not None:
            place, before = self._undo
            self._pixels[place] = before
        target = self._pixels[frame.place]  # (h, w, C), C = own or own + 1
        self._undo = None
        if frame.dispose in (_CLEARED, _PUT_BACK):
            self._undo = frame.place, 0 if frame.dispose == _CLEARED else target.copy()
        if own % 2 == 0 and frame.blend == _OVER:
            _blend_over(target, decoded)
        else:
            target[..., :own] = decoded
            target[..., own:] = np.iinfo(decoded.dtype).max
        self._shown = page

    def _decoded(self, frame: Frame) -> Pixels:
        """The pixels of one frame, (h, w, own): its data in a PNG of their own."""
        data = io.BytesIO()
        data.write(SIGNATURE)
        for kind, body in self._reel.head:
            size = struct.pack(">II", frame.width, frame.height) if kind == b"IHDR" else b""
            write_chunk(data, kind, size + body[len(size) :])
        for place, length in frame.spans:
            write_chunk(data, b"IDAT", _read(self._reel.stream, place, length))
        write_chunk(data, b"IEND", b"")

        def opened() -> Image.Image:
            return Image.open(io.BytesIO(data.getvalue()), formats=["PNG"])

        with opened() as image:
            decode.check_data(image, data.tell())
            return decode.pixels(image, opened).pixels


def _frames(stream: BinaryIO, parts: Iterable[Part], whole: Frame) -> tuple[list[Frame], str]:
    """The frames up to where the file is damaged, and how it is."""
    frames: list[Frame] = []
    serial = 0
    for kind, place, length in parts:
        if kind == b"IDAT" and frames:
            frames[-1].spans.append((place, length))
        if kind not in (b"fcTL", b"fdAT"):
            continue
        said = _read(stream, place, min(length, 26 if kind == b"fcTL" else 4))
        if len(said) < (26 if kind == b"fcTL" else 4):
            break
        if int.from_bytes(said[:4]) != serial or (kind == b"fdAT" and not frames):
            return frames, "the file is damaged or incomplete (its frames are not in order)."
        serial += 1
        if kind == b"fdAT":
            frames[-1].spans.append((place + 4, length - 4))
            continue
        width, height, left, top, numerator, denominator, dispose, blend = struct.unpack(">4xIIIIHHBB", said)
        blend = blend if frames else _SOURCE  # nothing lies below the first
        frame = Frame(left, top, width, height, 1000 * numerator / (denominator or 100), dispose, blend, [])
        if width < 1 or height < 1 or not whole.covers(frame):
            return frames, "the file is damaged or incomplete (a frame lies outside the picture)."
        frames.append(frame)
    return frames, ""


def _has_holes(frames: list[Frame], whole: Frame) -> bool:
    """Whether some of the canvas is ever seen that no frame covers."""
    bare: Frame | None = whole  # what may be transparent below the next frame
    for frame in frames:
        if bare is not None and not frame.covers(bare):
            return True
        bare = {_CLEARED: frame, _PUT_BACK: bare}.get(frame.dispose)
    return False


def _blend_over(below: Pixels, above: Pixels) -> None:
    """`above` over `below`, in place: both (h, w, C) with alpha last, not premultiplied."""
    most, step = np.iinfo(above.dtype).max, max(1, _BAND // above.shape[1])
    for top in range(0, len(above), step):
        under, over, alpha = (whole[top : top + step] for whole in (_as_one(below), _as_one(above), above[..., -1]))
        np.copyto(under, over, where=alpha == most)
        soft = (alpha > 0) & (alpha < most)
        if soft.any():
            parts = (whole[soft][:, None].view(above.dtype) for whole in (under, over))  # (N, C)
            under[soft] = _as_one(_mixed(*parts))


def _as_one(pixels: Pixels) -> Pixels:
    """Each pixel as one number, which is copied faster: (..., C) -> (...), C = 2 or 4."""
    return pixels.view(f"u{pixels.shape[-1] * pixels.itemsize}")[..., 0]


def _mixed(below: Pixels, above: Pixels) -> Pixels:
    """`above` over `below`, exactly rounded: (N, C) with alpha last, none of that of `above` 0."""
    most = int(np.iinfo(above.dtype).max)
    real = np.float32 if most == 255 else np.float64  # holds most ** 3, and quotients to below 1 / most ** 2
    alpha = above[:, -1].astype(real)
    own, others = alpha * most, below[:, -1] * (most - alpha)
    total = own + others  # most ** 2 is opaque
    half, mixed = np.floor(total / 2), np.empty_like(above)
    for channel in range(above.shape[1] - 1):
        mixed[:, channel] = (above[:, channel] * own + below[:, channel] * others + half) / total
    mixed[:, -1] = (total + most // 2) / most
    return mixed


def _read(stream: BinaryIO, place: int, length: int) -> bytes:
    stream.seek(place)
    return stream.read(length)
