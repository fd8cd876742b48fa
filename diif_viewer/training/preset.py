"""What to train and how, read from TOML: shipped presets by name, or a file; single values may be overridden."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from diif_viewer.errors import CheckpointError, TrainingError
from diif_viewer.models.spec import ModelSpec, Part, build_decoder, build_encoder
from diif_viewer.training.batches import Sampler
from diif_viewer.training.damage import Damage
from diif_viewer.training.forms import has_training_form


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. The meaning of each value is beside it in the shipped presets and in docs/training.md."""

    batch: int
    pixels: int
    scales: tuple[float, ...]
    learning_rate: float
    seed: int
    patch: int = 0
    warm_up: int = 0
    last_rate: float = 0.01
    clip: float = 0.0
    average: float = 0.0
    shares: dict[str, float] = field(default_factory=dict)
    crop: int = 0
    scale_step: float = 0.0
    scale_of: str = "batch"
    samples: str = "rows"
    schedule: str = "cosine"
    halve_every: int = 0
    iterations: int = 0
    betas: tuple[float, ...] = (0.9, 0.99)
    precision: str = "bfloat16"
    loss: str = "l1"
    optimiser: str = "adam"
    damage: dict[str, float] = field(default_factory=dict)
    frozen: tuple[str, ...] = ()
    candidates: int = 1
    reduction: float = 1.0
    permuted: float = 0.0
    negative: float = 0.0
    scale_law: str = "uniform"
    luminance: float = 0.0

    @property
    def sampler(self) -> Sampler:
        """The part that concerns batches."""
        return Sampler(
            self.patch,
            self.batch,
            self.pixels,
            (self.scales[0], self.scales[1]),
            self.seed,
            crop=self.crop,
            scale_step=self.scale_step,
            scale_law=self.scale_law,
            scale_of=self.scale_of,
            samples=self.samples,
            damage=self._damage(),
            candidates=self.candidates,
            reduction=self.reduction,
            permuted=self.permuted,
            negative=self.negative,
        )

    def _damage(self) -> Damage | None:
        if not self.damage:
            return None
        held = {"share": 1.0, "blur": 0.0, "noise": 0.0} | self.damage
        if unknown := sorted(set(held) - _DAMAGE):
            raise ValueError(f"damage has no value {unknown[0]!r}; it has {', '.join(sorted(_DAMAGE))}")
        for name, value in self.damage.items():
            if not name.startswith("jpeg") and not 0 <= value <= (1 if name == "share" else math.inf):
                limit = "from 0 to 1" if name == "share" else "at least 0"
                raise ValueError(f"damage.{name} must be {limit}, not {value:g}")
        jpeg = round(held.pop("jpeg_from", 0)), round(held.pop("jpeg_to", 0))
        if jpeg != (0, 0) and not 1 <= jpeg[0] <= jpeg[1] <= 100:
            raise ValueError(f"jpeg_from and jpeg_to must be qualities from 1 to 100, not {jpeg[0]} and {jpeg[1]}")
        return Damage(**held, jpeg=jpeg if jpeg[0] else None)


_DAMAGE = {"share", "blur", "noise", "jpeg_from", "jpeg_to"}
_CHOICES = {
    "scale_of": ("batch", "patch"),
    "scale_law": ("uniform", "log-uniform"),
    "samples": ("rows", "points"),
    "schedule": ("cosine", "halving"),
    "precision": ("bfloat16", "float32"),
    "loss": ("l1", "l2"),
    "optimiser": ("adam", "muon"),
}
_LEAST = {
    0: (
        *(
            "seed",
            "scale_step",
            "patch",
            "crop",
            "warm_up",
            "last_rate",
            "clip",
            "average",
            "halve_every",
            "iterations",
        ),
        *("luminance", "permuted", "negative"),
    ),
    1: ("batch", "pixels", "candidates", "reduction"),
}
_KINDS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "true or false",
    tuple[float, ...]: "a list of numbers",
    tuple[str, ...]: "a list of names",
    dict[str, float]: "a table of numbers",
}
"""How a value's type is called in a sentence."""
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_EXAMPLES = {"encoder": "encoder.n_feats=32", "decoders": "decoders.diif.hidden=64", "training": "batch=8"}
_SECTIONS = tuple(_EXAMPLES)
_FIRST_FIELDS = {"patch", "warm_up", "last_rate", "clip", "average", "shares"}
"""Always part of a run's fingerprint; what came later counts only where it differs from its default."""


