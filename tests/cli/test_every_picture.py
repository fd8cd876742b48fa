"""Whatever file is named, `render` makes the right picture of it or says one sentence; the same goes for weights."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diif_viewer.cli import main
from tests.imaging.files import png_header, tiff16

Y, X = np.mgrid[0:16, 0:22]
RGB = np.stack([X * 11, Y * 15, (X + Y) * 6], axis=-1).astype(np.uint8)


def saved(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)
    return path


def turned(path: Path) -> Path:
    exif = Image.Exif()
    exif[274] = 6  # to be turned a quarter, clockwise
    return saved(path.with_suffix(".jpg"), Image.fromarray(RGB), exif=exif)


def truncated(path: Path) -> Path:
    buffer = io.BytesIO()
    Image.fromarray(RGB.repeat(8, 0).repeat(8, 1)).save(buffer, "JPEG", quality=95)
    path.write_bytes(buffer.getvalue()[:500])
    return path


def written(content: bytes) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        path.write_bytes(content)
        return path

    return write


def folder(path: Path) -> Path:
    path.mkdir()
    return path


GOOD: dict[str, tuple[Callable[[Path], Path], tuple[int, ...]]] = {
    "1x1": (lambda p: saved(p, Image.new("RGB", (1, 1), "red")), (2, 2, 3)),
    "1x3000": (lambda p: saved(p, Image.new("RGB", (1, 3000), "red")), (6000, 2, 3)),
    "3000x1": (lambda p: saved(p, Image.new("RGB", (3000, 1), "red")), (2, 6000, 3)),
    "grey": (lambda p: saved(p, Image.fromarray(RGB[..., 0])), (32, 44)),
    "grey of 16 bits": (lambda p: saved(p, Image.fromarray(RGB[..., 0].astype(np.uint16) * 257)), (32, 44)),
    "colour of 16 bits": (lambda p: tiff16(p, RGB.astype(np.uint16) * 257, "<"), (32, 44, 3)),
    "palette": (lambda p: saved(p, Image.fromarray(RGB).quantize(16)), (32, 44, 3)),
    "one bit": (lambda p: saved(p, Image.fromarray(RGB[..., 0]).convert("1")), (32, 44)),
    "CMYK": (lambda p: saved(p.with_suffix(".jpg"), Image.fromarray(RGB).convert("CMYK")), (32, 44, 3)),
    "alpha": (lambda p: saved(p, Image.fromarray(RGB).convert("RGBA")), (32, 44, 4)),
    "grey with alpha": (lambda p: saved(p, Image.fromarray(RGB).convert("LA")), (32, 44, 2)),
    "turned by EXIF": (turned, (44, 32, 3)),
    "a wrong extension": (lambda p: saved(p, Image.fromarray(RGB), format="JPEG"), (32, 44, 3)),
}

BAD: dict[str, Callable[[Path], Path]] = {
    "empty": written(b""),
    "text": written(b"Dear diary, today I opened a text file in a picture viewer.\n" * 20),
    "truncated": truncated,
    "a folder": folder,
    "missing": lambda path: path,
    "no pixels": lambda path: png_header(path, 0, 7),
    "30000x30000 in a header": lambda path: png_header(path, 30_000, 30_000),
    "a pickle": written(b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07builtins\x94."),
}


@pytest.mark.parametrize("model", ["diif-s-lite", "bicubic"])
@pytest.mark.parametrize("kind", GOOD)
def test_pictures_of_every_kind(kind: str, model: str, tmp_path: Path) -> None:
    make, shape = GOOD[kind]
    path, out = make(tmp_path / "in.png"), tmp_path / "out.png"
    assert main(["render", str(path), "--scale", "2", "--model", model, "-o", str(out)]) == 0
    with Image.open(out) as image:
        assert image.info.get("exif") is None or image.getexif().get(274, 1) == 1
        assert np.asarray(image).shape == shape


def one_sentence(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The sentence that the command line ends with."""
    assert main(words) == 1
    shown = capsys.readouterr()
    last = shown.err.splitlines()[-1]
    assert last.startswith("error: ")
    assert "Traceback" not in shown.err
    assert "this is a defect" not in last
    return last


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_picture_is_one_sentence(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = BAD[kind](tmp_path / "in.png")
    sentence = one_sentence(["render", str(path), "--scale", "2", "-o", str(tmp_path / "out.png")], capsys)
    assert "in.png" in sentence
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("kind", ["empty", "text", "a folder", "missing", "a pickle"])
def test_what_is_no_model_is_one_sentence(
    kind: str, suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = BAD[kind](tmp_path / f"model{suffix}")
    picture = saved(tmp_path / "in.png", Image.fromarray(RGB))
    words = ["render", str(picture), "--scale", "2", "--model", str(weights), "-o", str(tmp_path / "out.png")]
    assert weights.name in one_sentence(words, capsys)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_picture_without_permission(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path / "in.png", Image.fromarray(RGB))
    path.chmod(0)
    assert "permission" in one_sentence(["render", str(path), "--scale", "2", "-o", str(tmp_path / "out.png")], capsys)
