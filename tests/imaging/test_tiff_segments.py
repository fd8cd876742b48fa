"""Strips and tiles: every packing, predictor and layout gives the numbers, and no segment more than it declares."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from diif_viewer.errors import ImageError
from diif_viewer.imaging.load import load_picture

PACKINGS = {1: "", 5: "tiff_lzw", 8: "tiff_adobe_deflate", 32773: "packbits", 34925: "lzma", 50000: "zstd"}
ROOT = Path(__file__).resolve().parent.parent.parent


def packed(data: bytes, packing: int) -> bytes:
    """As libtiff packs it."""
    if packing == 1:
        return data
    file = io.BytesIO()
    Image.frombytes("L", (len(data), 1), data).save(file, "TIFF", compression=PACKINGS[packing])
    with Image.open(file) as image:
        begin, count = image.tag_v2[273][0], image.tag_v2[279][0]
    return file.getvalue()[begin : begin + count]


def differenced(part: np.ndarray, predictor: int) -> bytes:
    """A strip or tile (rows, columns, samples) as the predictor leaves it, in the byte order of its type."""
    if predictor == 1:
        return part.tobytes()
    if predictor == 2:
        words = part.view(f"{part.dtype.str[0]}u{part.itemsize}")
        return np.diff(words, axis=1, prepend=words[:, :1] * 0).astype(words.dtype).tobytes()
    rows, columns, samples = part.shape
    big = np.ascontiguousarray(part.astype(part.dtype.newbyteorder(">"))).view(np.uint8)
    places = big.reshape(rows, columns * samples, part.itemsize).transpose(0, 2, 1).reshape(rows, -1, samples)
    return np.diff(places, axis=1, prepend=np.zeros_like(places[:, :1])).tobytes()


def write(path: Path, values: np.ndarray, segment: tuple[int, int] | None, **changes: Any) -> None:
    """A TIFF of `values` (H, W, C). segment: (rows, columns) of tiles; None for strips of 4 rows. changes: of tags."""
    height, width, samples = values.shape
    order, size = "<" if values.dtype.str[0] == "<" else ">", values.itemsize
    packing, predictor, planar = (changes.get(name, 1) for name in ("packing", "predictor", "planar"))
    rows, columns = segment or (4, width)
    segments = []
    for plane in np.split(values, samples, axis=2) if planar == 2 else [values]:
        for top in range(0, height, rows):
            for left in range(0, width, columns):
                part = plane[top : top + rows, left : left + columns]
                if segment:
                    part = np.pad(part, ((0, rows - part.shape[0]), (0, columns - part.shape[1]), (0, 0)))
                segments.append(packed(differenced(np.ascontiguousarray(part), predictor), packing))
    segments = changes.get("segments", segments)
    tags: dict[int, list[int]] = {256: [width], 257: [height], 258: [size * 8] * samples, 259: [packing]}
    tags |= {262: [2 if samples > 2 else 1], 277: [samples], 284: [planar], 317: [predictor]}
    tags |= {339: [3 if values.dtype.kind == "f" else 1] * samples}
    tags |= {322: [columns], 323: [rows], 324: [], 325: []} if segment else {273: [], 278: [rows], 279: []}
    tags |= changes.get("tags", {})
    offsets, counts = (324, 325) if segment else (273, 279)
    place = 8
    for data in segments:
        tags[offsets], tags[counts] = [*tags[offsets], place], [*tags[counts], len(data)]
        place += len(data)
    body, entries, lists = b"".join(segments), b"", b""
    begin = place + 2 + 12 * len(tags) + 4
    for tag, held in sorted(tags.items()):
        data = struct.pack(f"{order}{len(held)}I", *held)
        if len(held) > 1:
            data, lists = struct.pack(f"{order}I", begin + len(lists)), lists + data
        entries += struct.pack(f"{order}HHI", tag, 4, len(held)) + data
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", place)
    path.write_bytes(head + body + struct.pack(f"{order}H", len(tags)) + entries + bytes(4) + lists)


def picture(channels: int, dtype: str) -> np.ndarray:
    return np.random.default_rng(3).random((9, 21, channels)).astype(dtype)


@pytest.mark.parametrize("segment", [None, (16, 16)], ids=["strips", "tiles"])
@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("predictor", [1, 2, 3])  # those that are packed only have one
def test_floats_in_every_packing_and_layout(predictor: int, packing: int, segment: Any, tmp_path: Path) -> None:
    predictor = 1 if packing == 1 else predictor
    for dtype, channels, planar in (("<f4", 3, 1), (">f4", 3, 2), ("<f2", 3, 1), (">f8", 3, 1), (">f4", 1, 1)):
        unit = picture(channels, dtype)
        write(tmp_path / "a.tif", unit, segment, packing=packing, predictor=predictor, planar=planar)
        found = load_picture(tmp_path / "a.tif").pixels
        np.testing.assert_allclose(found / 65535, unit.astype(float), atol=1e-5, err_msg=f"{dtype}, {planar}")


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("packing", PACKINGS)
def test_sixteen_bits_in_planes_in_every_packing(packing: int, order: str, tmp_path: Path) -> None:
    words = (picture(3, "f8") * 65535).astype(f"{order}u2")
    write(tmp_path / "a.tif", words, (16, 16), packing=packing, predictor=2, planar=2)
    np.testing.assert_array_equal(load_picture(tmp_path / "a.tif").pixels, words)


def test_a_tile_of_nothing_is_black(tmp_path: Path) -> None:
    unit = picture(3, "<f4")
    right = packed(np.pad(unit[:, 16:], ((0, 7), (0, 11), (0, 0))).tobytes(), 8)
    write(tmp_path / "a.tif", unit, (16, 16), packing=8, segments=[b"", right])
    found = load_picture(tmp_path / "a.tif").pixels
    assert not found[:, :16].any()
    np.testing.assert_allclose(found[:, 16:] / 65535, unit[:, 16:], atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"packing": 8, "segments": [b"nothing"] * 2}, "damaged"),
        ({"packing": 8, "segments": [zlib.compress(bytes(16 * 16 * 3 * 4 - 1))] * 2}, "damaged"),
        ({"segments": [bytes(16 * 16 * 3 * 4 - 1)] * 2}, "ends too early"),
        ({"segments": [bytes(16 * 16 * 3 * 4)]}, "are missing"),
        ({"tags": {322: [60000], 323: [60000], 324: [], 325: []}}, "a tile has 60000x60000 pixels"),
        ({"tags": {322: [0], 323: [0], 324: [], 325: []}}, "a tile has 0x0 pixels"),
        ({"tags": {259: [50001]}}, "floating-point numbers, compressed like this"),
        ({"tags": {317: [4]}}, "floating-point numbers, compressed like this"),
    ],
    ids=str,
)
def test_what_cannot_be_unpacked_is_one_sentence(changes: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    write(tmp_path / "a.tif", picture(3, "<f4"), (16, 16), **changes)
    with pytest.raises(ImageError, match=sentence):
        load_picture(tmp_path / "a.tif")


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the memory")
@pytest.mark.parametrize("kind", ["f4", "u2"])
def test_a_segment_that_expands_beyond_what_it_declares_takes_no_memory(kind: str, tmp_path: Path) -> None:
    squeeze = zlib.compressobj(9)
    bomb = b"".join([*(squeeze.compress(bytes(1 << 20)) for _ in range(500)), squeeze.flush()])
    write(tmp_path / "a.tif", picture(3, kind), (16, 16), packing=8, planar=2, segments=[bomb] * 6)
    script = (
        "import resource, sys\n"
        "from diif_viewer.imaging.load import load_picture\n"
        "import tifffile\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "assert load_picture(sys.argv[1]).pixels.shape == (9, 21, 3)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "a.tif"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 100_000  # kilobytes
