"""`diif-viewer models`: what models there are, what is in a weights file, and whether it is whole."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diif_viewer.errors import CheckpointError
from diif_viewer.models.registry import SHIPPED, default_method

if TYPE_CHECKING:
    from diif_viewer.models.spec import Part

HELP = "List the models, show what a weights file holds, or verify it."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "models", nargs="*", metavar="MODEL", help="shipped names, or .safetensors or .pth files (default: all shipped)"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="everything, as one JSON array")
    form.add_argument("--verify", action="store_true", help="one line for each: whole and usable, or why not")


def run(args: argparse.Namespace) -> int:
    """Read each model wholly and tell of it; 0 when all can be used, 1 when one cannot."""
    records, failed = [], False
    for name in args.models or [method.name for method in SHIPPED]:
        try:
            records.append(record(name))
        except CheckpointError as error:
            failed = True
            print(f"error: {error}", file=sys.stderr)
    if args.json:
        print(json.dumps(records, indent=2))
    elif args.verify:
        for known in records:
            print(f"{known['name']}: whole, {known['parameters']['total']:,} parameters, SHA-256 {known['sha256']}")
    elif args.models:
        print("\n\n".join(_card(known) for known in records))
    else:
        _list(records)
    return 1 if failed else 0


def record(name: str) -> dict[str, Any]:
    """All that is known of a model: a shipped name, or the path of a weights file. Raises CheckpointError."""
    import hashlib

    from diif_viewer.engine.model import weights_file
    from diif_viewer.models.checkpoint import encoder_fingerprint, load_checkpoint, training_summary
    from diif_viewer.models.counts import parameters

    file = weights_file(name)
    model = load_checkpoint(file)
    try:
        training = training_summary(file)
    except CheckpointError:
        training = {}  # a public checkpoint says nothing of it
    counts = {"encoder": parameters(model.encoder), "decoder": parameters(model.decoder), "total": parameters(model)}
    with file.open("rb") as held:
        digest = hashlib.file_digest(held, "sha256").hexdigest()
    return {
        "name": name,
        "file": file.name,
        "bytes": file.stat().st_size,
        "sha256": digest,
        "shipped": any(method.name == name for method in SHIPPED),
        "default": name == default_method(),
        "encoder": _part(model.spec.encoder),
        "decoder": _part(model.spec.decoder),
        "features": encoder_fingerprint(model)[:12],
        "parameters": counts,
        "licence": training.pop("licence", None),
        "training": training,
    }


def _part(part: Part) -> dict[str, Any]:
    return {"name": part.name, **part.args}


def _list(records: list[dict[str, Any]]) -> None:
    print(f"{'model':<16} {'encoder':<8} {'decoder':<8} {'parameters':>11}  {'licence':<8} training")
    for known in records:
        mark = "*" if known["default"] else " "
        parts = f"{known['encoder']['name']:<8} {known['decoder']['name']:<8} {known['parameters']['total']:>11,}"
        print(f"{known['name'] + mark:<16} {parts}  {known['licence'] or '?':<8} {_in_short(known['training'])}")
    print("* is used where none is named; models MODEL tells more of one.")


def _in_short(training: dict[str, str]) -> str:
    """What the file says of its training, in a line."""
    told = [f"{training[name]} {name}" for name in ("steps", "minutes", "pictures") if name in training]
    return training.get("summary") or ", ".join(told) or "not said in the file"


def _card(known: dict[str, Any]) -> str:
    counts = known["parameters"]
    lines = {
        "file": f"{known['file']}, {known['bytes']:,} bytes",
        "SHA-256": known["sha256"],
        "encoder": f"{_described(known['encoder'])}; {counts['encoder']:,} parameters; features {known['features']}",
        "decoder": f"{_described(known['decoder'])}; {counts['decoder']:,} parameters",
        "licence": known["licence"] or "not said in the file",
    }
    lines |= {f"training {name}" if name != "summary" else "training": text for name, text in known["training"].items()}
    return "\n".join([Path(known["name"]).name, *(f"  {name + ':':<18} {text}" for name, text in lines.items())])


def _described(part: dict[str, Any]) -> str:
    arguments = ", ".join(f"{name} {value}" for name, value in part.items() if name != "name")
    return f"{part['name']}" + (f" ({arguments})" if arguments else "")
