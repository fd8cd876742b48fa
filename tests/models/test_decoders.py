"""The decoders against their definitions, one pixel at a time, and their properties."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from diif_viewer.geometry import Axis, Lattice, Window
from diif_viewer.models.diif import Diif, coordinate_groups
from diif_viewer.models.diif_s import KNOTS, DiifS
from diif_viewer.models.liif import Liif
from diif_viewer.models.model import ImplicitModel
from diif_viewer.models.spec import ModelSpec, Part

SIZE = (6, 7)
VARIANTS: dict[str, Callable[[], nn.Module]] = {
    "liif": lambda: Liif(3, (8, 8)),
    "liif, nearest latent": lambda: Liif(3, (8,), local_ensemble=False),
    "liif, plain": lambda: Liif(3, (8,), local_ensemble=False, feat_unfold=False, cell_decode=False),
    "diif": lambda: Diif(3, 8),
    "diif, constant": lambda: Diif(3, 8, order="constant"),
    "diif, no ensemble": lambda: Diif(3, 8, slice_ensemble=False),
    "diif, constant, no ensemble": lambda: Diif(3, 8, order="constant", slice_ensemble=False),
    "diif-s": lambda: DiifS(3, 8),
    "diif-s, one knot": lambda: DiifS(3, 8, knots=1),
}
LATTICES = {
    "x1": Lattice.of_scale(*SIZE, 1.0),
    "x1.37": Lattice.of_scale(*SIZE, 1.37),
    "x2.5": Lattice.of_scale(*SIZE, 2.5),
    "x12.5": Lattice.of_scale(*SIZE, 12.5),
    "unequal": Lattice.of_size(*SIZE, 23, 16),
}


def made(name: str) -> nn.Module:
    """A variant in float64 with all weights random."""
    torch.manual_seed(1)
    decoder = VARIANTS[name]().double()
    for parameter in decoder.parameters():
        nn.init.normal_(parameter, std=0.3)
    return decoder


def features(seed: int = 0) -> Tensor:
    return torch.randn(1, 3, *SIZE, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def neighbourhood(z: Tensor, top: int, left: int, side: int) -> list[float]:
    """`side` x `side` features, channel by channel, zeros outside."""
    values = []
    for plane in z[0]:
        for i in range(top, top + side):
            for j in range(left, left + side):
                inside = 0 <= i < SIZE[0] and 0 <= j < SIZE[1]
                values.append(float(plane[i, j]) if inside else 0.0)
    return values


def group(axis: Axis, cell: int) -> list[float]:
    """Positions of all outputs whose centre lies in `cell`, by looking at every output."""
    positions = [(output + 0.5) / axis.scale for output in range(axis.count)]
    return [p for p in positions if math.floor(p) == cell]


def ends(axis: Axis, position: float, whole_group: bool) -> tuple[float, float]:
    """First and last coordinate of the slice that `position` is in."""
    if not whole_group:
        return position, position
    widest = max(len(group(axis, cell)) for cell in range(axis.size))
    first = group(axis, math.floor(position))[0]
    return first, first + (widest - 1) / axis.scale


def diif_pixel(decoder: Diif, z: Tensor, lattice: Lattice, y: float, x: float) -> Tensor:
    """One output of DIIF, as its paper describes it."""
    i, j = math.floor(y), math.floor(x)
    (first_y, last_y), (first_x, last_x) = (
        ends(lattice.y, y, decoder.order == "constant"),
        ends(lattice.x, x, True),
    )
    cell = [2 / min(lattice.y.scale, 4), 2 / min(lattice.x.scale, 4)]

    def coarse(at_y: float, at_x: float, values: list[float]) -> Tensor:
        first, last = [2 * (first_y - at_y), 2 * (first_x - at_x)], [2 * (last_y - at_y), 2 * (last_x - at_x)]
        hidden: Tensor = decoder.imnet.layers(torch.tensor(values + cell + first + last, dtype=torch.float64))
        return hidden

    if decoder.slice_ensemble:
        blended = torch.zeros(decoder.hidden, dtype=torch.float64)
        for vertex_y in (i, i + 1):
            for vertex_x in (j, j + 1):
                area = abs((2 * i + 1 - vertex_y) - y) * abs((2 * j + 1 - vertex_x) - x)  # to the opposite vertex
                values = neighbourhood(z, vertex_y - 2, vertex_x - 2, 4)
                blended += area * coarse(vertex_y, vertex_x, values)
    else:
        blended = coarse(i + 0.5, j + 0.5, neighbourhood(z, i - 1, j - 1, 3))
    centre = torch.tensor([2 * (y - i - 0.5), 2 * (x - j - 0.5)], dtype=torch.float64)
    colour: Tensor = decoder.imnet.tail(torch.cat([blended, centre]))
    return colour


def knots_seen_from(d: float, knots: int) -> list[tuple[list[float], float]]:
    """What the coarse stage is told of each knot along an axis, and its weight at offset d from the vertex."""
    plus = min(max(d + 0.5, 0.0), 1.0)
    told = [([-1.0], 1 - plus), ([1.0], plus)] if knots == 2 else [([], 1.0)]
    return [(knot, (1 - abs(d)) * share) for knot, share in told]


def diif_s_pixel(decoder: DiifS, z: Tensor, lattice: Lattice, y: float, x: float) -> Tensor:
    """One output of DIIF-S: all pairs of vertex and knot, those of weight zero included."""
    i, j = math.floor(y), math.floor(x)
    blended = torch.zeros(decoder.hidden, dtype=torch.float64)
    for vertex_y in (i, i + 1):
        for vertex_x in (j, j + 1):
            values = neighbourhood(z, vertex_y - 2, vertex_x - 2, 4)
            for knot_y, weight_y in knots_seen_from(y - vertex_y, len(decoder.knots)):
                for knot_x, weight_x in knots_seen_from(x - vertex_x, len(decoder.knots)):
                    inputs = torch.tensor([*values, *knot_y, *knot_x], dtype=torch.float64)
                    blended += weight_y * weight_x * decoder.imnet.layers(inputs)
    wave = [f(2 * math.pi * p) for p in (y, x) for f in (math.sin, math.cos)]  # periodic: the fraction is enough
    cell = [2 / min(lattice.y.scale, 4), 2 / min(lattice.x.scale, 4)]
    colour: Tensor = decoder.imnet.tail(torch.cat([blended, torch.tensor(wave + cell, dtype=torch.float64)]))
    return colour


@pytest.mark.parametrize("size", LATTICES)
@pytest.mark.parametrize("name", [n for n in VARIANTS if n.startswith("diif")])
def test_pixels_are_what_the_definition_says(name: str, size: str) -> None:
    decoder, lattice, z = made(name), LATTICES[size], features()
    whole = decoder(z, lattice, lattice.window)[0]
    rows, columns = lattice.y.count, lattice.x.count
    for row, column in ((0, 0), (rows - 1, columns - 1), (rows // 2, columns // 3), (rows // 3, 1), (1, columns // 2)):
        y, x = (row + 0.5) / lattice.y.scale, (column + 0.5) / lattice.x.scale
        pixel = diif_s_pixel if isinstance(decoder, DiifS) else diif_pixel
        assert torch.allclose(whole[:, row, column], pixel(decoder, z, lattice, y, x), atol=1e-10)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", LATTICES)
@pytest.mark.parametrize("name", VARIANTS)
def test_a_window_is_the_crop_of_the_whole(name: str, size: str) -> None:
    decoder, lattice, z = made(name), LATTICES[size], features()
    whole = decoder(z, lattice, lattice.window)
    window = Window(lattice.y.count // 3, lattice.x.count // 4 + 1, lattice.y.count - 1, lattice.x.count)
    found = decoder(z, lattice, window)
    assert found.shape == (1, 3, window.height, window.width)
    assert torch.allclose(found, whole[:, :, window.top : window.bottom, window.left : window.right], atol=1e-12)


@pytest.mark.parametrize("scale", [1.0, 1.37, 2.5, 3.999, 12.5])
def test_groups_hold_the_outputs_of_their_cell_and_reach_as_far_as_the_widest(scale: float) -> None:
    axis = Lattice.of_scale(11, 11, scale).x
    slices = coordinate_groups(axis, 0, axis.count)
    widths = [len(group(axis, cell)) for cell in range(axis.size)]
    assert np.bincount(slices.of_output).tolist() == [w for w in widths if w]
    for cell, first, last in zip(slices.cells, slices.first, slices.last, strict=True):
        assert first == group(axis, int(cell))[0]
        assert last == pytest.approx(first + (max(widths) - 1) / scale)


def step_across_borders(decoder: Part, scale: float) -> float:
    """Mean difference of the two outputs on either side of a border between cells, along x, at `scale`."""
    torch.manual_seed(5)
    model = ImplicitModel(ModelSpec(Part("edsr", {"n_feats": 4, "n_resblocks": 1}), decoder)).double()
    for parameter in model.decoder.parameters():
        nn.init.normal_(parameter, std=0.3)
    picture = torch.rand(1, 3, *SIZE, dtype=torch.float64) * 2 - 1
    lattice = Lattice.of_scale(*SIZE, scale)
    steps = []
    for border in range(2, SIZE[1] - 1):
        before = lattice.x.first_output(border) - 1
        top = int(2.3 * scale)
        pair = model(picture, lattice, Window(top, before, top + int(scale), before + 2))
        steps.append(float((pair[..., 1] - pair[..., 0]).abs().mean().detach()))
    return float(np.mean(steps))


def test_the_seamless_variant_is_continuous_where_diif_is_not() -> None:
    for knots in KNOTS:
        seamless = Part("diif-s", {"hidden": 8, "knots": knots})
        assert step_across_borders(seamless, 30.0) / step_across_borders(seamless, 300.0) == pytest.approx(10, rel=0.15)
    published = Part("diif", {"hidden": 8})
    assert step_across_borders(published, 30.0) / step_across_borders(published, 300.0) < 1.5


@pytest.mark.parametrize("name", ["diif-s", "diif-s, one knot"])
def test_beyond_the_training_range_the_seamless_picture_is_one_function_of_position(name: str) -> None:
    decoder, z = made(name), features()
    near, far = Lattice.of_scale(*SIZE, 8.0), Lattice.of_scale(*SIZE, 24.0)
    coarse = decoder(z, near, near.window)
    fine = decoder(z, far, far.window)[..., 1::3, 1::3]  # centre (Y + 1/2) / 8 is centre (3Y + 1 + 1/2) / 24
    assert torch.allclose(coarse, fine, atol=1e-10)


def test_an_untrained_seamless_model_shows_the_bicubic_picture() -> None:
    from diif_viewer.models.model import bicubic

    model = ImplicitModel(ModelSpec(Part("edsr", {"n_feats": 4, "n_resblocks": 1}), Part("diif-s", {"hidden": 8})))
    picture, lattice = torch.rand(1, 3, *SIZE) * 2 - 1, Lattice.of_scale(*SIZE, 2.7)
    assert torch.equal(model(picture, lattice, lattice.window), bicubic(picture, lattice, lattice.window))


def test_the_base_is_what_pillow_makes_of_the_same_picture() -> None:
    from PIL import Image

    from diif_viewer.models.model import bicubic

    values = np.random.default_rng(2).random((9, 11), dtype=np.float32)
    lattice = Lattice.of_size(9, 11, 31, 29)
    wanted = np.asarray(Image.fromarray(values).resize((29, 31), Image.Resampling.BICUBIC))
    found = bicubic(torch.from_numpy(values)[None, None], lattice, lattice.window)[0, 0]
    assert np.abs(found.numpy() - wanted).max() < 1e-5
