"""Whole files are known from torn ones, and headers tell what decoding will give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diif_viewer.imaging import save
from diif_viewer.imaging.formats import FORMATS, format_of
from diif_viewer.imaging.load import load_picture, peek
from diif_viewer.imaging.metadata import Metadata, export_metadata
from diif_viewer.imaging.whole import is_whole
from tests.imaging.files import tiff16

PIXELS = np.random.default_rng(5).integers(0, 255, (50, 60, 3), dtype=np.uint8)


def written(path: Path) -> Path:
    about = export_metadata(Metadata(), "DIIF Viewer 9 (x2)")
    save.write_strips(path, format_of(path), [PIXELS], shape=PIXELS.shape, dtype=np.uint8, about=about)
    return path


@pytest.mark.parametrize("suffix", [form.suffixes[0] for form in FORMATS])
def test_torn_files_are_known(suffix: str, tmp_path: Path) -> None:
    path = written(tmp_path / f"a{suffix}")
    assert is_whole(path)
    assert peek(path).software == "DIIF Viewer 9 (x2)"
    data = path.read_bytes()
    for length in (0, 3, 20, len(data) // 2, len(data) - 40):
        path.write_bytes(data[:length])
        assert not is_whole(path), length
    assert not is_whole(tmp_path / "missing.png")


def test_a_tiff_with_fewer_lengths_than_strips_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    Image.new("RGB", (64, 64)).save(path, "TIFF", strip_size=3 * 64 * 16)
    assert is_whole(path)
    data = bytearray(path.read_bytes())
    first = int.from_bytes(data[4:8], "little")
    for entry in range(first + 2, first + 2 + 12 * int.from_bytes(data[first : first + 2], "little"), 12):
        if int.from_bytes(data[entry : entry + 2], "little") == 279:
            data[entry + 4] -= 1
    path.write_bytes(data)
    assert not is_whole(path)


def test_a_changed_byte_of_a_png_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path / "a.png")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    assert not is_whole(path)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "keyed L", "keyed P", "keyed RGB"])
def test_a_header_tells_channels_and_bits(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    if mode == "I;16":
        Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 200).save(path)
    else:
        key = {"keyed L": 7, "keyed P": 3, "keyed RGB": (1, 2, 3)}.get(mode)
        options = {} if key is None else {"transparency": key}
        Image.fromarray(PIXELS).convert(mode.removeprefix("keyed ")).save(path, **options)
    header, pixels = peek(path), load_picture(path).pixels
    assert (header.height, header.width, header.channels) == pixels.shape
    assert header.bits == 8 * pixels.dtype.itemsize


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_header_of_sixteen_bits(channels: int, tmp_path: Path) -> None:
    save.save_png(np.full((5, 6, channels), 300, np.uint16), tmp_path / "a.png")
    header = peek(tmp_path / "a.png")
    assert (header.channels, header.bits) == (channels, 16)
    if channels > 2:
        header = peek(tiff16(tmp_path / "a.tif", np.full((5, 6, channels), 300, np.uint16), ">"))
        assert (header.channels, header.bits) == (channels, 16)
