"""Opening pictures: the right pixels, or one ImageError with one sentence that names the file."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import threading
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageFile, ImageOps
from PIL.PngImagePlugin import PngInfo

from diif_viewer.errors import CutOffError, ImageError
from diif_viewer.imaging.load import load_picture, page_count, peek
from diif_viewer.imaging.png import exif_behind
from diif_viewer.imaging.save import save_png
from tests.imaging.files import chunk, png_header, refusal, tiff16

RGB = np.random.default_rng(1).integers(0, 256, (13, 21, 3), dtype=np.uint8)
DEEP = np.random.default_rng(2).integers(0, 65536, (13, 21, 4), dtype=np.uint16)


# ---- depth, colour, alpha --------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "ppm", "webp"])
def test_lossless_formats_give_the_pixels(tmp_path, suffix) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(RGB).save(path, **({"lossless": True} if suffix == "webp" else {}))
    picture = load_picture(str(path))
    np.testing.assert_array_equal(picture.pixels, RGB)
    assert picture.path == path
    assert picture.pixels.flags.c_contiguous


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_depth_and_channel_count_round_trips_through_png(tmp_path, channels, dtype) -> None:
    pixels = (DEEP if dtype == np.uint16 else DEEP.astype(np.uint8))[..., :channels]
    save_png(pixels, tmp_path / "a.png")
    loaded = load_picture(tmp_path / "a.png").pixels
    assert loaded.dtype == dtype
    np.testing.assert_array_equal(loaded, pixels)


def test_an_interlaced_png_of_16_bits_keeps_all_of_them(tmp_path) -> None:
    """Adam7 by hand: pass 1 of a picture of 1x1 is the whole picture."""
    path = png_header(tmp_path / "a.png", 1, 1, depth=16, colour=2, data=b"\0\x12\x34\x56\x78\x9a\xbc")
    data = bytearray(path.read_bytes())
    data[28] = 1  # interlace method
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    path.write_bytes(data)
    assert load_picture(path).pixels.tolist() == [[[0x1234, 0x5678, 0x9ABC]]]


def test_palette_becomes_rgb_and_its_transparency_alpha(tmp_path) -> None:
    image = Image.fromarray(RGB).quantize(16)
    image.save(tmp_path / "a.png")
    np.testing.assert_array_equal(load_picture(tmp_path / "a.png").pixels, np.array(image.convert("RGB")))
    image.save(tmp_path / "b.png", transparency=bytes(range(0, 160, 10)))
    loaded = load_picture(tmp_path / "b.png").pixels
    np.testing.assert_array_equal(loaded[..., 3], np.array(image) * 10)


def test_one_bit_becomes_grey(tmp_path) -> None:
    bits = RGB[..., 0] > 127
    Image.fromarray(bits).save(tmp_path / "a.png")
    np.testing.assert_array_equal(load_picture(tmp_path / "a.png").pixels[..., 0], bits * np.uint8(255))


def test_a_transparent_colour_becomes_alpha_at_either_depth(tmp_path) -> None:
    two = np.array([[[10, 20, 30], [1, 2, 3]]], np.uint8)
    Image.fromarray(two).save(tmp_path / "a.png", transparency=(1, 2, 3))
    assert load_picture(tmp_path / "a.png").pixels[0, :, 3].tolist() == [255, 0]


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_a_transparent_grey_becomes_alpha_at_any_depth(tmp_path, depth) -> None:
    most = (1 << depth) - 1
    row = int("".join(f"{value:0{depth}b}" for value in [most, 0] * 4), 2).to_bytes(depth, "big")
    key = chunk(b"tRNS", most.to_bytes(2, "big"))
    path = png_header(tmp_path / "a.png", 8, 1, depth=depth, colour=0, data=b"\0" + row, before=key)
    assert load_picture(path).pixels[0, :, 1].tolist() == [0, 65535 if depth == 16 else 255] * 4
    assert (peek(path).channels, peek(path).bits) == (2, max(8, depth))


def test_exif_behind_the_pixels_is_known_before_they_are_read(tmp_path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    late = chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
    path = png_header(tmp_path / "a.png", 3, 2, data=(b"\0" + bytes(9)) * 2, after=late)
    assert load_picture(path).pixels.shape == (3, 2, 3)
    assert (peek(path).height, peek(path).width) == (3, 2)
    for text in (b"Title\0x", b""):  # also one that ends the file sooner than a name of EXIF would
        plain = png_header(tmp_path / "b.png", 3, 2, data=(b"\0" + bytes(9)) * 2, after=chunk(b"tEXt", text) + late)
        assert exif_behind(plain)
        plain.write_bytes(plain.read_bytes().replace(late, b""))
        assert not exif_behind(plain)
        assert (peek(plain).height, peek(plain).width) == (2, 3)


def test_a_few_bytes_may_hold_a_large_picture_of_one_colour(tmp_path) -> None:
    Image.new("RGB", (4000, 4000), "white").save(tmp_path / "a.webp", lossless=True, method=0, quality=0)
    assert (tmp_path / "a.webp").stat().st_size < 100
    assert load_picture(tmp_path / "a.webp").pixels.min() == 255


def test_grey_with_alpha_stays_so(tmp_path) -> None:
    Image.fromarray(RGB[..., :2].copy()).save(tmp_path / "a.png")
    np.testing.assert_array_equal(load_picture(tmp_path / "a.png").pixels, RGB[..., :2])


def test_cmyk_becomes_rgb(tmp_path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=95)
    picture = load_picture(tmp_path / "a.jpg")
    red, green, blue = picture.pixels.reshape(-1, 3).mean(axis=0)
    assert red > 240
    assert max(green, blue) < 15
    assert picture.icc_profile is None


def test_lab_becomes_rgb(tmp_path) -> None:
    Image.new("LAB", (4, 4), (255, 128, 128)).save(tmp_path / "a.tif")
    assert load_picture(tmp_path / "a.tif").pixels.shape == (4, 4, 3)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.tif", "a.png"])
def test_of_several_frames_the_first(tmp_path, name) -> None:
    first, second = Image.new("RGB", (6, 5), (255, 0, 0)), Image.new("RGB", (6, 5), (0, 0, 255))
    first.save(tmp_path / name, save_all=True, append_images=[second])
    pixels = load_picture(tmp_path / name).pixels
    assert pixels.shape[:2] == (5, 6)
    assert pixels[2, 2, 0] > 200
    assert pixels[2, 2, 2] < 50


# ---- what comes with the pixels --------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_and_not_told_again(tmp_path, orientation) -> None:
    image, exif = Image.fromarray(RGB), Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "maker"
    image.save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as saved:
        expected = np.array(ImageOps.exif_transpose(saved))
    picture = load_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(picture.pixels, expected)
    kept = Image.Exif()
    kept.load(picture.exif)
    assert dict(kept) == {0x010F: "maker"}
    header = peek(tmp_path / "a.png")
    assert (header.format, header.height, header.width) == ("PNG", *expected.shape[:2])


def test_broken_exif_does_not_cost_the_picture(tmp_path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert load_picture(tmp_path / "a.jpg").pixels.shape == RGB.shape


def test_profile_and_resolution_are_kept(tmp_path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(RGB).save(tmp_path / "a.jpg", icc_profile=profile, dpi=(300, 150))
    picture = load_picture(tmp_path / "a.jpg")
    assert picture.icc_profile == profile
    assert picture.dpi == (300, 150)


def test_a_profile_of_another_colour_space_is_dropped(tmp_path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(RGB[..., 0]).save(tmp_path / "a.png", icc_profile=profile)
    assert load_picture(tmp_path / "a.png").icc_profile is None


def test_the_wrong_suffix_does_not_matter(tmp_path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.jpg", format="PNG")
    assert load_picture(tmp_path / "a.jpg").format == "PNG"


@pytest.mark.parametrize("size", [(1, 1), (1, 30000), (30000, 1)])
def test_thin_pictures_open(tmp_path, size) -> None:
    Image.new("RGB", size, (1, 2, 3)).save(tmp_path / "a.png")
    assert load_picture(tmp_path / "a.png").pixels.shape == (*size[::-1], 3)


# ---- refusals --------------------------------------------------------------------------------------------


def test_each_wrong_file_gets_its_own_sentence(tmp_path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("hello " * 100, encoding="ascii")
    os.mkfifo(tmp_path / "pipe")
    assert "empty" in refusal(tmp_path / "empty.png")
    assert "not a picture" in refusal(tmp_path / "text.png")
    assert "no such file" in refusal(tmp_path / "missing.png")
    assert "folder" in refusal(tmp_path)
    assert "not an ordinary file" in refusal(tmp_path / "pipe")


def test_no_permission_is_said(tmp_path, monkeypatch) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.png")
    if os.geteuid() == 0:  # root may read everything

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
    else:
        (tmp_path / "a.png").chmod(0)
    assert "no permission" in refusal(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp", "gif", "bmp"])
def test_a_file_that_is_cut_off_is_refused(tmp_path, suffix) -> None:
    big = np.random.default_rng(3).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(big).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    refusal(path)


def test_what_there_is_of_a_jpeg_that_was_cut_off_can_be_asked_for(tmp_path) -> None:
    path = tmp_path / "cut.jpg"
    Image.fromarray(np.tile(np.arange(256, dtype=np.uint8)[:, None, None], (1, 256, 3))).save(path, quality=95)
    whole = load_picture(path, partly=True)
    assert whole.lack == ""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 4])
    with pytest.raises(CutOffError, match="ends before the picture does"):
        load_picture(path)
    part = load_picture(path, partly=True)
    assert part.lack == "cut.jpg: the file ends before the picture does."
    assert part.pixels.shape == whole.pixels.shape
    np.testing.assert_array_equal(part.pixels[:100], whole.pixels[:100])
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    png = tmp_path / "cut.png"
    Image.fromarray(whole.pixels).save(png)
    png.write_bytes(png.read_bytes()[: png.stat().st_size // 2])
    with pytest.raises(ImageError):
        load_picture(png, partly=True)


def test_a_picture_without_pixels_is_refused(tmp_path) -> None:
    refusal(png_header(tmp_path / "a.png", 0, 5))
    (tmp_path / "a.ppm").write_bytes(b"P6 0 0 255\n")
    refusal(tmp_path / "a.ppm")


def huge_files(folder: Path) -> list[Path]:
    png = png_header(folder / "a.png", 30000, 30000)
    deep = png_header(folder / "deep.png", 30000, 30000, depth=16)
    bmp = folder / "a.bmp"
    Image.new("RGB", (1, 1)).save(bmp)
    data = bytearray(bmp.read_bytes())
    data[18:26] = (30000).to_bytes(4, "little") * 2
    bmp.write_bytes(data)
    jpeg = folder / "a.jpg"
    Image.new("RGB", (16, 16)).save(jpeg)
    data = bytearray(jpeg.read_bytes())
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = (30000).to_bytes(2, "big") * 2
    jpeg.write_bytes(data)
    ppm = folder / "a.ppm"
    ppm.write_bytes(b"P6 30000 30000 255\n")
    tiff = tiff16(folder / "a.tif", np.zeros((1, 1, 3), np.uint16), "<")
    data = bytearray(tiff.read_bytes())
    for tag in (256, 257, 278):
        place = data.index(tag.to_bytes(2, "little") + b"\4\0\1\0\0\0")
        data[place + 8 : place + 12] = (30000).to_bytes(4, "little")
    tiff.write_bytes(data)
    return [png, deep, bmp, jpeg, ppm, tiff]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no getrusage")
def test_a_huge_header_with_nothing_behind_it_is_refused_at_once(tmp_path) -> None:
    for path in huge_files(tmp_path):
        tracemalloc.start()
        refusal(path, memory=1 << 60)
        assert tracemalloc.get_traced_memory()[1] < 50e6
        tracemalloc.stop()
        done = subprocess.run([sys.executable, "-c", REFUSED, str(path)], capture_output=True, text=True, check=True)
        assert int(done.stdout) < 300e6, path.name


REFUSED = """
import contextlib, pathlib, resource, sys
from diif_viewer.errors import CutOffError, ImageError
from diif_viewer.imaging.load import load_picture

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

