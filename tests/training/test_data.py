"""Training pictures: found, named when left out, cut the same way every time."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diif_viewer.errors import TrainingError
from diif_viewer.training.batches import Sampler, reduced
from diif_viewer.training.data import open_pictures

SAMPLER = Sampler(patch=8, batch=3, pixels=100, scales=(1.0, 4.0), seed=2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good pictures (one greyscale), one too small, one that is only named like a picture, and a text."""
    target = tmp_path / "photos"
    target.mkdir()
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(target / "a.png")
    Image.fromarray(rng.integers(0, 256, (33, 60), dtype=np.uint8)).save(target / "b.png")
    Image.fromarray(rng.integers(0, 256, (20, 90, 3), dtype=np.uint8)).save(target / "small.png")
    (target / "broken.jpg").write_bytes(b"\xff\xd8 not much more")
    (target / "credits.txt").write_text("thanks")
    return target


def test_pictures_are_decoded_once_and_unusable_ones_named(folder: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    pictures = open_pictures(folder, tmp_path / "cache", 32, lines.append)
    assert [p.shape for p in pictures] == [(40, 50, 3), (33, 60, 3)]
    assert np.array_equal(pictures[0], np.asarray(Image.open(folder / "a.png")))
    assert np.array_equal(pictures[1][..., 2], np.asarray(Image.open(folder / "b.png")))
    assert any("small.png: 90x20 is smaller than a patch of 32x32" in line for line in lines)
    assert any("broken.jpg: not readable" in line for line in lines)

    made = (tmp_path / "cache" / "pictures.raw").stat().st_mtime_ns
    again: list[str] = []
    pictures = open_pictures(folder, tmp_path / "cache", 32, again.append)
    assert len(pictures) == 2
    assert not again
    assert (tmp_path / "cache" / "pictures.raw").stat().st_mtime_ns == made


def test_a_changed_folder_or_a_damaged_cache_is_decoded_anew(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    open_pictures(folder, cache, 32, lambda _: None)
    (folder / "b.png").unlink()
    assert len(open_pictures(folder, cache, 32, lambda _: None)) == 1
    os.truncate(cache / "pictures.raw", 100)
    assert open_pictures(folder, cache, 32, lambda _: None)[0].shape == (40, 50, 3)
    (cache / "pictures.json").write_text("{")
    assert len(open_pictures(folder, cache, 32, lambda _: None)) == 1


@pytest.mark.parametrize("kind", ["missing", "empty", "a file", "too small"])
def test_no_pictures_is_said_in_one_sentence(kind: str, folder: Path, tmp_path: Path) -> None:
    target, smallest = {
        "missing": (tmp_path / "nowhere", 8),
        "empty": (tmp_path, 8),
        "a file": (folder / "a.png", 8),
        "too small": (folder, 4000),
    }[kind]
    with pytest.raises(
        TrainingError, match=r"no such folder|no pictures|is a file; give the folder|no picture is at least"
    ):
        open_pictures(target, tmp_path / "cache", smallest, lambda _: None)


def test_batches_depend_on_seed_and_step_alone(folder: Path, tmp_path: Path) -> None:
    pictures = open_pictures(folder, tmp_path / "cache", SAMPLER.largest_side, lambda _: None)
    first, other, again = (SAMPLER.batch_of(pictures, step)[0] for step in (5, 6, 5))
    assert np.array_equal(first.low, again.low)
    assert np.array_equal(first.high, again.high)
    assert np.array_equal(first.rows, again.rows)
    assert first.high.shape != other.high.shape or not np.array_equal(first.high, other.high)


def test_patches_come_in_all_scales_and_pairs_belong_together(folder: Path, tmp_path: Path) -> None:
    pictures = open_pictures(folder, tmp_path / "cache", SAMPLER.largest_side, lambda _: None)
    sides = set()
    for step in range(300):
        (batch,) = SAMPLER.batch_of(pictures, step)
        side = batch.high.shape[1]
        sides.add(side)
        assert batch.low.shape == (3, 8, 8, 3)
        assert batch.high.shape == (3, side, side, 3)
        assert np.array_equal(batch.low[0], reduced(batch.high[0], 8, 8))
        assert 4 <= len(batch.rows) <= side
        assert len(set(batch.rows)) == len(batch.rows)
        assert 0 <= min(batch.rows) <= max(batch.rows) < side
    assert sides == set(range(8, 33))


def test_sixteen_bits_become_eight_as_everywhere(tmp_path: Path) -> None:
    grey = np.random.default_rng(3).integers(0, 256, (40, 44), dtype=np.uint8)
    (tmp_path / "photos").mkdir()
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "photos" / "deep.png")
    (picture,) = open_pictures(tmp_path / "photos", tmp_path / "cache", 32, print)
    assert np.array_equal(picture, np.repeat(grey[..., None], 3, axis=-1))


def test_links_to_nothing_and_damaged_chunks_are_named_and_left_out(folder: Path, tmp_path: Path) -> None:
    (folder / "gone.png").symlink_to(folder / "nothing.png")
    whole = (folder / "a.png").read_bytes()
    (folder / "damaged.png").write_bytes(whole[:37] + b"\xd3&\x86\xb8" + whole[41:])
    lines: list[str] = []
    assert len(open_pictures(folder, tmp_path / "cache", 32, lines.append)) == 2
    for name in ("gone.png", "damaged.png"):
        assert sum(f"skipped {name}: not readable" in line for line in lines) == 1
