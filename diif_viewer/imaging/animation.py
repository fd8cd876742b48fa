"""Frames of an animated picture, one after the other and round the end, each with the time it stays on screen."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from PIL import Image

from diif_viewer.errors import ImageError
from diif_viewer.imaging import apng, decode
from diif_viewer.imaging.load import Picture, formats_of, opened, sentences, unlimited

ANIMATED = ("GIF", "WEBP", "PNG", "AVIF")
"""Formats whose further pictures are frames that follow in time; those of a TIFF are pages."""

UNSAID = 0.1
"""Seconds that a frame stays where the file says nothing, or so little that no browser takes it at its word."""

LEAST = 0.011
"""Seconds below which a frame's time is taken to be unsaid, as browsers do."""


class Animation:
    """The frames of a file, decoded as they are asked for; the file stays open, so that each is decoded once a round.

    frames: how many, > 1. first: that a round begins with; a PNG can have a picture before it for programs that cannot
    play. Not for two threads at once. Close it, or use it in a `with`.
    """

    def __init__(self, path: Path) -> None:
        """Raises ImageError for a file that cannot be read, or that does not move."""
        self.path = path
        self._stream: BinaryIO | None = None
        self._image: Any = None
        self._canvas: apng.Canvas | None = None  # of a PNG
        self._seconds: dict[int, float] = {}
        try:
            with sentences(path), unlimited():
                self._stream = path.open("rb")
                self._image = Image.open(self._stream, formats=formats_of(path))
                self.frames = int(getattr(self._image, "n_frames", 1))
                self.first = 1 if self._image.info.get("default_image") else 0
                if (reel := apng.reel_of(self._image)) is not None:
                    self._canvas = apng.Canvas(reel)
                    self._seconds = {number: seconds_of(page.milliseconds) for number, page in enumerate(reel.pages)}
            if self._image.format not in ANIMATED or self.frames < 2:
                raise ImageError(f"{path.name}: this picture does not move.")
        except BaseException:
            self.close()
            raise

    def frame(self, number: int) -> Picture:
        """Frame `number`, from 0, upright; in order they come quickest. Raises ImageError.

        Its profile is the file's; its EXIF and resolution are left out.
        """
        image = self._image
        with sentences(self.path), unlimited():
            if self._canvas is not None:
                decoded = self._canvas.page(number)
                profile, span = decode.fitting(image.info.get("icc_profile"), decoded.shape[2]), None
            else:
                image.seek(number)
                decoded, profile, span = decode.pixels(image, lambda: opened(self.path, number))
                self._seconds[number] = seconds_of(image.info.get("duration"))
            pixels, _ = decode.upright(decoded, image)
        return Picture(pixels, self.path, image.format, profile, page=number, pages=self.frames, span=span)

    def seconds(self, number: int) -> float:
        """How long frame `number` stays on screen. Raises ImageError."""
        if number not in self._seconds:
            self.frame(number)  # some decoders tell with the pixels only
        return self._seconds[number]

    def after(self, number: int) -> int:
        """The frame that follows frame `number`."""
        return number + 1 if number + 1 < self.frames else self.first

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        for held in (self._image, self._stream):
            if held is not None:
                held.close()
        self._image = self._stream = None

    def __enter__(self) -> Animation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def seconds_of(milliseconds: object) -> float:
    """What a file says of a frame's time, as browsers take it."""
    seconds = milliseconds / 1000 if isinstance(milliseconds, int | float) else 0.0
    return seconds if seconds >= LEAST else UNSAID