before = peak()
with contextlib.suppress(ImageError):
    load_picture(pathlib.Path(sys.argv[1]), memory=1 << 60)
print(peak() - before)
"""
"""By how much a refusal raises the peak of memory: in a process of its own, as threads of other tests take some too."""


def test_the_limit_is_memory_and_the_sentence_says_how_much(tmp_path) -> None:
    Image.new("L", (2000, 2000)).save(tmp_path / "a.png")
    assert "2000x2000 pixels need" in refusal(tmp_path / "a.png", memory=1_000_000)
    assert load_picture(tmp_path / "a.png", memory=100_000_000).pixels.shape == (2000, 2000, 1)


def test_pictures_above_pillows_limit_open(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    Image.new("L", (20, 20)).save(tmp_path / "a.png")
    assert load_picture(tmp_path / "a.png").pixels.shape == (20, 20, 1)
    assert Image.MAX_IMAGE_PIXELS == 50


def test_any_thread_may_load(tmp_path) -> None:
    paths = []
    for n in range(6):
        paths.append(tmp_path / f"{n}.png")
        save_png(np.full((50, 50, 3), n * 1000, np.uint16), paths[-1])
    seen: dict[int, int] = {}

    def load(n: int) -> None:
        seen[n] = int(load_picture(paths[n]).pixels[0, 0, 0])

    threads = [threading.Thread(target=load, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {n: n * 1000 for n in range(6)}


# ---- any bytes -------------------------------------------------------------------------------------------


def seeds() -> list[bytes]:
    found = []
    for kind in ("PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP", "PPM", "JPEG2000", "ICO", "PCX", "SGI", "TGA", "DDS"):
        buffer = io.BytesIO()
        Image.fromarray(RGB).save(buffer, kind)
        found.append(buffer.getvalue())
    return found


SEEDS = seeds()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 6))):
        data[draw(st.integers(0, min(len(data) - 1, 400)))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.one_of(st.binary(max_size=200), damaged()), suffix=st.sampled_from([".png", ".tga", ""]))
def test_any_bytes_give_a_picture_or_one_error(tmp_path, data, suffix) -> None:
    path = tmp_path / f"any{suffix}"
    path.write_bytes(data)
    with contextlib.suppress(ImageError):
        pixels = load_picture(path, memory=1 << 28).pixels
        assert pixels.dtype in (np.uint8, np.uint16)
        assert pixels.ndim == 3
        assert pixels.shape[2] in (1, 2, 3, 4)
        assert pixels.size > 0


# ---- pages and frames ------------------------------------------------------------------------------------


def frames(count: int) -> list[np.ndarray]:
    return [np.roll(RGB, 3 * n, axis=1) for n in range(count)]


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.tif", {}), ("a.png", {}), ("a.webp", {"lossless": True, "quality": 100, "minimize_size": False})],
)
def test_every_page_is_a_picture_of_its_own(tmp_path, name, options) -> None:
    first, *others = (Image.fromarray(frame) for frame in frames(4))
    first.save(tmp_path / name, save_all=True, append_images=others, **options)
    assert page_count(tmp_path / name) == 4
    for page in (2, 0, 3, 1):
        picture = load_picture(tmp_path / name, page=page)
        np.testing.assert_array_equal(picture.pixels[..., :3], frames(4)[page])
        assert (picture.page, picture.pages) == (page, 4)


def test_frames_that_are_painted_over_others_are_whole(tmp_path) -> None:
    canvas, frame = np.full((20, 30, 3), 60, np.uint8), []
    for n in range(5):
        canvas[2 * n : 2 * n + 4, 3 * n : 3 * n + 4] = (250, 40 * n, 10)
        frame.append(Image.fromarray(canvas.copy()))
    frame[0].save(tmp_path / "a.gif", save_all=True, append_images=frame[1:], duration=40)
    for n in (4, 1):
        shown = load_picture(tmp_path / "a.gif", page=n).pixels[..., :3]
        np.testing.assert_array_equal(shown, np.asarray(frame[n]))


def test_a_page_that_is_not_there_is_said(tmp_path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.png")
    assert page_count(tmp_path / "a.png") == 1
    assert "there is no page 3; it has 1" in refusal(tmp_path / "a.png", page=2)


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_without_its_package_heic_is_named_as_such(tmp_path, monkeypatch, brand) -> None:
    monkeypatch.setattr("diif_viewer.imaging.heic.provided", lambda: False)
    (tmp_path / "IMG_0001.HEIC").write_bytes(b"\0\0\0\x18ftyp" + brand + bytes(60))
    said = r"IMG_0001\.HEIC: HEIC needs the package pillow-heif, .* save the picture as JPEG"
    with pytest.raises(ImageError, match=said):
        load_picture(tmp_path / "IMG_0001.HEIC")


# ---- what other programs and hostile ones write ----------------------------------------------------------


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_an_orientation_that_only_xmp_has_is_not_heeded(suffix: str, tmp_path: Path) -> None:
    path, options = tmp_path / f"a{suffix}", {}
    if suffix == ".png":
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", XMP.decode())
    elif suffix == ".tif":
        options["tiffinfo"] = {700: XMP}
    else:
        options["xmp"] = XMP
    Image.new("RGB", (40, 20)).save(path, **options)
    header = peek(path)
    assert (header.height, header.width) == load_picture(path).pixels.shape[:2] == (20, 40)


def test_nor_one_that_lies_behind_the_pixels_with_exif_beside_it(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0131] = "Painter 1"
    behind = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
    behind += chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
    path = png_header(tmp_path / "a.png", 3, 2, data=(b"\0" + bytes(9)) * 2, after=behind)
    header = peek(path)
    assert (header.height, header.width, header.software) == (2, 3, "Painter 1")
    assert load_picture(path).pixels.shape == (2, 3, 3)


def test_a_broken_profile_costs_no_cmyk_picture(tmp_path: Path) -> None:
    broken = b"\0\0\x02\0lcms" + b"\0" * 8 + b"CMYKLab " + b"\0" * 100
    Image.new("CMYK", (20, 10), (0, 0, 0, 0)).save(tmp_path / "a.jpg", icc_profile=broken)
    assert (load_picture(tmp_path / "a.jpg").pixels == 255).all()
