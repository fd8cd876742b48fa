"""A small copy of a picture file, quickly and with little memory: for dialogs that show what is about to be opened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from diif_viewer.errors import ImageError
from diif_viewer.imaging import apng, decode, tiff_floats
from diif_viewer.imaging.colour import to_8_bits
from diif_viewer.imaging.load import opened, sentences

MOST_BYTES = 400_000_000
"""Memory that a thumbnail may take while it is made; a larger picture has none."""


def thumbnail(path: str | Path, side: int) -> npt.NDArray[np.uint8]:
    """The first page of a file, upright, at most `side` pixels along each side: HWC uint8, RGB or RGBA.

    JPEG is decoded small from the start. Colours are the file's own, without regard to its profile. Any thread. Raises
    ImageError, also for pictures that would take more than `MOST_BYTES`.
    """
    file = Path(path)
    with sentences(file), opened(file) as image:
        image.draft("RGB", (side, side))
        if image.width * image.height * decode.bytes_per_pixel(image) > MOST_BYTES:
            raise ImageError(f"{file.name}: the picture is too large for a preview.")
        decode.check_data(image, file.stat().st_size)
        reel = apng.reel_of(image)
        has_key = image.mode in ("1", "L", "RGB") and "transparency" in image.info  # of the file's depth, not Pillow's
        floats = image.mode == "F" or tiff_floats.is_floats(image)
        if reel is not None or image.mode.startswith("I") or floats or has_key:
            first = apng.Canvas(reel).page(0) if reel else decode.pixels(image, lambda: opened(file))[0]
            eight = to_8_bits(first)
            small = Image.fromarray(eight[..., 0] if eight.shape[2] == 1 else eight)
            small = small.convert("RGBA") if small.mode == "LA" else small
        else:
            small = image.convert("RGBA" if image.has_transparency_data else "RGB")
        small.thumbnail((side, side), Image.Resampling.BOX, reducing_gap=2.0)
        if turn := _TURNS.get(decode.orientation(image)):  # of what was decoded: Pillow turns TIFF by itself
            small = small.transpose(turn)
        return np.array(small if small.mode in ("RGB", "RGBA") else small.convert("RGB"))


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
