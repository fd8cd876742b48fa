"""Animated PNG of every kind: each page is what the specification says, asked for in whatever order."""

from __future__ import annotations

import contextlib
import struct
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from diif_viewer.errors import ImageError
from diif_viewer.imaging import decode
from diif_viewer.imaging.animation import UNSAID, Animation
from diif_viewer.imaging.load import load_picture, page_count, peek
from diif_viewer.imaging.thumbnail import thumbnail
from tests.imaging.files import PngFrame, chunk, moving_png

HEIGHT, WIDTH = 7, 11
STAYS, CLEARED, PUT_BACK = 0, 1, 2
SOURCE, OVER = 0, 1
PALETTE = np.random.default_rng(3).integers(0, 256, (16, 3), dtype=np.uint8)
ALPHAS = bytes([0, 255, 128, 40, 200, 255, 1, 254])  # of the first half of the palette

KINDS = {  # depth, colour type, the value of tRNS
    "RGBA": (8, 6, b""),
    "LA": (8, 4, b""),
    "RGB": (8, 2, b""),
    "RGB with a key": (8, 2, struct.pack(">3H", 0, 2, 0)),
    "L": (8, 0, b""),
    "L with a key": (8, 0, struct.pack(">H", 2)),
    "1 bit": (1, 0, b""),
    "1 bit with a key": (1, 0, struct.pack(">H", 1)),
    "2 bits with a key": (2, 0, struct.pack(">H", 2)),
    "4 bits": (4, 0, b""),
    "4 bits with a key": (4, 0, struct.pack(">H", 2)),
    "P": (8, 3, b""),
    "P with one that is clear": (8, 3, b"\xff\xff\0\xff"),
    "P with partial alpha": (8, 3, ALPHAS),
    "P of 4 bits with partial alpha": (4, 3, ALPHAS),
    "RGBA 16": (16, 6, b""),
    "LA 16": (16, 4, b""),
    "RGB 16": (16, 2, b""),
    "RGB 16 with a key": (16, 2, struct.pack(">3H", 0, 2, 0)),
    "L 16": (16, 0, b""),
    "L 16 with a key": (16, 0, struct.pack(">H", 2)),
}
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def samples(kind: str, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """(height, width, S) as in the file; keys, and alpha of nothing and of all, are frequent."""
    depth, colour, _ = KINDS[kind]
    most = 15 if colour == 3 else (1 << depth) - 1
    made = rng.integers(0, most + 1, (height, width, SAMPLES[colour]))
    if colour in (4, 6):
        rare = rng.integers(0, 3, (height, width))
        made[..., -1] = np.choose(rare, [made[..., -1], np.zeros_like(rare), np.full_like(rare, most)])
    elif colour != 3:
        made[rng.random((height, width)) < 0.3] = (0, min(2, most), 0) if colour == 2 else min(2, most)
    return made


def with_alpha(kind: str, made: np.ndarray) -> np.ndarray:
    """(h, w, 2 or 4), the full range of 8 or 16 bits: what samples mean."""
    depth, colour, clear = KINDS[kind]
    most = 65535 if depth == 16 else 255
    if colour == 3:
        alphas = np.full(16, 255)
        alphas[: len(clear)] = list(clear)
        return np.concatenate([PALETTE[made[..., 0]], alphas[made]], axis=2).astype(int)
    if colour in (4, 6):
        return made
    key = struct.unpack(f">{len(clear) // 2}H", clear)
    opaque = (made != np.array(key)).any(axis=2) if clear else np.ones(made.shape[:2], bool)
    return np.dstack([made * (most // ((1 << depth) - 1)), opaque * most])


def animation(path: Path, kind: str, seed: int, *, default: bool = False) -> tuple[Path, list[PngFrame]]:
    """Twelve frames, every dispose with every blend, all but the first somewhere."""
    rng = np.random.default_rng(seed)
    ways = rng.permutation(list(product((STAYS, CLEARED, PUT_BACK), (SOURCE, OVER))) * 2).tolist()
    frames = []
    for dispose, blend in ways:
        height, width = rng.integers(1, HEIGHT + 1), rng.integers(1, WIDTH + 1)
        if (not frames and not default) or rng.random() < 0.2:
            height, width = HEIGHT, WIDTH
        left, top = rng.integers(0, WIDTH - width + 1), rng.integers(0, HEIGHT - height + 1)
        frames.append(PngFrame(samples(kind, height, width, rng), left, top, dispose, blend))
    return written(path, kind, frames, default=default_of(kind) if default else None), frames


def default_of(kind: str) -> np.ndarray:
    return samples(kind, HEIGHT, WIDTH, np.random.default_rng(9))


def written(path: Path, kind: str, frames: list[PngFrame], **options) -> Path:
    depth, colour, clear = KINDS[kind]
    colours = (chunk(b"PLTE", PALETTE.tobytes()) if colour == 3 else b"") + (chunk(b"tRNS", clear) if clear else b"")
    return moving_png(path, frames, depth=depth, colour=colour, before=colours, **options)


def composed(kind: str, frames: list[PngFrame]) -> list[np.ndarray]:
    """Every canvas, with alpha, pixel by pixel in fractions: the specification in the plainest words."""
    most = 65535 if KINDS[kind][0] == 16 else 255
    canvas, shown = None, []
    for number, frame in enumerate(frames):
        pixels = with_alpha(kind, frame.samples)
        if canvas is None:
            canvas = np.zeros((HEIGHT, WIDTH, pixels.shape[2]), int)
        before = canvas.copy()
        for y, x in np.ndindex(pixels.shape[:2]):
            place = frame.top + y, frame.left + x
            if frame.blend == SOURCE:
                canvas[place] = pixels[y, x]
            else:
                canvas[place] = over(canvas[place], pixels[y, x], most)
        shown.append(canvas.copy())
        height, width = pixels.shape[:2]
        rows, columns = slice(frame.top, frame.top + height), slice(frame.left, frame.left + width)
        if frame.dispose == CLEARED or (frame.dispose == PUT_BACK and number == 0):
            canvas[rows, columns] = 0
        elif frame.dispose == PUT_BACK:
            canvas = before
    return shown


def over(below: np.ndarray, above: np.ndarray, most: int) -> list[int]:
    front, back = Fraction(int(above[-1]), most), Fraction(int(below[-1]), most)
    alpha = front + back * (1 - front)
    if alpha == 0:
        return [0] * len(below)
    both = zip(above[:-1].tolist(), below[:-1].tolist(), strict=True)
    colours = [(a * front + b * back * (1 - front)) / alpha for a, b in both]
    return [int(value + Fraction(1, 2)) for value in (*colours, alpha * most)]


def assert_seen(pixels: np.ndarray, expected: np.ndarray) -> None:
    """What has no alpha must be opaque; the colour of what is transparent is nobody's business."""
    most = np.iinfo(pixels.dtype).max
    if pixels.shape[2] % 2:
        assert (expected[..., -1] == most).all()
        np.testing.assert_array_equal(pixels, expected[..., :-1])
        return
    seen = expected[..., -1] > 0
    np.testing.assert_array_equal(pixels[..., -1], expected[..., -1])
    np.testing.assert_array_equal(pixels[seen], expected[seen])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_page_is_as_specified_whatever_was_asked_for_before(tmp_path, kind, seed) -> None:
    path, frames = animation(tmp_path / "a.png", kind, seed)
    expected = composed(kind, frames)
    forms = set()
    for page in np.random.default_rng(seed).permutation(len(frames)).tolist():
        picture, header = load_picture(path, page=page), peek(path, page=page)
        assert_seen(picture.pixels, expected[page])
        assert (header.height, header.width) == (HEIGHT, WIDTH)
        assert (header.channels, header.bits) == (picture.pixels.shape[2], 8 * picture.pixels.itemsize)
        forms.add((header.channels, header.bits))
        assert (picture.page, picture.pages) == (page, len(frames))
    assert len(forms) == 1
    with Animation(path) as moving:
        number = moving.first
        for _ in range(3 * len(frames)):
            assert_seen(moving.frame(number).pixels, expected[number])
            number = moving.after(number)
        for number in np.random.default_rng(seed).integers(0, len(frames), 30).tolist():
            assert_seen(moving.frame(number).pixels, expected[number])


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_for_programs_that_cannot_play_stays_beside_the_frames(tmp_path, kind) -> None:
    path, frames = animation(tmp_path / "a.png", kind, 5, default=True)
    expected = composed(kind, frames)
    assert page_count(path) == len(frames) + 1
    first = load_picture(path).pixels
    assert_seen(first, with_alpha(kind, default_of(kind)))
    assert (first.shape[2], 8 * first.itemsize) == (peek(path).channels, peek(path).bits)
    with Animation(path) as moving:
        assert moving.first == 1
        for page in (0, *range(1, len(frames) + 1), 1, 0, 4):
            picture = moving.frame(page)
            np.testing.assert_array_equal(picture.pixels, load_picture(path, page=page).pixels)
            assert picture.pixels.shape[2] == peek(path, page=page).channels
            if page:
                assert_seen(picture.pixels, expected[page - 1])
            else:
                np.testing.assert_array_equal(picture.pixels, first)


@pytest.mark.parametrize("dispose", [(STAYS, STAYS), (CLEARED, STAYS), (CLEARED, PUT_BACK), (PUT_BACK, STAYS)])
@pytest.mark.parametrize("large", [True, False])
@pytest.mark.parametrize("kind", ["RGB", "L", "P", "L 16", "RGB 16"])
def test_there_is_an_alpha_channel_where_some_page_is_transparent(tmp_path, kind, dispose, large) -> None:
    rng = np.random.default_rng(1)
    sizes = [(HEIGHT, WIDTH), (HEIGHT, WIDTH) if large else (2, 3), (1, 1)]
    frames = [
        PngFrame(samples(kind, *size, rng), dispose=way) for size, way in zip(sizes, (*dispose, STAYS), strict=True)
    ]
    path, expected = written(tmp_path / "a.png", kind, frames), composed(kind, frames)
    transparent = any((canvas[..., -1] == 0).any() for canvas in expected)
    for page, canvas in enumerate(expected):
        pixels = load_picture(path, page=page).pixels
        assert_seen(pixels, canvas)
        assert pixels.shape[2] % 2 == (0 if transparent else 1)


def test_half_of_a_colour_over_an_opaque_one_is_opaque(tmp_path) -> None:
    blue, red = np.full((2, 2, 4), (0, 0, 255, 255)), np.full((1, 1, 4), (255, 0, 0, 128))
    path = moving_png(tmp_path / "a.png", [PngFrame(blue), PngFrame(red, 1, 1, blend=OVER)])
    assert load_picture(path, page=1).pixels[1, 1].tolist() == [128, 0, 127, 255]


def test_colours_below_what_is_transparent_are_kept_where_nothing_is_blended(tmp_path) -> None:
    clear = np.full((2, 2, 4), (9, 8, 7, 0))
    path = moving_png(tmp_path / "a.png", [PngFrame(clear, blend=OVER), PngFrame(clear)])
    for page in (0, 1):
        np.testing.assert_array_equal(load_picture(path, page=page).pixels, clear)


def test_large_soft_frames_are_blended_in_bands(tmp_path) -> None:
    rng = np.random.default_rng(1)
    first, second = (np.dstack([rng.integers(0, 256, (400, 300, 3)), np.full((400, 300), a)]) for a in (255, 100))
    path = moving_png(tmp_path / "a.png", [PngFrame(first), PngFrame(second, blend=OVER)])
    expected = np.floor((second * 100 + first * 155) / 255 + 0.5)
    expected[..., 3] = 255
    np.testing.assert_array_equal(load_picture(path, page=1).pixels, expected)


def test_the_memory_of_the_canvas_is_asked_for_too(tmp_path) -> None:
    path = moving_png(tmp_path / "a.png", [PngFrame(np.full((500, 500, 4), n)) for n in range(3)])
    with pytest.raises(ImageError, match="too large to open here"):
        load_picture(path, page=2, memory=500 * 500 * 19)
    assert load_picture(path, page=2, memory=500 * 500 * 21).pixels.shape == (500, 500, 4)


# ---- what is decoded -------------------------------------------------------------------------------------


@pytest.fixture
def decoded(monkeypatch):
    """The sizes of what is decoded from now on."""
    sizes, pixels = [], decode.pixels

    def counted(image, reopen):
        sizes.append(image.size)
        return pixels(image, reopen)

    monkeypatch.setattr(decode, "pixels", counted)
    return sizes


def test_a_round_decodes_each_frame_once_and_a_whole_one_alone(tmp_path, decoded) -> None:
    rng = np.random.default_rng(1)
    sizes = [(HEIGHT, WIDTH), (2, 3), (HEIGHT, WIDTH), (3, 2), (1, 4)]
    path = written(tmp_path / "a.png", "RGBA", [PngFrame(samples("RGBA", *size, rng)) for size in sizes])
    with Animation(path) as moving:
        for number in (0, 1, 2, 3, 4, 0, 1, 2, 3, 4):
            moving.frame(number)
    assert decoded == [size[::-1] for size in sizes] * 2
    decoded.clear()
    load_picture(path, page=4)
    assert decoded == [size[::-1] for size in sizes[2:]]


def test_times_are_told_without_decoding(tmp_path, decoded) -> None:
    square = np.zeros((2, 2, 4), int)
    frames = [PngFrame(square, delay=delay) for delay in ((1, 20), (7, 0), (0, 5), (33, 1000))]
    path = moving_png(tmp_path / "a.png", frames, default=square)
    with Animation(path) as moving:
        assert [moving.seconds(n) for n in range(5)] == pytest.approx([UNSAID, 0.05, 0.07, UNSAID, 0.033])
    assert decoded == []


@pytest.mark.parametrize("behind", [True, False])
def test_exif_turns_every_page_wherever_it_is(tmp_path, behind) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    late = chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
    frames = [PngFrame(np.full((2, 3, 4), 40 * n)) for n in range(3)]
    path = moving_png(tmp_path / "a.png", frames, **{"after" if behind else "before": late})
    with Animation(path) as moving:
        for page in range(3):
            picture, header = load_picture(path, page=page), peek(path, page=page)
            assert picture.pixels.shape == (header.height, header.width, 4) == (3, 2, 4)
            assert moving.frame(page).pixels.shape == (3, 2, 4)
            assert picture.exif is not None
            assert b"maker" in picture.exif
    assert thumbnail(path, 8).shape == (3, 2, 4)


# ---- damaged and hostile files ---------------------------------------------------------------------------


def refusal(path: Path, page: int) -> str:
    """The sentence with which a page is refused, alone and in playing."""
    with pytest.raises(ImageError) as caught:
        load_picture(path, page=page)
    with pytest.raises(ImageError), Animation(path) as moving:
        moving.frame(page)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path.name}: ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_of_a_file_that_was_cut_off_the_pages_before_are_shown(tmp_path) -> None:
    path, frames = animation(tmp_path / "a.png", "RGB", 1)
    data, expected = path.read_bytes(), composed("RGB", frames)
    whole = []
    for length in range(data.index(b"fdAT") + 20, len(data) - 12, 29):
        path.write_bytes(data[:length])
        shown = 0
        with contextlib.suppress(ImageError):
            for shown in range(len(frames)):
                assert_seen(load_picture(path, page=shown).pixels, expected[shown])
        whole.append(shown)
        if shown < len(frames) - 1:
            assert "the file ends before" in refusal(path, len(frames) - 1)
    assert whole == sorted(whole)
    assert len(set(whole)) > len(frames) / 2


def square(**words) -> PngFrame:
    return PngFrame(np.full((2, 2, 4), 200), **words)


OUTSIDE = [
    (2, 2, 1, 0),
    (2, 2, 0, 0xFFFFFFFF),
    (0, 2, 0, 0),
    (2, 0, 0, 0),
    (0xFFFFFFFF, 2, 0, 0),
    (1 << 31, 2, 1 << 31, 0),
]


@pytest.mark.parametrize("said", OUTSIDE)
def test_a_frame_outside_the_picture_is_refused(tmp_path, said) -> None:
    path = moving_png(tmp_path / "a.png", [square(), square(said=said)])
    assert load_picture(path).pixels.shape == (2, 2, 4)
    assert "outside the picture" in refusal(path, 1)


def test_a_frame_with_less_data_than_its_size_is_refused(tmp_path) -> None:
    large = np.zeros((300, 400, 4), int)
    path = moving_png(tmp_path / "a.png", [square(said=(400, 300, 0, 0))], default=large)
    assert "ends" in refusal(path, 1)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_frames_out_of_order_are_refused(tmp_path, place) -> None:
    path = moving_png(tmp_path / "a.png", [square(), square(), square()])
    parts = path.read_bytes().split(b"fdAT")
    heads = [part[:4] for part in parts[1:]]
    heads[place] = struct.pack(">I", 99)
    path.write_bytes(parts[0] + b"".join(b"fdAT" + h + part[4:] for h, part in zip(heads, parts[1:], strict=True)))
    refusal(path, 2)


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"fdAT", struct.pack(">I", 1) + b"x"),
        chunk(b"fcTL", struct.pack(">I", 1)),
        chunk(b"fcTL", struct.pack(">IIIIIHHBB", 1, 2, 2, 0, 0, 1, 1, 0, 0)),
        chunk(b"fcTL", struct.pack(">IIIIIHHBB", 1, 2, 2, 0, 0, 1, 1, 0, 0)) + chunk(b"fdAT", b"\0\0"),
        chunk(b"fcTL", struct.pack(">IIIIIHHBB", 1, 2, 2, 0, 0, 1, 1, 0, 0)) + chunk(b"fdAT", b"\0\0\0\2"),
        b"\xff\xff\xff\xfffcTL" + struct.pack(">IIIIIHHBB", 1, 2, 2, 0, 0, 1, 1, 0, 0),
        struct.pack(">I4sI", 0x7FFFFFFF, b"fdAT", 1),
        struct.pack(">I4sI", 0xFFFFFFFF, b"eXIf", 1),
        b"",
    ],
)
def test_hostile_chunks_are_one_sentence(tmp_path, extra) -> None:
    path = moving_png(tmp_path / "a.png", [square()], count=3, after=extra)
    assert (load_picture(path).pages, peek(path).channels) == (3, 4)
    refusal(path, 1)
    refusal(path, 2)


def test_more_frames_than_promised_are_left_alone(tmp_path) -> None:
    path = moving_png(tmp_path / "a.png", [square()] * 5, count=2)
    with Animation(path) as moving:
        assert [moving.frame(n).page for n in (0, 1, 0)] == [0, 1, 0]
        assert moving.after(1) == 0
    path = moving_png(tmp_path / "a.png", [square()] * 2, count=(1 << 31) - 1)
    assert load_picture(path, page=1).pixels.shape == (2, 2, 4)
    assert "ends before its frame 3" in refusal(path, 2)
    refusal(path, (1 << 31) - 2)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_bytes_give_pages_or_one_error(tmp_path, data) -> None:
    path, _ = animation(
        tmp_path / "a.png", data.draw(st.sampled_from(list(KINDS))), 1, default=data.draw(st.booleans())
    )
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with contextlib.suppress(ImageError):
        for page in range(min(12, page_count(path))):
            picture = load_picture(path, page=page, memory=1 << 28)
            assert picture.pixels.shape[2] in (1, 2, 3, 4)
