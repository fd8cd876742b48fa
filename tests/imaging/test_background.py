"""What a file that is written in a thread says of itself is true at every moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from diif_viewer.errors import ExportError
from diif_viewer.imaging.background import BackgroundFile
from diif_viewer.imaging.metadata import Metadata


def test_a_failure_in_the_last_moment_is_not_taken_for_success(tmp_path: Path) -> None:
    class JustFailing:
        """A thread that fails between two looks at it."""

        def join(self, timeout: float) -> None:
            pass

        def is_alive(self) -> bool:
            file._error = OSError("the disk has gone")
            return False

    file = BackgroundFile(tmp_path / "x.png", shape=(2, 2, 3), dtype=np.uint8, about=Metadata())
    file._thread = JustFailing()  # type: ignore[assignment]
    with pytest.raises(ExportError, match="the disk has gone"):
        file.finished()
