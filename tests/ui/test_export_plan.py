"""From choices to windows of the lattice: sizes as typed, regions that keep their shape, names that are free."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PySide6.QtCore import QSettings

from diif_viewer.errors import RequestError
from diif_viewer.geometry import Lattice, Window
from diif_viewer.ui.export_choices import ASPECTS, Choices, remember, remembered
from diif_viewer.ui.export_order import bytes_text, free_name, seconds_text
from diif_viewer.ui.export_plan import Subject, detail_of, make_plan, moved, pulled, ratio_of, with_ratio, within
from diif_viewer.ui.settings import Settings
from diif_viewer.viewport import Viewport

HEIGHT, WIDTH = 600, 800
WHOLE = (0.0, 0.0, 800.0, 600.0)


def subject(scale: float = 6.0, top: float = 100.0, left: float = 250.0) -> Subject:
    view = Viewport(HEIGHT, WIDTH, 480, 640, scale, top, left).rested()
    return Subject(HEIGHT, WIDTH, 3, 8, view, view.window, "diif-s-lite")


boxes = st.tuples(st.floats(0, 700), st.floats(0, 500), st.floats(1, 800), st.floats(1, 600)).map(
    lambda b: within((b[0], b[1], b[0] + b[2], b[1] + b[3]), WHOLE)
)


@given(scale=st.floats(0.3, 40), top=st.floats(0, 5000), left=st.floats(0, 5000))
def test_the_visible_view_is_the_window_on_screen(scale, top, left):
    shown = subject(scale, min(top, 500 * scale), min(left, 700 * scale))
    assert make_plan(Choices(), shown, WHOLE).window == shown.seen
    # and the same by way of its box in picture pixels
    plan = make_plan(Choices(part="region"), shown, shown.seen_box)
    assert (plan.window.top, plan.window.left) == (shown.seen.top, shown.seen.left)


@given(scale=st.floats(0.05, 60))
def test_the_whole_picture_is_the_whole_lattice(scale):
    plan = make_plan(Choices(part="whole", anchor="scale", size=scale), subject(), WHOLE)
    assert plan.window == Lattice.of_scale(HEIGHT, WIDTH, scale).window


@given(box=boxes, width=st.integers(1, 20_000))
def test_a_typed_width_is_the_width(box, width):
    plan = make_plan(Choices(part="region", anchor="width", size=width), subject(), box)
    assert plan.window.width == width
    whole = Lattice.of_scale(HEIGHT, WIDTH, plan.scale).window
    assert whole.contains(plan.window)


@example(box=(0.0, 0.0, 1.0, 1.9), right=0.0, down=255.0, scale=5.0)
@example(box=(0.0, 0.0, 1.1, 1.0), right=255.0, down=0.0, scale=5.0)
@given(box=boxes, right=st.floats(-300, 300), down=st.floats(-300, 300), scale=st.floats(0.2, 30))
def test_a_region_that_is_moved_keeps_its_size_in_pixels(box, right, down, scale):
    choices = Choices(part="region", anchor="scale", size=scale)
    before = make_plan(choices, subject(), box).window
    after = make_plan(choices, subject(), moved(box, right, down, WHOLE)).window
    assert abs(before.height - after.height) <= (0 if before.height * scale < 1e6 else 1)
    assert before.width == after.width


def test_a_width_in_millimetres_is_dots_per_inch_times_inches():
    plan = make_plan(Choices(part="whole", anchor="print", size=254.0, dpi=300.0), subject(), WHOLE)
    assert plan.window == Window(0, 0, 2250, 3000)
    assert plan.millimetres(300.0) == pytest.approx(254.0)


def test_sixteen_to_nine_gives_full_high_definition():
    region = with_ratio((100.0, 100.0, 300.0, 300.0), 16 / 9, WHOLE)
    plan = make_plan(Choices(part="region", anchor="width", size=1920), subject(), region)
    assert (plan.window.width, plan.window.height) == (1920, 1080)


@pytest.mark.parametrize(
    ("anchor", "size"), [("scale", 0.0), ("width", -5.0), ("scale", float("nan")), ("width", 1e12)]
)
def test_sizes_that_make_no_sense_are_a_sentence(anchor, size):
    with pytest.raises(RequestError, match="size"):
        make_plan(Choices(part="whole", anchor=anchor, size=size), subject(), WHOLE)


@given(
    box=boxes,
    side=st.tuples(st.sampled_from([-1, 0, 1]), st.sampled_from([-1, 0, 1])).filter(any),
    point=st.tuples(st.floats(-200, 1000), st.floats(-200, 800)),
    aspect=st.sampled_from(ASPECTS),
)
def test_a_pulled_region_stays_inside_and_keeps_its_shape(box, side, point, aspect):
    ratio = ratio_of(Choices(aspect=aspect), subject())
    made = pulled(with_ratio(box, ratio, WHOLE), side, point, ratio, WHOLE)
    assert made[0] < made[2]
    assert made[1] < made[3]
    assert min(made[0], made[1]) >= -1e-9
    assert made[2] <= 800 + 1e-9
    assert made[3] <= 600 + 1e-9
    if ratio is not None:
        assert (made[2] - made[0]) / (made[3] - made[1]) == pytest.approx(ratio, rel=1e-6)


@given(box=boxes, point=st.tuples(st.floats(0, 800), st.floats(0, 600)))
def test_the_corner_that_nobody_pulls_stays(box, point):
    made = pulled(box, (1, 1), point, None, WHOLE)
    if point[0] > box[0] + 0.1 and point[1] > box[1] + 0.1:
        assert made[:2] == box[:2]
        assert made[2:] == point


@given(side=st.integers(1, 400), centre=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a_detail_lies_in_its_window(side, centre):
    window = Window(1000, 2000, 1300, 2900)
    detail = detail_of(window, side, centre)
    assert window.contains(detail)
    assert (detail.height, detail.width) == (min(side, 300), min(side, 900))


def test_choices_are_remembered_and_damaged_ones_are_not():
    settings = Settings()
    chosen = Choices("whole", "16:9", "width", 3840.0, 240.0, "bicubic", "AVIF", 8, quality_avif=71, exact=False)
    remember(chosen, settings)
    assert remembered(settings) == chosen
    for name, value in [("part", "half"), ("form", "GIF"), ("quality_jpeg", 400.0), ("dpi", 0.0), ("bits", 12.0)]:
        settings.put(f"export_{name}", value)
    mended = remembered(settings)
    assert (mended.part, mended.form, mended.quality_jpeg, mended.dpi, mended.bits) == ("view", "PNG", 92, 300.0, 0)
    settings.put("export_size", 0.0)
    assert remembered(settings).anchor == "screen"


def test_choices_come_back_from_a_file(tmp_path: Path):
    name = str(tmp_path / "settings.ini")
    chosen = Choices(
        "whole", "16:9", "print", 254.5, 240.0, "bicubic", "TIFF", 16, best=True, strip=True, folder="/ a,b"
    )
    settings = Settings(QSettings(name, QSettings.Format.IniFormat))
    remember(chosen, settings)
    settings.sync()
    assert remembered(Settings(QSettings(name, QSettings.Format.IniFormat))) == chosen


@pytest.mark.parametrize(
    ("form", "wanted", "of_picture", "made"),
    [("PNG", 0, 16, 16), ("PNG", 8, 16, 8), ("JPEG", 0, 16, 8), ("TIFF", 16, 8, 16)],
)
def test_the_depth_is_the_pictures_unless_it_was_chosen(form, wanted, of_picture, made):
    assert Choices(form=form, bits=wanted).bits_for(of_picture) == made


def test_a_name_that_is_free(tmp_path: Path):
    assert free_name(tmp_path, "a.png") == "a.png"
    (tmp_path / "a.png").touch()
    (tmp_path / "a (2).png").symlink_to(tmp_path / "nowhere")
    assert free_name(tmp_path, "a.png") == "a (3).png"


def test_numbers_as_people_read_them():
    assert [bytes_text(n) for n in (0, 999, 1000, 123_456, 12_345_678, 2.5e9, 3e12)] == [
        *("0 B", "999 B", "1 kB", "123 kB", "12.3 MB", "2.5 GB", "3 TB")
    ]
    assert [seconds_text(n) for n in (0.2, 40, 200, 7200)] == ["under a second", "40 s", "3 min", "2.0 h"]
