"""The script that measures the window: it ends where it aims, tells the stages apart, and leaves nothing."""

from __future__ import annotations

import pytest

from diif_viewer.errors import DiifViewerError
from diif_viewer.ui import scripted
from diif_viewer.ui.app import Viewer
from tests.ui.fake_renderer import FakeRenderer


@pytest.fixture
def viewers(stage):
    """Viewers as the script makes them, with fake renderers; those that were made."""
    made: list[Viewer] = []

    def make() -> Viewer:
        made.append(Viewer(spawn=lambda _: fakes.append(FakeRenderer(stage.gate)) or fakes[-1]))
        return made[-1]

    fakes: list[FakeRenderer] = []
    make.made, make.fakes = made, fakes
    return make


def test_gestures_end_at_their_scales(viewers, photo):
    found = scripted.measure(photo, size=(400, 800), scales=(8.0, 30.0), events=5, repeats=1, make=viewers)
    assert found["picture"] == "photo.png"
    assert found["size"] == [90, 120]
    assert found["device"] == "Fake, float32"
    # the fit of so small a picture is beyond x1: its features are always there
    assert [(row["scale"], row["encoded"]) for row in found["sharp"]] == [(8.0, True), (30.0, True)]
    for row in found["sharp"]:
        assert 0 < row["first_tile"] <= row["half"] <= row["last_tile"] <= row["sharp"] <= row["slowest"]
        assert 0 < row["first_paint"] <= row["sharp"]
    assert found["abandoned"] >= 0
    assert all(0 <= gesture["in_time"] <= 100 for gesture in found["gestures"])
    assert all(gesture["longest_work"] > 0 for gesture in found["gestures"])
    assert [gesture["gesture"] for gesture in found["gestures"]] == ["zoom to x30", "pan"]
    assert found["memory"]["renderer"] is None
    scales = {request.scale for fake in viewers.fakes for request in fake.received if hasattr(request, "scale")}
    for scale in (8.0, 8.08, 30.0, 30.3):
        assert any(abs(asked / scale - 1) < 0.002 for asked in scales), scale


def test_a_picture_that_cannot_be_shown_is_an_error(viewers, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    with pytest.raises(DiifViewerError, match=r"broken\.png"):
        scripted.measure(broken, make=viewers)
