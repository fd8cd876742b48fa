"""Bytes by the compiled kernel: those of plain torch, wherever a window lies and whatever the picture's size."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import diif_viewer as dv
from diif_viewer.engine import field as field_module
from diif_viewer.engine.device import Compute
from diif_viewer.engine.model import Model
from diif_viewer.engine.native.library import Form
from diif_viewer.geometry import Window
from diif_viewer.models.model import ImplicitModel
from diif_viewer.models.spec import ModelSpec, Part
from tests.engine.native import HERE, by, each_form, needs_kernels

pytestmark = needs_kernels


def model(decoder: str, form: Form, hidden: int | None = None) -> Model:
    """Small, with weights that are seen. hidden: a width, which kernels need not know."""
    torch.manual_seed(3)
    made = ImplicitModel(
        ModelSpec(Part("edsr", {"n_feats": 16, "n_resblocks": 1}), Part(decoder, {"hidden": hidden} if hidden else {}))
    )
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    return Model("small", made, Compute("cpu", torch.float32, (64, 64)))


def both(field: dv.Field, scale: float, window: Window) -> tuple[np.ndarray, np.ndarray]:
    """By the kernel, which must be what is used, and by plain torch."""
    with mock.patch.object(field_module, "finish", wraps=field_module.finish) as used:
        found = field.render(scale, window=window)
    small = min(field.height, field.width) < 4 and field.model.base is not None
    assert bool(used.call_count) != (small or field.pixels.shape[2] < 3)
    with mock.patch.object(field_module, "can_finish", return_value=False):
        return found, field.render(scale, window=window)


@pytest.mark.parametrize("decoder", ["diif-s", "liif"])
@settings(max_examples=30, deadline=None)
@given(data=st.data(), size=st.tuples(st.integers(1, 40), st.integers(1, 40)), scale=st.floats(1.01, 20))
def test_bytes_are_those_of_plain_torch(decoder: str, data: st.DataObject, size: tuple[int, int], scale: float) -> None:
    form = next((form for form in HERE if form.dtype == torch.float32), None)
    if form is None:
        pytest.skip("no compiled kernels in float32")
    channels, kind = data.draw(st.integers(1, 4)), data.draw(st.sampled_from([np.uint8, np.uint16, np.float32]))
    pixels = np.random.default_rng(7).random((*size, channels))
    held = pixels.astype(kind) if kind == np.float32 else (pixels * np.iinfo(kind).max).astype(kind)
    with by(form):
        field = dv.encode(held, model(decoder, form))
        lattice = field.lattice(scale)
        top, left = (data.draw(st.integers(0, count - 1)) for count in (lattice.y.count, lattice.x.count))
        h, w = (data.draw(st.integers(1, 90)) for _ in range(2))
        window = Window(top, left, top + h, left + w).intersected(lattice.window)
        found, expected = both(field, scale, window)
    assert found.shape == expected.shape == (window.height, window.width, channels)
    different = found != expected
    assert np.abs(found.astype(int) - expected).max() <= 1  # a sum in another order, at the edge between two levels
    assert different.mean() < 0.01 or different.sum() <= 2


@each_form
def test_alpha_is_left_as_it_is(form: Form) -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (30, 30, 4), np.uint8)
    with by(form):
        field = dv.encode(pixels, model("diif-s", form))
        alone = dv.encode(np.ascontiguousarray(pixels[..., :3]), model("diif-s", form))
        found = field.render(4.0)
        assert np.array_equal(found[..., :3], alone.render(4.0))
        with mock.patch.object(field_module, "can_finish", return_value=False):
            assert np.array_equal(found[..., 3], field.render(4.0)[..., 3])


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_pictures_are_read_where_they_lie(kind: type) -> None:
    """Turned, mirrored, every other pixel of another: views whose steps are not those of a picture of their own."""
    form = next((form for form in HERE if form.dtype == torch.float32), None)
    if form is None:
        pytest.skip("no compiled kernels in float32")
    pixels = np.random.default_rng(4).random((50, 60, 4))
    whole = pixels.astype(kind) if kind == np.float32 else (pixels * np.iinfo(kind).max).astype(kind)
    for view in (whole[::-1, ::-1], whole.transpose(1, 0, 2), whole[::2, 1::2], whole[5:40, 7:50, ::-1]):
        with by(form), mock.patch.object(field_module, "finish", wraps=field_module.finish) as used:
            made = model("diif-s", form)
            found = dv.encode(view, made).render(2.5)
            assert np.array_equal(found, dv.encode(np.ascontiguousarray(view), made).render(2.5))
        assert used.called


@pytest.mark.parametrize("size", [(65, 65), (65, 40), (40, 65)])
def test_a_chunk_of_a_single_output_row_or_column(size: tuple[int, int]) -> None:
    """Chunks are 64 a side here; what plain torch decodes of one output is planes and pixels at once."""
    form = next((form for form in HERE if form.dtype == torch.float32), None)
    if form is None:
        pytest.skip("no compiled kernels in float32")
    with by(form):
        field = dv.encode(np.random.default_rng(2).integers(0, 256, (30, 30, 3), np.uint8), model("diif-s", form, 32))
        with mock.patch.object(field_module, "finish", wraps=field_module.finish) as used:
            found = field.render(size=size)
        assert used.called
        with mock.patch.object(field_module, "can_finish", return_value=False):
            assert np.abs(found.astype(int) - field.render(size=size)).max() <= 1
