"""From pixels to QImages, always by copy: a QImage over a numpy buffer that goes away is a crash."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

SQUARE = 8
"""Side of a square of the checkerboard behind transparent pictures, in lattice pixels."""

LIGHT, DARK = 118, 92
"""The two greys of the checkerboard."""


def image_bytes(image: QImage) -> npt.NDArray[np.uint8]:
    """(H, W, 4) of a 32-bit image, in its memory's order (blue first on most machines); valid while `image` lives."""
    assert image.depth() == 32, image.format()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 4 * image.width()].reshape(image.height(), image.width(), 4)


def opaque(pixels: npt.NDArray[Any], top: int = 0, left: int = 0) -> QImage:
    """An opaque RGB32 image of HWC pixels (1, 2, 3 or 4 channels; uint8 or uint16).

    Transparent pixels show a checkerboard that is anchored to the lattice: `top`, `left` say where the
    pixels lie on it, so that neighbouring tiles fit together. Safe in any thread.
    """
    from diif_viewer.imaging.colour import to_8_bits  # with Pillow: not before the window is on screen

    eight = to_8_bits(pixels)
    height, width, channels = eight.shape
    if channels in (2, 4):
        eight = _over_checkerboard(eight, top, left)
    if eight.shape[2] == 1:
        grey = np.ascontiguousarray(eight)
        return QImage(grey.data, width, height, width, QImage.Format.Format_Grayscale8).convertToFormat(
            QImage.Format.Format_RGB32
        )
    rgb = np.ascontiguousarray(eight)
    return QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888).convertToFormat(
        QImage.Format.Format_RGB32
    )


def _over_checkerboard(pixels: npt.NDArray[np.uint8], top: int, left: int) -> npt.NDArray[np.uint8]:
    height, width, channels = pixels.shape
    if pixels[..., channels - 1].min(initial=255) == 255:  # as in most screenshots
        return pixels[..., : channels - 1]
    odd = (np.arange(top, top + height) // SQUARE)[:, None] + (np.arange(left, left + width) // SQUARE)[None, :]
    board = np.where(odd % 2 == 0, LIGHT, DARK).astype(np.uint16)[..., None]  # (H, W, 1)
    alpha = pixels[..., channels - 1 :].astype(np.uint16)
    blended = pixels[..., : channels - 1] * alpha
    blended += board * (255 - alpha) + 128
    blended += blended >> 8  # a division by 255, rounded to the nearest
    blended >>= 8
    return blended.astype(np.uint8)
