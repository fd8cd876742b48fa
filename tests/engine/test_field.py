"""A field is one function of position: crops, tiles, pans and exports of it agree, whoever renders them."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import diif_viewer as dv
from diif_viewer.engine.device import Compute, fast_compute, torch_has_bfloat16
from diif_viewer.engine.field import Field
from diif_viewer.engine.model import Model
from diif_viewer.engine.pixels import known
from diif_viewer.engine.planes import BlockCache
from diif_viewer.errors import CheckpointError, DeviceError, RequestError
from diif_viewer.geometry import Lattice, Window
from diif_viewer.imaging import classic
from tests.engine.conftest import COMPUTE, picture, reference

KINDS = ("liif", "liif skip", "diif", "diif skip", "diif-s", "diif-s one knot")


def expected(kind: str, pixels: np.ndarray, lattice: Lattice, window: Window) -> np.ndarray:
    image = torch.from_numpy(pixels.astype(np.float32) / 255).permute(2, 0, 1)[None] * 2 - 1
    with torch.inference_mode():
        made = reference(kind)(image, lattice, window)[0].permute(1, 2, 0)
    return (made * 0.5 + 0.5).clamp(0, 1).numpy()


@pytest.mark.parametrize("scale", [1.37, 4.0, 12.5, 30.0])
@pytest.mark.parametrize("kind", KINDS)
def test_float32_equals_the_reference_at_the_corners_and_in_the_middle(small_model, kind, scale) -> None:
    pixels = picture()
    field = dv.encode(pixels, small_model(kind))
    lattice = field.lattice(scale)
    h, w = lattice.y.count, lattice.x.count
    for top, left in ((0, 0), (0, w - 50), (h - 50, 0), (h - 50, w - 50), (h // 2 - 20, w // 2 - 33)):
        window = Window(top, left, top + 50, left + 50)
        seen = field.render(scale, window=window, dtype="float32")
        assert np.abs(seen - expected(kind, pixels, lattice, window)).max() < 1e-4
        assert seen.std() > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_any_part_equals_the_part_of_the_whole_bit_for_bit(small_model, kind) -> None:
    pixels = picture(61, 47)
    model = small_model(kind)
    whole = dv.encode(pixels, model).render(5.3, dtype="float32")

    @given(st.data())
    @settings(deadline=None, max_examples=12)
    def check(data) -> None:
        top = data.draw(st.integers(0, whole.shape[0] - 1))
        left = data.draw(st.integers(0, whole.shape[1] - 1))
        bottom = data.draw(st.integers(top + 1, whole.shape[0]))
        right = data.draw(st.integers(left + 1, whole.shape[1]))
        field = dv.encode(pixels, model)  # a new one: it encodes this part first
        part = field.render(5.3, window=(top, left, bottom, right), dtype="float32")
        assert np.array_equal(part, whole[top:bottom, left:right])

    check()


def test_other_chunks_agree_to_rounding() -> None:
    pixels = picture(61, 47)
    for kind in KINDS:
        one = dv.encode(pixels, Model(kind, reference(kind), COMPUTE)).render(3.7, dtype="float32")
        other = Compute("cpu", torch.float32, (32, 128))
        two = dv.encode(pixels, Model(kind, reference(kind), other)).render(3.7, dtype="float32")
        assert np.abs(one - two).max() < 1e-4


def test_a_cache_too_small_for_one_view_changes_nothing(small_model) -> None:
    pixels = picture(150, 170)
    model = small_model("diif-s")
    whole = dv.encode(pixels, model).render(2.0)
    cache = BlockCache(200_000)
    assert np.array_equal(Field(pixels, model, cache).render(2.0), whole)
    assert cache.bytes <= 200_000


def test_neighbouring_boxes_tile_the_whole(small_model) -> None:
    field = dv.encode(picture(), small_model("diif-s"))
    whole = field.render(3.3)
    upper = field.render(3.3, box=(0, 0, 117, 41.7))
    lower = field.render(3.3, box=(0, 41.7, 117, 83))
    assert np.array_equal(np.concatenate([upper, lower]), whole)


def test_an_exact_size_and_its_windows(small_model) -> None:
    pixels = picture()
    field = dv.encode(pixels, small_model("diif"))
    lattice = Lattice.of_size(83, 117, 500, 301)
    seen = field.render(size=(500, 301), window=(100, 20, 160, 99), dtype="float32")
    assert np.abs(seen - expected("diif", pixels, lattice, Window(100, 20, 160, 99))).max() < 1e-4
    assert field.render(size=(500, 301)).shape == (500, 301, 3)


def test_at_x1_the_source_pixels_and_below_x1_an_area_filter(small_model) -> None:
    pixels = picture(64, 96)
    field = dv.encode(pixels, small_model("diif-s"))
    assert np.array_equal(field.render(1.0), pixels)
    assert np.array_equal(field.render(1), pixels)
    halves = pixels.reshape(32, 2, 48, 2, 3).mean((1, 3))
    assert np.abs(field.render(0.5).astype(float) - halves).max() <= 1


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_channels_stay_what_they_are(small_model, channels) -> None:
    pixels = picture(40, 50, channels)
    field = dv.encode(pixels, small_model("diif-s"))
    seen = field.render(3.0)
    assert seen.shape == (120, 150, channels)
    if channels in (2, 4):
        alpha = classic.resample(
            np.ascontiguousarray(pixels[..., -1:]), "bicubic", field.lattice(3.0), field.lattice(3.0).window
        )
        assert np.array_equal(seen[..., -1:], alpha)
    if channels == 1:
        colour = dv.encode(pixels.repeat(3, -1), small_model("diif-s")).render(3.0, dtype="float32").mean(-1)
        assert np.abs(seen[..., 0] - colour * 255).max() <= 0.51


def test_other_types_hold_the_same_picture(small_model) -> None:
    pixels = picture(40, 50)
    model = small_model("diif-s")
    as_bytes = dv.encode(pixels, model).render(2.5, dtype="float32")
    for same in (
        pixels.astype(np.uint16) * 257,
        pixels.astype(np.float64) / 255,
        Image.fromarray(pixels),
    ):
        assert np.abs(dv.encode(same, model).render(2.5, dtype="float32") - as_bytes).max() < 1e-5


def test_models_with_the_same_encoder_share_features(small_model) -> None:
    field = dv.encode(picture(), small_model("liif"))
    lattice, compute = field.lattice(4.0), field.model.compute
    field.render(4.0)
    other = field.with_model(small_model("diif-s"))
    assert other.features(compute).missing(Window(0, 0, 83, 117)) == []
    assert other.unencoded(lattice, lattice.window, compute) == []
    assert np.array_equal(other.render(4.0), dv.encode(picture(), small_model("diif-s")).render(4.0))


def test_progress_is_true_and_can_end_the_work(small_model) -> None:
    field = dv.encode(picture(), small_model("diif-s"))
    seen: list[float] = []
    field.render(6.0, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len(seen) > 3

    def stop(fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        field.render(6.0, progress=stop)


def test_nonsense_is_refused_in_one_sentence(small_model) -> None:
    field = dv.encode(picture(), small_model("diif-s"))
    for wrong in (
        {"scale": 0.0},
        {"scale": float("nan")},
        {"scale": -2},
        {},
        {"scale": 2.0, "size": (10, 10)},
        {"size": (0, 5)},
        {"size": (10.5, 20)},
        {"size": (float("nan"), 20)},
        {"size": 20},
        {"size": (10, 20, 3)},
        {"scale": 2.0, "box": (5, 5, 5, 9)},
        {"scale": 2.0, "box": (0, 0, 118, 10)},
        {"scale": 2.0, "box": (float("nan"), 0, 18, 10)},
        {"scale": 2.0, "window": (0, 0, 9999, 5)},
        {"scale": 2.0, "window": (0, 0, 5.5, 5)},
        {"scale": 2.0, "window": (0, 0, 5)},
        {"scale": 2.0, "window": (0, 0, 5, 5), "box": (0, 0, 1, 1)},
        {"scale": 2.0, "dtype": "int3"},
    ):
        with pytest.raises(RequestError) as raised:
            field.render(**wrong)
        assert str(raised.value).endswith((".", ")"))
    for shape in ((0, 5, 3), (5, 5, 5), (5,), (2, 2, 2, 2)):
        with pytest.raises(RequestError):
            dv.encode(np.zeros(shape, np.uint8), field.model)
    with pytest.raises(RequestError):
        dv.encode(np.zeros((4, 4), np.complex64), field.model)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_notebook_shows_a_small_picture(small_model, channels) -> None:
    made = dv.encode(picture(900, 60, channels), small_model("diif-s"))._repr_png_()
    with Image.open(io.BytesIO(made)) as seen:
        assert seen.size == (43, 640)
        assert len(seen.getbands()) == channels


def test_models_that_do_not_exist() -> None:
    with pytest.raises(CheckpointError, match="diif-s-lite"):
        dv.load_model("no-such-model")
    with pytest.raises(CheckpointError):
        dv.load_model("missing.safetensors")
    with pytest.raises(DeviceError):
        dv.load_model("diif-s-lite", device="abacus")


def test_unlike_sizes_of_pictures_down_to_one_pixel(small_model) -> None:
    for kind in KINDS:
        for height, width in ((1, 1), (1, 40), (40, 1), (2, 3)):
            pixels = picture(height, width)
            lattice = Lattice.of_scale(height, width, 7.5)
            seen = dv.encode(pixels, small_model(kind)).render(7.5, dtype="float32")
            assert np.abs(seen - expected(kind, pixels, lattice, lattice.window)).max() < 1e-4


# ---- with the shipped weights -------------------------------------------------------------------------


@pytest.mark.skipif(
    fast_compute().dtype != torch.bfloat16 and not torch_has_bfloat16(), reason="nothing here is fast with bfloat16"
)
@pytest.mark.parametrize("scale", [1.37, 4.0, 12.5, 30.0])
@pytest.mark.parametrize("name", ["liif-lite", "diif-lite", "diif-s-lite"])
def test_bfloat16_is_within_two_levels_of_float32(name, scale, sample) -> None:
    model = dv.load_model(name, device="cpu")
    field = dv.encode(sample, model)
    exact_compute, fast = Compute("cpu", torch.float32, (64, 64)), Compute("cpu", torch.bfloat16, (64, 64))
    lattice = field.lattice(scale)
    h, w = lattice.y.count, lattice.x.count
    for top, left in ((0, 0), (h - 128, w - 128), (h // 2, w // 3)):
        window = Window(top, left, top + 128, left + 128)
        exact = field.render_window(lattice, window, exact_compute, as_float=False).astype(int)
        seen = field.render_window(lattice, window, fast, as_float=False).astype(int)
        apart = np.abs(exact - seen)
        assert (apart.max(-1) <= 2).mean() >= 0.995
        assert apart.max() <= 6


@pytest.fixture(scope="module")
def sample() -> np.ndarray:
    """A crop of the bundled sample: fine lines, leaves, gradients."""
    path = Path(__file__).parents[2] / "resources" / "sample.png"
    return np.asarray(Image.open(path).convert("RGB"))[100:420, 150:600]


def test_pictures_of_pillow_keep_what_their_modes_hold(small_model) -> None:
    model = small_model("diif-s")
    deep = np.tile(np.linspace(0, 65535, 16).astype(np.uint16), (6, 1))
    kinds = {
        "I;16": (Image.fromarray(deep), deep),
        "I": (Image.fromarray(deep.astype(np.int32)), deep),
        "F": (Image.fromarray((deep / 65535).astype(np.float32)), (deep / 65535).astype(np.float32)),
        "1": (Image.fromarray(deep > 30000), (deep > 30000) * np.uint8(255)),
    }
    for mode, (image, pixels) in kinds.items():
        assert image.mode == mode
        np.testing.assert_array_equal(dv.encode(image, model).pixels, pixels[..., None])
    assert dv.encode(Image.new("La", (4, 3)), model).pixels.shape == (3, 4, 2)


def test_sizes_and_windows_may_be_numpy_s(small_model) -> None:
    field = dv.encode(picture(8, 6), small_model("diif-s"))
    assert field.render(size=tuple(np.array([16, 12]))).shape == (16, 12, 3)
    assert field.render(2, window=tuple(np.array([0, 0, 4, 5]))).shape == (4, 5, 3)


def test_colour_keys_of_pillows_pictures_are_transparency() -> None:
    grey, colour = Image.new("L", (4, 3), 7), Image.new("RGB", (4, 3), (1, 2, 3))
    for image, channels in ((grey, 1), (colour, 3)):
        assert known(image).shape == (3, 4, channels)
        image.info["transparency"] = 7 if channels == 1 else (1, 2, 3)
        assert known(image).shape == (3, 4, channels + 1)
        assert not known(image)[..., -1].any()
