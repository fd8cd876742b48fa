"""Batches: sizes varied and never resized, the papers' protocols, parts that make up the whole, and their losses."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from diif_viewer.geometry import Lattice
from diif_viewer.models.model import bicubic
from diif_viewer.training import networks as networks_module
from diif_viewer.training.batches import Batch, Sampler, reduced
from diif_viewer.training.networks import Networks
from tests.training.tiny import tiny_preset

PICTURES = [np.random.default_rng(k).integers(0, 256, (50 + 9 * k, 61, 3), dtype=np.uint8) for k in range(3)]
LIIF_WAY = Sampler(12, 4, 100, (1.0, 4.0), 2, scale_of="patch", samples="points")
DIIF_WAY = Sampler(0, 4, 48 * 48, (2.0, 4.0), 2, crop=48, scale_step=0.5)


def shows(picture: np.ndarray, crop: np.ndarray) -> bool:
    """Whether `crop` is a part of `picture`, unresized, up to flips and a transpose."""
    for turned in (crop, crop.transpose(1, 0, 2)):
        for flipped in (turned, turned[::-1], turned[:, ::-1], turned[::-1, ::-1]):
            windows = np.lib.stride_tricks.sliding_window_view(picture[..., 0], flipped.shape[:2])
            if (windows == flipped[..., 0]).all(axis=(2, 3)).any():
                return True
    return False


def test_each_patch_has_a_scale_of_its_own_and_a_truth_that_was_never_resized() -> None:
    sides = set()
    for step in range(40):
        batch = LIIF_WAY.batch_of(PICTURES, step)
        assert len(batch) == 4
        for group in batch:
            side = group.high.shape[1]
            sides.add(side)
            assert group.low.shape == (1, 12, 12, 3)
            assert np.array_equal(group.low[0], reduced(group.high[0], 12, 12))
            assert group.points is not None
            assert group.points.shape == (1, 100, 2)
            assert len(np.unique(group.points[0], axis=0)) == 100  # no coordinate twice
            assert group.points.max() < side
    assert sides <= set(range(12, 49))
    assert len(sides) > 30
    for group in LIIF_WAY.batch_of(PICTURES, 7):
        assert any(shows(picture, group.high[0]) for picture in PICTURES)


def test_the_diif_protocol_steps_its_scales_and_keeps_them_exact() -> None:
    found = set()
    for step in range(60):
        (group,) = DIIF_WAY.batch_of(PICTURES, step)
        found.add((group.low.shape[1], group.high.shape[1]))
        assert len(group.rows) == group.high.shape[1]  # every slice whole, all of them
    assert found == {(24, 48), (19, 48), (16, 48), (13, 46), (12, 48)}
    assert DIIF_WAY.largest_side == 48


def test_of_several_crops_the_one_with_the_most_detail_is_learnt_from() -> None:
    """Of a picture whose detail grows from left to right, so that a crop tells by its detail where it was."""
    noise = np.random.default_rng(1).normal(size=(60, 400, 3))
    picture = (128 + noise * np.linspace(0, 40, 400)[:, None]).clip(0, 255).astype(np.uint8)
    found = {}
    for candidates in (1, 4):
        sampler = replace(DIIF_WAY, candidates=candidates)
        crops = [high for step in range(60) for group in sampler.batch_of([picture], step) for high in group.high]
        found[candidates] = [crop[..., 1].std() for crop in crops]
        assert all(shows(picture, crop) for crop in crops[:8])
    assert np.mean(found[1]) == pytest.approx(20, abs=2)  # anywhere: half of 40
    assert np.mean(found[4]) == pytest.approx(32, abs=2)  # the last of four: four fifths


def test_half_of_the_crops_may_come_from_larger_regions() -> None:
    """Of a ramp of one level a pixel, so that a crop tells by its slope how far it was reduced."""
    ramp = np.broadcast_to(np.arange(250, dtype=np.uint8)[:, None], (250, 250))
    picture = np.stack([ramp, ramp.T, ramp], axis=-1)
    sampler, slopes = replace(DIIF_WAY, reduction=2.0), []
    for step in range(60):
        for group in sampler.batch_of([picture], step):
            assert group.high.shape == replace(DIIF_WAY).batch_of([picture], step)[0].high.shape
            for high in group.high.astype(float):
                slopes.append(np.ptp(high[..., 0]) / (high.shape[0] - 1))
    slopes = np.array(slopes)
    assert ((slopes > 0.97) & (slopes < 1.03)).mean() == pytest.approx(0.5, abs=0.12)
    assert slopes.max() == pytest.approx(2, abs=0.15)
    assert slopes[slopes > 1.03].mean() == pytest.approx(1.5, abs=0.1)
    small = picture[:50, :60]  # a region ends where the picture does
    assert all(replace(sampler, patch=12).batch_of([small], step) for step in range(20))


def test_colours_may_change_places() -> None:
    """Of a picture whose channels lie in ranges of their own."""
    noise = np.random.default_rng(1).integers(0, 50, (80, 80, 3), dtype=np.uint8)
    picture, found = noise + np.array([0, 100, 200], np.uint8), Counter()
    sampler = replace(DIIF_WAY, permuted=0.6)
    for step in range(150):
        for group in sampler.batch_of([picture], step):
            for low, high in zip(group.low, group.high, strict=True):
                assert np.array_equal(low, reduced(high, *low.shape[:2]))
                found[tuple((high.reshape(-1, 3).mean(axis=0) // 100).astype(int))] += 1 / 600
    assert found.pop((0, 1, 2)) == pytest.approx(0.4 + 0.6 / 6, abs=0.05)
    assert list(found.values()) == pytest.approx([0.1] * 5, abs=0.04)


def test_each_doubling_may_come_as_often() -> None:
    sampler = Sampler(6, 1, 36, (1.0, 8.0), 5, scale_law="log-uniform")
    sides = [sampler.batch_of(PICTURES, step)[0].high.shape[1] for step in range(300)]
    counts = np.histogram(sides, [6, 12, 24, 48.5])[0]
    assert counts / 300 == pytest.approx([1 / 3] * 3, abs=0.08)


def test_channels_may_be_negatives_each_for_itself() -> None:
    """Of a dark picture: what is bright is a negative."""
    picture, found = np.random.default_rng(1).integers(0, 50, (80, 80, 3), dtype=np.uint8), Counter()
    for step in range(150):
        for group in replace(DIIF_WAY, negative=0.8).batch_of([picture], step):
            for low, high in zip(group.low, group.high, strict=True):
                assert np.array_equal(low, reduced(high, *low.shape[:2]))
                bright = high.min(axis=(0, 1)) > 205 - 1
                assert np.array_equal(bright, high.max(axis=(0, 1)) > 50)
                found[tuple(bright.tolist())] += 1 / 600
    assert found.pop((False, False, False)) == pytest.approx(0.2 + 0.8 / 8, abs=0.05)
    assert list(found.values()) == pytest.approx([0.1] * 7, abs=0.04)


@pytest.mark.parametrize(
    "sampler",
    [
        LIIF_WAY,
        replace(LIIF_WAY, pixels=900),
        DIIF_WAY,
        replace(DIIF_WAY, samples="points", pixels=50),
        replace(LIIF_WAY, candidates=3),
        replace(LIIF_WAY, candidates=2, reduction=2.0, permuted=0.5, negative=0.5),
    ],
)
def test_parts_of_a_batch_make_up_the_whole(sampler: Sampler) -> None:
    whole = sampler.batch_of(PICTURES, 3)
    halves = sampler.batch_of(PICTURES, 3, (0, 2)) + sampler.batch_of(PICTURES, 3, (1, 2))

    def joined(batch: Batch, name: str) -> list[np.ndarray]:
        return [each for group in batch for each in (getattr(group, name) if getattr(group, name) is not None else [])]

    for name in ("low", "high", "points"):
        assert len(joined(whole, name)) == len(joined(halves, name))
        for a, b in zip(joined(whole, name), joined(halves, name), strict=True):
            np.testing.assert_array_equal(a, b)
    counts = {group.points.shape[1] for group in whole + halves if group.points is not None}
    assert len(counts) <= 1, "an error of points is one of as many in every part"
    assert all(np.array_equal(group.rows, whole[0].rows) for group in halves) or sampler.scale_of == "patch"


def expected_losses(networks: Networks, batch: Batch) -> dict[str, float]:
    """By the reference definitions, picture by picture."""
    found: dict[str, list[float]] = {name: [] for name in networks.decoders}
    for group in batch:
        for k in range(len(group.low)):
            low = torch.from_numpy(group.low[k]).permute(2, 0, 1)[None] / 127.5 - 1
            high = torch.from_numpy(group.high[k]) / 127.5 - 1
            lattice = Lattice.of_size(*group.low.shape[1:3], *group.high.shape[1:3])
            features = networks.encoder(low)
            for name, decoder in networks.decoders.items():
                guess = decoder(features, lattice, lattice.window)
                if decoder.base:
                    guess = guess + bicubic(low, lattice, lattice.window)
                error = (guess[0].movedim(0, -1) - high).abs()
                if name == "liif" and group.points is not None:
                    error = error[group.points[k, :, 0], group.points[k, :, 1]]
                else:
                    error = error[group.rows]
                found[name].append(float(error.mean()))
    return {name: float(np.mean(values)) for name, values in found.items()}


@pytest.mark.parametrize("way", ["one scale", "liif", "diif", "all sizes"])
def test_losses_are_those_of_the_reference_definitions(way: str, tmp_path) -> None:
    sampler = {
        "one scale": Sampler(8, 3, 64, (1.5, 3.0), 1),
        "liif": replace(LIIF_WAY, scales=(1.2, 3.0)),
        "diif": replace(DIIF_WAY, crop=24, pixels=100),
        "all sizes": replace(DIIF_WAY, crop=24, pixels=100, scale_of="patch"),  # low-resolution sizes differ as well
    }[way]
    torch.manual_seed(0)
    networks = Networks(tiny_preset(tmp_path, "precision=float32", "training.shares.liif=1"))
    for parameter in networks.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    batch = sampler.batch_of(PICTURES, 5)
    with torch.no_grad():
        found = {name: float(loss) for name, loss in networks(batch).items()}
        assert found == pytest.approx(expected_losses(networks, batch), rel=1e-4)


def test_a_processor_without_bfloat16_learns_in_float32(tmp_path, monkeypatch) -> None:
    found = []
    for has, precision in ((True, "bfloat16"), (False, "bfloat16"), (True, "float32")):
        monkeypatch.setattr(networks_module, "torch_has_bfloat16", lambda has=has: has)
        torch.manual_seed(0)
        networks = Networks(tiny_preset(tmp_path, f"precision={precision}"))
        for parameter in networks.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
        with torch.no_grad():
            found.append({name: float(loss) for name, loss in networks(LIIF_WAY.batch_of(PICTURES, 5)).items()})
    assert found[1] == found[2] != found[0]
