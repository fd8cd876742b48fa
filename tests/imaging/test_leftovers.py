"""What a killed writer left is swept away; what somebody writes, and what only looks like it, is not."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from diif_viewer.imaging import leftovers
from diif_viewer.imaging.leftovers import held, sweep, temporary_of
from diif_viewer.imaging.save import atomic_path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="locks of Unix")


def aged(path: Path) -> Path:
    """`path`, last changed two minutes ago."""
    path.touch()
    old = time.time() - 120
    os.utime(path, (old, old))
    return path


def test_what_a_killed_writer_left_goes(tmp_path: Path) -> None:
    target = tmp_path / "photo-large.png"
    left = aged(temporary_of(target))
    assert sweep([target]) == 1
    assert not left.exists()


def test_what_is_being_written_stays_however_long_it_takes(tmp_path: Path) -> None:
    target = tmp_path / "photo.png"
    with atomic_path(target) as temporary:
        temporary.write_bytes(b"half")
        aged(temporary)
        assert sweep([target]) == 0
        assert temporary.read_bytes() == b"half"
    assert target.read_bytes() == b"half"
    assert os.listdir(tmp_path) == ["photo.png"]


def test_what_has_just_changed_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "photo.png"
    temporary_of(target).write_bytes(b"by a program that holds no lock")
    assert sweep([target]) == 0
    monkeypatch.setattr(leftovers, "SETTLED", -1.0)
    assert sweep([target]) == 1


@pytest.mark.parametrize(
    "name",
    [".photo-0123456789ab.jpg", ".photo-0123456789a.png", "photo-0123456789ab.png", ".other-0123456789ab.png"],
)
def test_files_of_other_names_are_left_alone(name: str, tmp_path: Path) -> None:
    file = aged(tmp_path / name)
    assert sweep([tmp_path / "photo.png"]) == 0
    assert file.exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    precious = aged(tmp_path / "precious")
    target = tmp_path / "photo.png"
    temporary_of(target).symlink_to(precious)
    assert sweep([target]) == 0
    assert precious.exists()


def test_a_folder_that_is_not_there_is_nothing_to_sweep(tmp_path: Path) -> None:
    assert sweep([tmp_path / "none" / "photo.png"]) == 0


def test_the_file_is_held_by_its_first_writer_only(tmp_path: Path) -> None:
    file = tmp_path / "a"
    with held(file), pytest.raises(FileExistsError), held(file):
        pass
