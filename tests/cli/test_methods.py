"""Methods by name: mistakes are told from models, and what a method does not heed is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from diif_viewer.cli.methods import check_methods
from diif_viewer.errors import RequestError


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("bicubik", "There is no method 'bicubik'; did you mean bicubic?"),
        ("LANCZOS", "There is no method 'LANCZOS'; did you mean lanczos?"),
        ("diif_lite", "There is no method 'diif_lite'; did you mean diif-lite?"),
        ("magic", "There is no method 'magic'; choose one of nearest, bilinear, "),
    ],
)
def test_a_name_that_means_nothing_is_told_with_those_that_do(name: str, sentence: str) -> None:
    with pytest.raises(RequestError) as caught:
        check_methods(["bicubic", name], "auto")
    assert str(caught.value).startswith(sentence)


def test_every_name_that_may_be_a_model_is_let_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in a file, and whether there is one, loading says."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    added = tmp_path / "diif-viewer" / "models" / "mine.safetensors"
    added.parent.mkdir(parents=True)
    added.touch()
    check_methods(["nearest", "liif-lite", "mine", "no/such.pth", str(tmp_path)], "auto")


def test_a_device_is_refused_where_no_method_runs_on_it() -> None:
    check_methods(["bicubic", "liif-lite"], "cuda")
    check_methods(["bicubic", "lanczos"], "cpu")
    check_methods([], "cuda")
    with pytest.raises(RequestError, match="for models; bicubic and lanczos are computed by the processor"):
        check_methods(["bicubic", "lanczos"], "cuda")
