"""Presets: those of the papers say what the papers say, any value can be overridden, nonsense is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from diif_viewer.cli import main
from diif_viewer.errors import TrainingError
from diif_viewer.imaging.save import save_png
from diif_viewer.models.counts import parameters
from diif_viewer.models.model import ImplicitModel
from diif_viewer.models.spec import Part
from diif_viewer.training import preset as presets
from diif_viewer.training.preset import load_preset, shipped_presets
from diif_viewer.training.schedule import learning_rate

GOOD = "[encoder]\nn_feats = 4\n[decoders.diif]\n[training]\n"
VALUES = "batch = 1\npixels = 4\npatch = 8\nscales = [1, 4]\nlearning_rate = 1e-3\nseed = 1\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nonsense =", "not a readable preset"),
        ("[encoder]\nn_feats = 4", "needs encoder, decoders and training"),
        (GOOD + VALUES + "speed = 3", "no value 'speed'; it has batch, pixels"),
        (GOOD + VALUES.replace("[1, 4]", "[0.5, 4]"), "scales must be"),
        (GOOD + VALUES.replace("[1, 4]", "[2]"), "scales must be"),
        (GOOD + VALUES.replace("batch = 1", "batch = 'many'"), "batch must be a whole number, not 'many'"),
        (GOOD + VALUES.replace("batch = 1", "batch = 0"), "batch must be at least 1, not 0"),
        (GOOD + VALUES + "crop = 32", "either patch .*, and leave the other one 0, not 8 and 32"),
        (GOOD + VALUES + "schedule = 'halving'", "needs halve_every and iterations of at least 1, not 0 and 0"),
        (GOOD + VALUES + "frozen = ['liif']", r"frozen names some of diif, encoder, and not all, not \['liif'\]"),
        (GOOD + VALUES + "frozen = ['encoder', 'diif']", "and not all"),
        (GOOD + VALUES + "frozen = ['encoder', 1]", r"frozen must be a list of names, not \['encoder', 1\]"),
        (GOOD + VALUES + "reduction = 0.5", "reduction must be at least 1, not 0.5"),
        (GOOD + VALUES + "candidates = 0", "candidates must be at least 1, not 0"),
        (GOOD + VALUES + "luminance = 1.5", "luminance, a share, must be at most 1, not 1.5"),
        (GOOD + VALUES + "permuted = -0.1", "permuted must be at least 0, not -0.1"),
        (
            GOOD + VALUES + 'scale_law = "log-uniform"\nscale_step = 0.5',
            "a scale_step is for scales that are uniform, not log-uniform",
        ),
        (GOOD + VALUES + "negative = 1.5", "negative, a share, must be at most 1, not 1.5"),
        (GOOD + VALUES + "reduction = inf", "reduction must be a finite number"),
        (GOOD + VALUES.replace("[1, 4]", "[1.0, inf]"), "scales must be a finite number"),
        (GOOD + VALUES + "betas = [1.5, 0.9]", "from 0 to less than 1"),
        (GOOD + VALUES + "scale_step = -1", "scale_step must be at least 0, not -1"),
        (GOOD + VALUES + "clip = -1", "clip must be at least 0, not -1"),
        (GOOD + VALUES + "average = 1", "average, what is kept of it at a step, must be less than 1, not 1"),
        (GOOD + VALUES.replace("1e-3", "0"), "learning_rate must be above 0, not 0"),
        (GOOD + VALUES + "shares = 3", "shares must be a table of numbers, not 3"),
        (GOOD + VALUES + "shares = {diif = -3}", "shares are above 0"),
        (GOOD + VALUES + "shares = {dif = 0.5}", "there is no 'dif'"),
        (GOOD.replace("[decoders.diif]", '[decoders."d.s"]') + VALUES, "letters, digits and hyphens"),
        (
            GOOD.replace("[decoders.diif]", "[decoders.liif]\nhidden = [8]\ncell_decode = false") + VALUES,
            "learns only with",
        ),
        (GOOD + VALUES + "samples = 'all'", "samples must be rows or points"),
        (GOOD.replace("n_feats = 4", "n_feats = 4\nname = 'rdx'") + VALUES, "unknown encoder 'rdx'"),
        (
            GOOD.replace("[decoders.diif]", "[decoders.diif]\nwidth = 3") + VALUES,
            "takes no argument 'width'; it takes hidden, order, ",
        ),
    ],
)
def test_unusable_presets_say_why(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(TrainingError, match=rf"mine\.toml: .*{reason}"):
        load_preset(str(tmp_path / "mine.toml"))


def test_an_unknown_preset_lists_those_that_exist() -> None:
    with pytest.raises(
        TrainingError, match=r"no preset 'huge'; shipped: edsr-baseline, lite, lite-photo, paper-diif, paper-liif, rdn"
    ):
        load_preset("huge")


@pytest.mark.parametrize("name", shipped_presets())
def test_shipped_presets_describe_models_that_can_be_built(name: str) -> None:
    preset = load_preset(name)
    for decoder in preset.decoders:
        assert parameters(ImplicitModel(preset.spec(decoder))) > 0


def test_the_lite_preset_is_one_small_encoder_for_all() -> None:
    preset = load_preset("lite")
    assert set(preset.decoders) == {"liif", "diif", "diif-s"}
    assert (preset.encoder.args, preset.recipe.scales) == ({"n_feats": 48, "n_resblocks": 12}, (1.0, 4.0))
    assert all(ImplicitModel(preset.spec(name)).base == "bicubic" for name in preset.decoders)
    assert preset.recipe.sampler.largest_side == 128


def test_a_run_of_the_first_lite_preset_is_still_its_own(tmp_path: Path) -> None:
    """The fingerprint in the state of runs that began before values were added to recipes."""
    first = {
        "decoders": {
            "diif": {"args": {"hidden": 128}, "name": "diif"},
            "diif-s": {"args": {"hidden": 128}, "name": "diif-s"},
            "liif": {"args": {"hidden": [128, 128, 128, 128]}, "name": "liif"},
        },
        "encoder": {"args": {"n_feats": 48, "n_resblocks": 8}, "name": "edsr"},
        "name": "lite",
        "recipe": {
            "average": 0.999,
            "batch": 16,
            "clip": 1.0,
            "last_rate": 0.01,
            "learning_rate": 0.0012,
            "patch": 32,
            "pixels": 1024,
            "scales": [1.0, 4.0],
            "seed": 1,
            "shares": {"diif": 0.5, "liif": 0.5},
            "warm_up": 300,
        },
    }
    lines = (
        line
        for line in (Path(presets.__file__).parent / "lite.toml").read_text().splitlines()
        if not line.startswith(
            ("skip", "optim", "knots", "candidates", "reduction", "permuted", "negative", "luminance")
        )
    )
    (tmp_path / "lite.toml").write_text("\n".join(lines))
    settings = ["encoder.n_resblocks=8", "learning_rate=1.2e-3", "pixels=1024", "shares={liif=0.5, diif=0.5}"]
    assert load_preset(str(tmp_path / "lite.toml"), settings).fingerprint() == json.dumps(first, sort_keys=True)
    settings.append("betas=[0.9, 0.999]")
    assert load_preset(str(tmp_path / "lite.toml"), settings).fingerprint() != json.dumps(first, sort_keys=True)


def test_the_papers_sizes_and_schedules() -> None:
    liif, diif = load_preset("paper-liif"), load_preset("paper-diif")
    assert parameters(ImplicitModel(liif.spec("liif"))) == 1_567_299
    assert parameters(ImplicitModel(diif.spec("diif"))) == 1_683_011
    for preset in (liif, diif):
        course = [learning_rate(preset.recipe, step, step / 1e6) for step in (0, 199_999, 200_000, 400_000, 999_999)]
        assert course == pytest.approx([1e-4, 1e-4, 5e-5, 2.5e-5, 6.25e-6])
        assert preset.recipe.iterations == 1_000_000
        assert (preset.recipe.batch, preset.recipe.clip, preset.recipe.average) == (16, 0, 0)
    assert (liif.recipe.patch, liif.recipe.pixels, liif.recipe.scales) == (48, 2304, (1.0, 4.0))
    assert (diif.recipe.crop, diif.recipe.scales, diif.recipe.scale_step) == (192, (2.0, 4.0), 0.5)


def test_the_papers_large_encoder() -> None:
    preset = load_preset("paper-diif", ["encoder.name=rdn"])
    assert parameters(ImplicitModel(preset.spec("diif"))) == 21_973_952 + 462_595
    assert parameters(ImplicitModel(load_preset("rdn").spec("diif"))) == 21_973_952 + 462_595


def test_a_device_that_is_not_there_is_said_before_any_picture_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "nowhere", "--device", "foo", "--steps", "1"]) == 1
    assert "foo" in (said := capsys.readouterr().err)
    assert "defect" not in said
    assert main(["train", "nowhere", "--threads", "-3"]) == 2


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (["--valid", __file__], "is a file; give the folder"),
        (["--valid", "nowhere"], "nowhere: there is no such folder"),
        (["--start", "no.pth"], "no.pth"),
    ],
)
def test_what_is_missing_is_said_before_any_picture_is_decoded(
    words: list[str], missing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_png(np.zeros((130, 130, 3), np.uint8), tmp_path / "a.png")
    assert main(["train", str(tmp_path), "--steps", "1", "--run", str(tmp_path / "run"), *words]) == 1
    assert missing in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_the_cosine_warms_up_and_ends_at_its_share() -> None:
    recipe = load_preset("lite", ["learning_rate=1.2e-3"]).recipe
    assert learning_rate(recipe, 0, 0.0) == pytest.approx(1.2e-3 / 300)
    assert learning_rate(recipe, 5000, 0.5) == pytest.approx(1.2e-3 * (0.01 + 0.99 * 0.5))
    assert learning_rate(recipe, 9000, 1.0) == pytest.approx(1.2e-5)


def test_every_value_can_be_overridden() -> None:
    settings = ["batch=8", "scales=[1,8]", "encoder.n_feats=32", "decoders.diif.hidden=64", "training.shares.liif=1"]
    settings += ["decoders.diif.order=constant", "decoders.mine.name=diif-s"]
    preset = load_preset("lite", settings)
    assert (preset.recipe.batch, preset.recipe.scales) == (8, (1.0, 8.0))
    assert preset.recipe.shares == {"liif": 1.0, "diif": 0.125}
    assert preset.encoder.args["n_feats"] == 32
    assert preset.decoders["diif"] == Part("diif", {"hidden": 64, "skip": True, "order": "constant"})
    assert preset.decoders["mine"] == Part("diif-s", {})
    assert preset.fingerprint() != load_preset("lite").fingerprint()
    held = json.loads(preset.resolved())
    assert held["recipe"]["batch"] == 8
    assert math.isclose(held["recipe"]["betas"][1], 0.99)


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("batch", "NAME=VALUE"),
        ("=3", "NAME=VALUE"),
        ("bathc=3", "no value 'bathc'"),
        ("batch.size=3", "batch is a value"),
        ("decoder.diif.hidden=3", "no value 'decoder'"),
        ("encoder.colour=3", "takes no argument 'colour'"),
        ("encoder=3", "encoder is a section; name one of its values, as encoder.n_feats=32 does"),
        ("training=3", "training is a section; name one of its values, as batch=8 does"),
        ("decoders.diif=3", "decoders.diif must be a table of values, not 3"),
        ("iterations=-1", "iterations must be at least 0, not -1"),
        ("damage.colour=3", "damage has no value 'colour'; it has blur, jpeg_from, jpeg_to, noise, share"),
        ("damage.share=3", "damage.share must be from 0 to 1, not 3"),
        ("damage.blur=-1", "damage.blur must be at least 0, not -1"),
        ("batch=eight", "batch must be a whole number, not 'eight'"),
    ],
)
def test_overrides_that_make_no_sense_are_refused(setting: str, reason: str) -> None:
    with pytest.raises(TrainingError, match=reason):
        load_preset("lite", [setting])


def test_single_decoders_of_a_preset() -> None:
    assert list(load_preset("edsr-baseline", decoders=["diif"]).decoders) == ["diif"]
    with pytest.raises(TrainingError, match="no decoder 'lte'; it has liif, diif, diif-s"):
        load_preset("lite", decoders=["lte"])


def test_the_command_shows_what_it_would_train(capsys) -> None:
    assert main(["train", "nowhere", "--preset", "paper-diif", "--set", "batch=4", "--show"]) == 0
    held = json.loads(capsys.readouterr().out)
    assert (held["recipe"]["batch"], held["recipe"]["crop"], held["encoder"]["name"]) == (4, 192, "edsr")
