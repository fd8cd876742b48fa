"""A tiny preset and pictures to learn from in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from diif_viewer.training.batches import Bytes
from diif_viewer.training.preset import Preset, load_preset

TINY = """
[encoder]
n_feats = 8
n_resblocks = 1
[decoders.liif]
hidden = [16, 16]
[decoders.diif]
hidden = 16
[decoders.diif-s]
hidden = 16
[training]
batch = 2
patch = 8
pixels = 64
scales = [1.0, 3.0]
learning_rate = 1e-2
warm_up = 2
last_rate = 0.01
clip = 1.0
average = 0.9
seed = 4
[training.shares]
liif = 0.5
"""
NAMES = ("liif", "diif", "diif-s")


def tiny_preset(folder: Path, *settings: str) -> Preset:
    """The preset "tiny", its file in `folder`."""
    (folder / "tiny.toml").write_text(TINY)
    return load_preset(str(folder / "tiny.toml"), settings)


def pictures() -> list[Bytes]:
    """Colour waves a few pixels long, which bicubic interpolation flattens: something to learn in seconds."""
    made = []
    for height, width, period in ((40, 48, 1.2), (64, 36, 1.6)):
        y, x = np.mgrid[:height, :width] / period
        waves = np.stack([np.sin(x), np.cos(y), np.sin(x + y)], axis=-1)
        made.append((waves * 110 + 128).astype(np.uint8))
    return made


def picture_folder(folder: Path) -> Path:
    """`folder`, made, with the pictures as files."""
    folder.mkdir()
    for index, picture in enumerate(pictures()):
        Image.fromarray(picture).save(folder / f"{index}.png")
    return folder


def silent(_: str) -> None:
    """Report nothing."""
