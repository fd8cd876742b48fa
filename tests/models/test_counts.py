"""Sizes and costs against the papers' figures (those of DIIF are printed times 1.024)."""

from __future__ import annotations

import pytest

from diif_viewer.geometry import Lattice
from diif_viewer.models.counts import macs, parameters
from diif_viewer.models.edsr import Edsr
from diif_viewer.models.model import ImplicitModel
from diif_viewer.models.spec import ModelSpec, Part

BASELINE = Part("edsr")
DECODERS = {
    "LIIF": Part("liif"),
    "DIIF": Part("diif"),
    "DIIF, constant order": Part("diif", {"order": "constant"}),
    "DIIF, no slice ensemble": Part("diif", {"slice_ensemble": False}),
    "DIIF-S": Part("diif-s"),
    "DIIF-S, one knot": Part("diif-s", {"knots": 1}),
}


def model(name: str) -> ImplicitModel:
    return ImplicitModel(ModelSpec(BASELINE, DECODERS[name]))


def test_the_encoder_has_as_many_parameters_and_sees_as_far_as_published() -> None:
    encoder = Edsr()
    assert parameters(encoder) == 1_220_416
    assert (encoder.radius, encoder.channels) == (34, 64)


@pytest.mark.parametrize(
    ("name", "decoder"),
    [
        ("LIIF", 346_883),
        ("DIIF", 462_595),
        ("DIIF, constant order", 462_595),
        ("DIIF, no slice ensemble", 347_907),
        ("DIIF-S", 462_595),
        ("DIIF-S, one knot", 462_083),  # 256 x 2 coordinates less
    ],
)
def test_decoders_have_exactly_the_published_parameters(name: str, decoder: int) -> None:
    assert parameters(model(name).decoder) == decoder
    assert parameters(model(name)) == 1_220_416 + decoder


@pytest.mark.parametrize(
    ("name", "printed", "unit"),
    [
        ("LIIF", 5.117e12, 1.0),
        ("DIIF", 0.790e12, 1.024),
        ("DIIF, constant order", 0.512e12, 1.024),
        ("DIIF, no slice ensemble", 0.542e12, 1.024),
    ],
)
def test_macs_equal_the_papers_figures_to_the_last_digit_printed(name: str, printed: float, unit: float) -> None:
    lattice = Lattice.of_size(90, 160, 1440, 2560)
    assert macs(model(name), lattice).total / unit == pytest.approx(printed, abs=0.0005e12)


def test_a_seamless_view_costs_its_fine_stage_alone() -> None:
    near, far = (macs(model("DIIF-S"), Lattice.of_scale(90, 160, scale)) for scale in (4.0, 16.0))
    assert near.coarse == far.coarse == 4 * 91 * 161 * (1026 * 256 + 256 * 256)
    assert far.fine == 16 * near.fine == 1440 * 2560 * (262 * 256 + 256 * 256 + 256 * 3)


def test_slices_are_counted_by_what_exists_at_fractional_scales() -> None:
    linear = macs(model("DIIF"), Lattice.of_scale(7, 9, 1.37))
    constant = macs(model("DIIF, constant order"), Lattice.of_scale(7, 9, 1.37))
    assert linear.coarse * 7 == constant.coarse * Lattice.of_scale(7, 9, 1.37).y.count
