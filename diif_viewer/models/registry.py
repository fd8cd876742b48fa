"""The literal table of methods and shipped models. Free of torch: the window's menus are built from it."""

from __future__ import annotations

from dataclasses import dataclass

from diif_viewer.imaging.suffixes import HEIC, RAW


@dataclass(frozen=True, slots=True)
class Method:
    """A way of looking at a picture: a classic interpolation, or a model.

    name: as typed. label: as shown. letter: its key in the window. file: weights, None for classic methods.
    """

    name: str
    label: str
    letter: str
    file: str | None = None

    @property
    def is_model(self) -> bool:
        """True when it needs weights and the renderer."""
        return self.file is not None


CLASSIC = (
    Method("nearest", "Nearest", "N"),
    Method("bilinear", "Bilinear", "I"),
    Method("bicubic", "Bicubic", "B"),
    Method("lanczos", "Lanczos", "Z"),
)
PHOTO = "diif-s-lite-photo"
SHIPPED = (
    Method("liif-lite", "LIIF", "L", "liif-lite.safetensors"),
    Method("diif-lite", "DIIF", "D", "diif-lite.safetensors"),
    Method("diif-s-lite", "DIIF-S", "S", "diif-s-lite.safetensors"),
    Method(PHOTO, "DIIF-S photo", "J", "diif-s-lite-photo.safetensors"),
    Method("liif-edsr-baseline", "LIIF large", "Shift+L", "liif-edsr-baseline.safetensors"),
    Method("diif-edsr-baseline", "DIIF large", "Shift+D", "diif-edsr-baseline.safetensors"),
    Method("diif-s-edsr-baseline", "DIIF-S large", "Shift+S", "diif-s-edsr-baseline.safetensors"),
)
COMPRESSED = (".jpg", ".jpeg", ".jpe", ".jfif", *HEIC, *RAW)
"""Endings of what cameras save, which the photo model is made for: it leaves block artefacts and ringing small."""

METHODS = {method.name: method for method in CLASSIC + SHIPPED}


def default_method(suffix: str = "", device: str = "cpu") -> str:
    """The method used where none is named: one function of file type and device for window, CLI and API.

    suffix: the file's extension with its dot, any case. device: "cpu", "cuda", "mps".
    """
    del device  # one size serves all until there are others
    return PHOTO if suffix.lower() in COMPRESSED else "diif-s-lite"
