"""Damaged inputs: what is done, where blocks lie, that it is repeatable; and beginning with other weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from diif_viewer.errors import TrainingError
from diif_viewer.models.checkpoint import load_checkpoint
from diif_viewer.training.batches import Bytes, Sampler, reduced
from diif_viewer.training.damage import Damage, jpeg
from diif_viewer.training.loop import train
from diif_viewer.training.preset import load_preset
from diif_viewer.training.schedule import Budget
from tests.training.tiny import pictures, silent, tiny_preset

NONE = Damage(1.0, 0.0, 0.0, None)
SAMPLER = Sampler(8, 4, 60, (1.0, 3.0), 3, damage=Damage(1.0, 0.6, 4.0, (40, 95)))


def waves(side: int = 32) -> Bytes:
    y, x = np.mgrid[:side, :side]
    return (128 + 90 * np.sin(np.stack([x + y, x - y, x * 1.3], axis=-1) / 2.5)).astype(np.uint8)


def many(damage: Damage, patch: Bytes, count: int = 200) -> list[Bytes]:
    return [damage.done_to(patch, np.random.default_rng(k)) for k in range(count)]


def test_nothing_asked_for_is_nothing_done() -> None:
    assert all(np.array_equal(each, waves()) for each in many(NONE, waves(), 20))
    assert all(np.array_equal(each, waves()) for each in many(Damage(0.0, 1.0, 9.0, (5, 5)), waves(), 20))


def test_some_patches_stay_clean() -> None:
    clean = [np.array_equal(each, waves()) for each in many(Damage(0.5, 1.0, 9.0, (5, 9)), waves())]
    assert 0.4 < np.mean(clean) < 0.65  # half, and the few that none of the three befell


def test_noise_has_no_bias_and_at_most_its_deviation() -> None:
    grey = np.full((32, 32, 3), 128, np.uint8)
    found = [each.astype(float) for each in many(replace(NONE, noise=4.0), grey)]
    assert np.mean(found) == pytest.approx(128, abs=0.1)
    deviations = [each.std() for each in found]
    assert 3 < max(deviations) < 4.4
    assert min(deviations) == 0


def test_blur_takes_contrast_away() -> None:
    stripes = np.zeros((32, 32, 3), np.uint8)
    stripes[:, ::2] = 255
    contrasts = [each.astype(float).std() for each in many(replace(NONE, blur=0.6), stripes)]
    assert max(contrasts) == pytest.approx(127.5)
    assert min(contrasts) < 110


def test_blocks_of_jpeg_lie_anywhere_and_qualities_are_those_asked_for() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    found = many(replace(NONE, jpeg=(10, 10)), noise)
    seams: set[int] = set()
    for each in found:
        if not np.array_equal(each, noise):
            steps = np.abs(np.diff(each[..., 1].astype(float), axis=1)).mean(axis=0)  # 31 of them
            seams.add(int(np.argmax([steps[k::8].mean() for k in range(8)])))
    assert len(seams) == 8
    good, bad = jpeg(noise, 95, coarse_colour=False), jpeg(noise, 40)
    assert np.abs(good.astype(int) - noise).mean() < np.abs(bad.astype(int) - noise).mean()


def test_batches_with_damage_are_repeatable_in_parts_and_leave_the_truth_alone() -> None:
    clean = replace(SAMPLER, damage=None)
    for sampler, plain in ((SAMPLER, clean), *[(replace(s, scale_of="patch") for s in (SAMPLER, clean))]):
        whole, bare = sampler.batch_of(pictures(), 4), plain.batch_of(pictures(), 4)
        halves = sampler.batch_of(pictures(), 4, (0, 2)) + sampler.batch_of(pictures(), 4, (1, 2))
        lows = np.concatenate([group.low for group in whole])
        np.testing.assert_array_equal(lows, np.concatenate([group.low for group in halves]))
        assert not np.array_equal(lows, np.concatenate([group.low for group in bare]))
        for damaged, untouched in zip(whole, bare, strict=True):
            np.testing.assert_array_equal(damaged.high, untouched.high)
            np.testing.assert_array_equal(untouched.low[0], reduced(untouched.high[0], 8, 8))


def test_the_photo_preset_is_the_lite_network_on_damaged_inputs() -> None:
    photo, lite = load_preset("lite-photo"), load_preset("lite")
    assert photo.spec("diif-s") == lite.spec("diif-s")
    assert photo.recipe.sampler.damage == Damage(0.9, 0.85, 4.0, (40, 95))
    assert lite.recipe.sampler.damage is None
    with pytest.raises(TrainingError, match="qualities from 1 to 100"):
        load_preset("lite-photo", ["damage.jpeg_to=300"])
    with pytest.raises(TrainingError, match="rust"):
        load_preset("lite-photo", ["training.damage.rust=1"])


def test_a_run_begins_with_the_weights_it_is_given(tmp_path: Path) -> None:
    preset = tiny_preset(tmp_path)
    train(preset, pictures(), tmp_path / "first", Budget(steps=20), report=silent)
    model = load_checkpoint(tmp_path / "first" / "diif-s-tiny.safetensors")
    alone = tiny_preset(tmp_path, "learning_rate=1e-9", "damage.noise=2")
    train(alone, pictures(), tmp_path / "second", Budget(steps=2), report=silent, start=[model])
    first, second = (load_file(tmp_path / run / "diif-s-tiny.safetensors") for run in ("first", "second"))
    for key in first:
        assert torch.allclose(first[key], second[key], atol=1e-6), key
    other = tiny_preset(tmp_path, "decoders.diif-s.hidden=12")
    with pytest.raises(TrainingError, match="no diif-s that the weights"):
        train(other, pictures(), tmp_path / "third", Budget(steps=2), report=silent, start=[model])


def test_jpeg_keeps_the_size_of_the_picture() -> None:
    picture = waves(19)
    assert jpeg(picture, 50).shape == (19, 19, 3)
    assert np.abs(jpeg(picture, 95).astype(int) - np.asarray(Image.fromarray(picture))).mean() < 12