@dataclass(frozen=True, slots=True)
class Preset:
    """Models that are trained together on one encoder, and the recipe. name: ends the names of exported weights."""

    name: str
    encoder: Part
    decoders: dict[str, Part]
    recipe: Recipe

    def spec(self, decoder: str) -> ModelSpec:
        """The spec of one of the models."""
        return ModelSpec(self.encoder, self.decoders[decoder])

    def resolved(self, indent: int | None = None) -> str:
        """Every value, as JSON: what goes into the checkpoints."""
        return json.dumps(asdict(self), sort_keys=True, indent=indent)

    def fingerprint(self) -> str:
        """The same for two presets that train alike, also where one was written before a value existed."""
        held = asdict(self)
        for each in fields(Recipe):
            default = each.default if each.default_factory is MISSING else each.default_factory()
            if each.name not in _FIRST_FIELDS and getattr(self.recipe, each.name) == default:
                del held["recipe"][each.name]
        return json.dumps(held, sort_keys=True)


def load_preset(name_or_path: str, settings: Sequence[str] = (), decoders: Sequence[str] | None = None) -> Preset:
    """A shipped preset ("lite") or a .toml file.

    settings: values to override, "batch=8", "decoders.diif.hidden=64"; a name that begins with no section
    belongs to training. decoders: only these of the preset. Raises TrainingError.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = Path(__file__).parent / f"{name_or_path}.toml"
    try:
        held = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(shipped_presets())
        raise TrainingError(f"There is no preset {name_or_path!r}; shipped: {known}, or give a .toml file.") from None
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path.name}: not a readable preset ({error}).") from None
    for setting in settings:
        _override(held, setting)
    try:
        return _preset(path.stem, held, decoders)
    except ValueError as error:
        raise TrainingError(f"{path.name}: {error}.") from None
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise TrainingError(f"{path.name}: a preset needs encoder, decoders and training ({error}).") from None
    except CheckpointError as error:
        raise TrainingError(f"{path.name}: {error}.") from None


def shipped_presets() -> list[str]:
    """The names of the presets in the package."""
    return sorted(p.stem for p in Path(__file__).parent.glob("*.toml"))


def _override(held: dict[str, Any], setting: str) -> None:
    """Put "section.name=value" into the sections as read."""
    name, equals, text = setting.partition("=")
    *sections, last = name.strip().split(".")
    if not equals or not last:
        raise TrainingError(f"--set takes NAME=VALUE, like batch=8 or decoders.diif.hidden=64, not {setting!r}.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    if not sections and last in _SECTIONS:
        raise TrainingError(f"--set {setting}: {last} is a section; name one of its values, as {_EXAMPLES[last]} does.")
    if not sections or sections[0] not in _SECTIONS:
        sections = ["training", *sections]
    place = held
    for section in sections:
        place = place.setdefault(section, {})
        if not isinstance(place, dict):
            raise TrainingError(f"--set {setting}: {section} is a value, not a section.")
    place[last] = value


def _preset(name: str, held: dict[str, Any], chosen: Iterable[str] | None) -> Preset:
    if unknown := sorted(set(held) - set(_SECTIONS)):
        raise ValueError(f"there is no section {unknown[0]!r}")
    decoders = {}
    for decoder, args in held["decoders"].items():
        if not _NAME.fullmatch(decoder):
            raise ValueError(f"a decoder's name is made of letters, digits and hyphens, not {decoder!r}")
        if not isinstance(args, dict):
            raise ValueError(f"decoders.{decoder} must be a table of values, not {args!r}")
        kind = dict(args)
        decoders[decoder] = Part(kind.pop("name", decoder), kind)
    if chosen is not None:
        if unknown := sorted(set(chosen) - set(decoders)):
            raise TrainingError(f"{name} has no decoder {unknown[0]!r}; it has {', '.join(decoders)}.")
        decoders = {decoder: part for decoder, part in decoders.items() if decoder in set(chosen)}
    encoder = dict(held["encoder"])
    recipe = _recipe(held["training"])
    if strange := sorted(set(recipe.shares) - set(held["decoders"])):
        raise ValueError(f"shares are of decoders, and there is no {strange[0]!r}")
    preset = Preset(name, Part(encoder.pop("name", "edsr"), encoder), decoders, recipe)
    channels = build_encoder(preset.encoder).channels
    for decoder, part in decoders.items():
        if not has_training_form(build_decoder(part, channels)):
            raise ValueError(f"{decoder} learns only with local_ensemble, feat_unfold and cell_decode")
    if not decoders:
        raise ValueError("no decoder")
    parts, frozen = {"encoder", *decoders}, set(preset.recipe.frozen)
    if frozen - parts or frozen == parts:
        raise ValueError(f"frozen names some of {', '.join(sorted(parts))}, and not all, not {sorted(frozen)}")
    return preset


def _recipe(held: Mapping[str, Any]) -> Recipe:
    """The section training, each value of its type. Raises ValueError, TypeError with a reason."""
    hints, values = get_type_hints(Recipe), {}
    for name, value in held.items():
        if name not in hints:
            raise ValueError(f"training has no value {name!r}; it has {', '.join(hints)}")
        values[name] = _value(name, value, hints[name])
    recipe = Recipe(**values)
    for name, choices in _CHOICES.items():
        if getattr(recipe, name) not in choices:
            raise ValueError(f"{name} must be {' or '.join(choices)}, not {getattr(recipe, name)!r}")
    if len(recipe.scales) != 2 or not 1 <= recipe.scales[0] <= recipe.scales[1]:
        raise ValueError(f"scales must be the smallest and the largest, from 1, not {list(recipe.scales)}")
    if recipe.scale_step and recipe.scale_law != "uniform":
        raise ValueError(f"a scale_step is for scales that are uniform, not {recipe.scale_law}")
    if len(recipe.betas) != 2 or not 0 <= min(recipe.betas) <= max(recipe.betas) < 1:
        raise ValueError(f"betas are two numbers from 0 to less than 1, not {list(recipe.betas)}")
    if recipe.learning_rate <= 0:
        raise ValueError(f"learning_rate must be above 0, not {recipe.learning_rate:g}")
    for least, names in _LEAST.items():
        for name in names:
            if getattr(recipe, name) < least:
                raise ValueError(f"{name} must be at least {least}, not {getattr(recipe, name):g}")
    for name in ("luminance", "permuted", "negative"):
        if getattr(recipe, name) > 1:
            raise ValueError(f"{name}, a share, must be at most 1, not {getattr(recipe, name):g}")
    if recipe.average >= 1:
        raise ValueError(f"average, what is kept of it at a step, must be less than 1, not {recipe.average:g}")
    if not all(0 < share <= 1 for share in recipe.shares.values()):
        raise ValueError(f"shares are above 0 and at most 1, not {recipe.shares}")
    if (recipe.patch > 0) == (recipe.crop > 0):
        raise ValueError(
            "give either patch (low-resolution side) or crop (side of the truth), and leave the other one 0, "
            f"not {recipe.patch} and {recipe.crop}"
        )
    recipe._damage()
    if recipe.schedule == "halving" and min(recipe.halve_every, recipe.iterations) < 1:
        raise ValueError(
            "the schedule halving needs halve_every and iterations of at least 1, "
            f"not {recipe.halve_every} and {recipe.iterations}"
        )
    return recipe


def _value(name: str, value: Any, kind: Any) -> Any:
    if kind is float and type(value) is int:
        return float(value)
    if kind is float and type(value) is float and not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, not {value}")
    if kind == tuple[float, ...] and isinstance(value, list):
        return tuple(_value(name, v, float) for v in value)
    if kind == dict[str, float] and isinstance(value, dict):
        return {k: _value(f"{name}.{k}", v, float) for k, v in value.items()}
    if kind == tuple[str, ...] and isinstance(value, list) and all(isinstance(v, str) for v in value):
        return tuple(value)
    if type(value) is not kind:
        raise ValueError(f"{name} must be {_KINDS.get(kind, kind)}, not {value!r}")
    return value
