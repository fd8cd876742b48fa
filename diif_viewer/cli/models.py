"""`diif-viewer models`: what models there are, what is in a file and if it is whole; adding, removing, averaging."""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diif_viewer.cli import on_one_line
from diif_viewer.cli.arguments import positive
from diif_viewer.cli.render_plan import check_place
from diif_viewer.errors import CheckpointError, ExportError, RequestError
from diif_viewer.models import cards, shelf
from diif_viewer.models.registry import METHODS, PHOTO, SHIPPED, default_method
from diif_viewer.paths import shipped

if TYPE_CHECKING:
    from diif_viewer.models.spec import Part

HELP = "List the models, show what a weights file holds, verify, add or remove one, or average several."

WORDS = ("list", "show", "verify", "add", "remove", "average")
"""What can be done; `show` is meant where models are named without such a word, and `list` where nothing is."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "words",
        nargs="*",
        metavar="[list|show|verify|add|remove|average] MODEL",
        help="shipped or added names, or .safetensors or .pth files (default: list all; verify: all); "
        "average: each may be followed by its share, MODEL=0.7",
    )
    parser.add_argument("--name", help="for add: what to call the model (default: the file's name)")
    parser.add_argument("--replace", action="store_true", help="for add: replace a model of that name")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="for average: the .safetensors file to write")
    parser.add_argument("--half", action="store_true", help="for average: write weights of 16 bits, half the file")
    parser.add_argument("--json", action="store_true", help="everything, as one JSON array")
    parser.add_argument("--verify", action="store_true", help="the same as the word")


def run(args: argparse.Namespace) -> int:
    """Do what the first word says; 0 when all models can be used, 1 when one cannot. Raises DiifViewerError."""
    word, names = (args.words[0], args.words[1:]) if args.words[:1] and args.words[0] in WORDS else ("", args.words)
    if not word and names and (meant := _word_like(names[0])):
        raise RequestError(f"{names[0]} is neither a model nor something that can be done; did you mean {meant}?")
    if (args.name or args.replace) and word != "add":
        raise RequestError("--name and --replace are for `models add`.")
    if (args.output is not None) != (word == "average"):
        raise RequestError("`models average` and -o FILE belong together: it writes the mean of several models there.")
    if args.half and word != "average":
        raise RequestError("--half is for `models average`.")
    if word in ("add", "remove", "show", "average") and not names:
        raise RequestError(f"`models {word}` needs to know which: name a model or a file.")
    if args.name and len(names) > 1:
        raise RequestError("--name is for one file; leave it out to add several under their own names.")
    if word == "add":
        return _add(args, names)
    if word == "remove":
        return _remove(args, names)
    if word == "average":
        return _average(args, names)
    return _report(args, names, verify=args.verify or word == "verify", cards=bool(names) and word != "list")


def _word_like(name: str) -> str:
    """The word that `name` may be a typing mistake of; empty where it is a model or nothing like a word."""
    if name in METHODS or name in shelf.held() or os.path.exists(name):
        return ""
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, WORDS, n=1, cutoff=0.75)), "")


def _add(args: argparse.Namespace, names: list[str]) -> int:
    added = []
    try:
        for name in names:
            known = record(shelf.add(Path(name), args.name, replace=args.replace))
            added.append(known)
            if not (args.json or args.quiet):
                print(f"added {known['name']}: {_parts(known)}; --model {known['name']} uses it")
    finally:  # those before one that cannot be added are there
        if args.json:
            print(json.dumps(added, indent=2))
    return 0


def _remove(args: argparse.Namespace, names: list[str]) -> int:
    removed = []
    try:
        for name in names:
            file = shelf.remove(name)
            removed.append({"name": name, "file": str(file)})
            if not (args.json or args.quiet):
                print(f"removed {name} ({file})")
    finally:
        if args.json:
            print(json.dumps(removed, indent=2))
    return 0


def _average(args: argparse.Namespace, names: list[str]) -> int:
    """Write the weighted mean of several models, and what it was made of."""
    import torch

    from diif_viewer.engine.model import weights_file
    from diif_viewer.models.average import averaged, of_one
    from diif_viewer.models.checkpoint import load_checkpoint, save_checkpoint

    parts = [_with_share(name) for name in names]
    files = [weights_file(name) for name, _ in parts]
    output: Path = args.output
    if output.suffix != ".safetensors":
        raise RequestError(f"{output}: weights are written as safetensors; give a name that ends in .safetensors.")
    if output.resolve() in {file.resolve() for file in files}:
        raise RequestError(f"{output} is one of the models; give the mean another name.")
    check_place(output, make=True)
    shares = of_one([share for _, share in parts])
    mean = averaged([load_checkpoint(file) for file in files], shares)
    told = [_told(file) for file in files]
    made_of = ", ".join(f"{share:g} of {file.name}" for file, share in zip(files, shares, strict=True))
    most = max(range(len(parts)), key=lambda k: parts[k][1])
    licences = sorted({about.get("licence", "unknown") for about in told})
    try:
        dtype = torch.float16 if args.half else torch.float32
        about = {"average": made_of, "licence": "; ".join(licences)} if len(files) > 1 else {}
        save_checkpoint(mean, output, told[most] | about, dtype=dtype)
    except OSError as error:
        raise ExportError(f"{output} cannot be written: {error.strerror or error}.") from error
    if args.json:
        print(json.dumps([record(str(output))], indent=2))
    elif not args.quiet:
        print(f"{output}: {made_of}")
    return 0


def _with_share(text: str) -> tuple[str, float]:
    """`MODEL=0.7`, or `MODEL` for a share of 1. Raises RequestError."""
    name, equals, share = text.rpartition("=")
    if not equals or os.path.exists(text):
        return text, 1.0
    try:
        return name, positive(share)
    except argparse.ArgumentTypeError:
        raise RequestError(f"{text}: a share is a positive number, as in {name}=0.7.") from None


def _report(args: argparse.Namespace, names: list[str], *, verify: bool, cards: bool) -> int:
    """Read each model wholly and tell of it."""
    records, failed = [], False
    for name in names or [*(method.name for method in SHIPPED), *shelf.held()]:
        try:
            records.append(record(name))
        except CheckpointError as error:
            failed = True
            if args.debug:
                traceback.print_exc()
            print(f"error: {on_one_line(str(error))}", file=sys.stderr)
    if args.json:
        print(json.dumps(records, indent=2))
    elif verify:
        for known in records if not args.quiet else ():
            print(f"{known['name']}: whole, {known['parameters']['total']:,} parameters, SHA-256 {known['sha256']}")
    elif cards and records:
        print("\n\n".join(_card(known) for known in records))
    elif records and not cards:
        _list(records)
    return 1 if failed else 0


def record(name: str) -> dict[str, Any]:
    """All that is known of a model: a shipped name, or the path of a weights file. Raises CheckpointError."""
    import hashlib

    from diif_viewer.engine.model import weights_file
    from diif_viewer.models.checkpoint import encoder_fingerprint, load_checkpoint
    from diif_viewer.models.counts import parameters

    file = weights_file(name)
    model = load_checkpoint(file)
    training = _told(file)
    counts = {"encoder": parameters(model.encoder), "decoder": parameters(model.decoder), "total": parameters(model)}
    with file.open("rb") as held:
        digest = hashlib.file_digest(held, "sha256").hexdigest()
    return {
        "name": name,
        "file": file.name,
        "bytes": file.stat().st_size,
        "sha256": digest,
        "shipped": any(method.name == name for method in SHIPPED),
        "added": file.parent == shelf.folder(),
        "default": name == default_method(),
        "encoder": _part(model.spec.encoder),
        "decoder": _part(model.spec.decoder),
        "features": encoder_fingerprint(model)[:12],
        "parameters": counts,
        "licence": training.pop("licence", None),
        "training": training,
    }


def _told(file: Path) -> dict[str, str]:
    """What a weights file says of its training and licence; a public checkpoint says nothing."""
    from diif_viewer.models.checkpoint import training_summary

    try:
        return training_summary(file)
    except CheckpointError:
        return {}


def _parts(known: dict[str, Any]) -> str:
    encoder, decoder = known["encoder"]["name"], known["decoder"]["name"]
    return f"{encoder} with {decoder}, {known['parameters']['total']:,} parameters"


def _part(part: Part) -> dict[str, Any]:
    return {"name": part.name, **part.args}


def _list(records: list[dict[str, Any]]) -> None:
    wide = max(len("model"), *(len(known["name"]) + 1 for known in records)) if records else 5
    print(f"{'model':<{wide}} {'encoder':<8} {'decoder':<8} {'parameters':>11}  {'licence':<8} training")
    for known in records:
        mark = "*" if known["default"] else "+" if known["added"] else " "
        parts = f"{known['encoder']['name']:<8} {known['decoder']['name']:<8} {known['parameters']['total']:>11,}"
        told = f"{known['licence'] or '?':<8} {_in_short(known['training'])}"
        print(f"{known['name'] + mark:<{wide}} {parts}  {on_one_line(told)}")
    print(f"* is used where none is named (for JPEG files {PHOTO}), + was added; models MODEL tells more of one.")


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
    if "training recipe" in lines:
        lines["training recipe"] = _recipe(lines["training recipe"])
    lines |= _measured(known)
    told = (on_one_line(f"  {name + ':':<18} {text}") for name, text in lines.items())
    return "\n".join([Path(known["name"]).name, *told])


def _recipe(text: str) -> str:
    """The recipe that a file holds as JSON, in words; as it stands where it is something else."""
    try:
        held = json.loads(text)["recipe"]
        return ", ".join(f"{name} {_plain(value)}" for name, value in held.items() if value not in ({}, 0, 0.0))
    except (ValueError, KeyError, TypeError, AttributeError):
        return text


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{name} {number:g}" for name, number in value.items()) + ")"
    return str(value)


def _measured(known: dict[str, Any]) -> dict[str, str]:
    """What was measured of a shipped model, and the document that tells all of it."""
    if not known["shipped"]:
        return {}
    columns, values = cards.quality()
    pages = [page for page in sorted(shipped("cards").glob("*.md")) if known["name"].endswith(page.stem)]
    found = values.get(known["name"], ())
    told = (
        {"PSNR / SSIM": "; ".join(f"{at} {value}" for at, value in zip(columns, found, strict=True))} if found else {}
    )
    return told | ({"model card": str(pages[0])} if pages else {})


def _described(part: dict[str, Any]) -> str:
    arguments = ", ".join(f"{name} {value}" for name, value in part.items() if name != "name")
    return f"{part['name']}" + (f" ({arguments})" if arguments else "")
