"""Raw files for tests: a DNG as a camera writes it, small and uncompressed."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
from PIL import Image

WHITE = 16000
_FORMS = {1: "B", 3: "H", 4: "I", 7: "B"}
_TO_SRGB = [
    3.2405,
    -1.5371,
    -0.4985,
    -0.9693,
    1.8760,
    0.0416,
    0.0556,
    -0.2040,
    1.0572,
]  # from XYZ: the sensor's colours


def write_dng(path: Path, rgb: np.ndarray, preview: np.ndarray | None = None, turn: int = 1) -> Path:
    """A sensor that sees what `rgb` (HWC uint8, sRGB, even sides) shows; preview: as the JPEG beside it.

    turn: EXIF orientation. Taken by a "Maker Model" at ISO 400.
    """
    jpeg = b""
    if preview is not None:
        stream = io.BytesIO()
        Image.fromarray(preview).save(stream, "JPEG", quality=95)
        jpeg = stream.getvalue()
    sensor = _sensor(rgb)
    height, width = rgb.shape[:2]
    exif_at, sensor_at = 1500, 2000
    jpeg_at = sensor_at + len(sensor)
    second_at = jpeg_at + len(jpeg)
    main = [
        *((254, 4, [0]), (256, 4, [width]), (257, 4, [height]), (258, 3, [16]), (259, 3, [1]), (262, 3, [32803])),
        *((271, 2, b"Maker\0"), (272, 2, b"Model\0"), (273, 4, [sensor_at]), (274, 3, [turn]), (277, 3, [1])),
        *((278, 4, [height]), (279, 4, [len(sensor)]), (34665, 4, [exif_at])),
        *((33421, 3, [2, 2]), (33422, 1, bytes([0, 1, 1, 2]))),  # red, green, green, blue
        *((50706, 1, bytes([1, 4, 0, 0])), (50708, 2, b"Maker Model\0"), (50717, 4, [WHITE])),
        *((50721, 10, _TO_SRGB), (50728, 5, [1, 1, 1]), (50778, 3, [21])),  # D65, as neutral as it is
    ]
    second = b""
    if preview is not None:
        main.append((330, 4, [second_at]))
        tall, wide = preview.shape[:2]
        about = ((254, 4, [1]), (256, 4, [wide]), (257, 4, [tall]), (258, 3, [8, 8, 8]), (259, 3, [7]), (262, 3, [6]))
        second = _directory(
            [*about, (273, 4, [jpeg_at]), (277, 3, [3]), (278, 4, [tall]), (279, 4, [len(jpeg)])], second_at
        )
    head = b"II*\0" + struct.pack("<I", 8) + _directory(main, 8)
    taken = _directory([(34855, 3, [400]), (36867, 2, b"2026:05:01 12:30:07\0")], exif_at)
    path.write_bytes(head.ljust(exif_at, b"\0") + taken.ljust(sensor_at - exif_at, b"\0") + sensor + jpeg + second)
    return path


def _sensor(rgb: np.ndarray) -> bytes:
    share = rgb / 255
    light = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    seen = light[..., 1].copy()
    seen[0::2, 0::2], seen[1::2, 1::2] = light[0::2, 0::2, 0], light[1::2, 1::2, 2]
    return np.round(seen * WHITE).astype("<u2").tobytes()


def _directory(entries: list, place: int) -> bytes:
    """A directory of TIFF, its longer values behind it. entries: (tag, kind, numbers or bytes)."""
    fixed, longer, behind = struct.pack("<H", len(entries)), b"", place + 2 + 12 * len(entries) + 4
    for tag, kind, values in sorted(entries, key=lambda entry: entry[0]):
        if isinstance(values, bytes):
            data = values
        elif kind in (5, 10):
            data = b"".join(struct.pack("<iI", round(value * 10000), 10000) for value in values)
        else:
            data = struct.pack(f"<{len(values)}{_FORMS[kind]}", *values)
        fixed += struct.pack("<HHI", tag, kind, len(values))
        if len(data) > 4:
            fixed += struct.pack("<I", behind + len(longer))
            longer += data + b"\0" * (len(data) % 2)
        else:
            fixed += data.ljust(4, b"\0")
    return fixed + struct.pack("<I", 0) + longer
