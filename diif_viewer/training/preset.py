"""What to train and how, read from TOML: shipped presets by name, or a file."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from diif_viewer.errors import TrainingError
from diif_viewer.models.spec import ModelSpec, Part
from diif_viewer.training.data import Sampler


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train; the meaning of each number is beside it in lite.toml."""

    batch: int
    patch: int
    pixels: int
    scales: tuple[float, float]
    learning_rate: float
    warm_up: int
    last_rate: float
    clip: float
    average: float
    seed: int
    shares: dict[str, float] = field(default_factory=dict)

    @property
    def sampler(self) -> Sampler:
        """The part that concerns batches."""
        return Sampler(self.patch, self.batch, self.pixels, self.scales, self.seed)


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

    def fingerprint(self) -> str:
        """The same for two presets that train alike."""
        return json.dumps(asdict(self), sort_keys=True)


def load_preset(name_or_path: str) -> Preset:
    """A shipped preset ("lite") or a .toml file. Raises TrainingError."""
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = Path(__file__).with_name(f"{name_or_path}.toml")
    try:
        held = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(p.stem for p in Path(__file__).parent.glob("*.toml")))
        raise TrainingError(f"There is no preset {name_or_path!r}; shipped: {known}, or give a .toml file.") from None
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path.name}: not a readable preset ({error}).") from None
    try:
        return _preset(path.stem, held)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise TrainingError(f"{path.name}: a preset needs encoder, decoders and training ({error}).") from None


def _preset(name: str, held: dict[str, Any]) -> Preset:
    decoders = {decoder: Part(decoder, args) for decoder, args in held["decoders"].items()}
    recipe = Recipe(**held["training"] | {"scales": tuple(held["training"]["scales"])})
    if not decoders or not 1 <= recipe.scales[0] <= recipe.scales[1] or min(recipe.batch, recipe.patch) < 1:
        raise ValueError("no decoder, a scale below 1, or an empty batch")
    return Preset(name, Part("edsr", held["encoder"]), decoders, recipe)
