"""The tables of the benchmark, from the plain values that its JSON holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from diif_viewer.evaluation import gpu_tables, operation_tables

DISTURBED = 1.25
"""Median over best of the yardstick's equal chunks from which on something else must have been at work."""

BUSY = 0.2
"""Cores in use by other programs from which on that is said."""


def tables(result: dict[str, Any], *, markdown: bool = False) -> str:
    """All tables of a result, as far as they were measured: the machine, what was wanted, and everything else."""
    parts = [machine(result)]
    if "decoding" in result or "interaction" in result:
        parts.append(wanted(result, markdown))
    if "decoding" in result:
        parts += [decoding(result["decoding"], markdown), stages(result["decoding"]["rows"], markdown)]
        parts += [encoding(result["decoding"]["encoding"], markdown)]
        parts += [background(row) for row in result["decoding"].get("background", ())]
    if "operations" in result:
        counts = operation_tables.tables(result["operations"], result.get("executed"))
        parts += [f"{title}\n\n" + grid(head, cells, markdown, names=names) for title, head, cells, names in counts]
    if "curves" in result:
        parts.append(curves(result["curves"], markdown))
    if "memory" in result:
        parts.append(memory(result["memory"], markdown))
    for title, head, cells, names in gpu_tables.tables(result["gpu"]) if "gpu" in result else ():
        parts.append(f"{title}\n\n" + grid(head, cells, markdown, names=names))
    for figures in result.get("interaction", ()):
        parts += interaction(figures, markdown)
    return "\n".join(parts)


def machine(result: dict[str, Any]) -> str:
    """Who measured, and whether something disturbed it."""
    about = result["machine"]
    lines = [f"{about['processor']}; {about['device']}; torch {about['torch']}"]
    if "decoding" in result:
        decoded = result["decoding"]
        known = ", ".join(f"{name} wide: {rate:.0f}" for name, rate in decoded["matmul"].items())
        lines.append(f"Matrix rate, GFLOP/s, {known}")
        slower = max(row["view"] / row["best"] for row in decoded["rows"] if row["encode"] is None)
        if slower > DISTURBED:
            lines.append(f"The public code's equal chunks took up to {slower:.1f} times the best: ratios may be off.")
    if (about["busy"] or 0) > BUSY:
        lines.append(f"Other programs used {about['busy']:.1f} cores when this began: ratios may be off.")
    return "\n".join(lines) + "\n"


RATIOS = (("LIIF", "full", 6.0), ("DIIF", "full", 40.0), ("DIIF-S", "full", 100.0), ("DIIF-S", "lite", 300.0))
"""Method, width, and how many times as fast as LIIF's public code it is meant to be, in its faster dtype."""

SHARP = 300.0
"""Milliseconds from the end of a gesture to all sharp that are meant to suffice: encoded at any scale, else from x8."""

STALL = 16.0
"""Milliseconds that the window may be away from its events."""


TIMES = (("bfloat16", 100.0), ("float32", 250.0))
"""Most milliseconds for a view of 1280x720 through DIIF-S at lite width on the CPU, by the dtype."""

BACKGROUND = 0.7
"""Least part of the rate of torch's convolution with which a photo is encoded in the background, fastest dtype."""

ENCODING = 85.0
"""Most milliseconds for encoding 320x180 at lite width, in the fastest dtype."""


def _times(result: dict[str, Any]) -> Iterator[list[str]]:
    decoding = {"window": (), "rows": (), "encoding": ()} | result.get("decoding", {})
    for dtype, limit in TIMES if list(decoding["window"]) == [720, 1280] else ():
        mine = [r for r in decoding["rows"] if (r["method"], r["width"], r["dtype"]) == ("DIIF-S", "lite", dtype)]
        if mine:
            view, scale = max((row["view"], row["scale"]) for row in mine)
            yield [
                f"DIIF-S, lite width, {dtype}",
                f"<= {limit:g} ms",
                f"{view:.0f} ms (x{scale:g})",
                _met(view <= limit),
            ]
    if known := decoding.get("background", ()):
        share = max((row["megapixels"], row["share"]) for row in known)[1]
        what = "Encoding a photo in the background, beside torch's convolution"
        yield [what, f">= {BACKGROUND:.0%}", f"{share:.0%}", _met(share >= BACKGROUND)]
    times = [row["milliseconds"] for row in decoding["encoding"] if row["width"] == "lite"]
    if times:
        fastest = min(times)
        yield ["Encoding 320x180, lite width", f"<= {ENCODING:g} ms", f"{fastest:.0f} ms", _met(fastest <= ENCODING)]


def wanted(result: dict[str, Any], markdown: bool = False) -> str:
    """What was wanted, the worst that was measured, and whether that will do."""
    cells = []
    rows = result.get("decoding", {"rows": ()})["rows"]
    for method, width, limit in RATIOS:
        mine = [row for row in rows if (row["method"], row["width"]) == (method, width)]
        scales = dict.fromkeys(row["scale"] for row in mine)
        found = [max((row["ratio"], scale) for row in mine if row["scale"] == scale) for scale in scales]
        if found:
            ratio, scale = min(found)
            what = f"{method}, {width} width, beside the public code"
            cells.append([what, f">= {limit:g}x", f"{ratio:.1f}x (x{scale:g})", _met(ratio >= limit)])
    cells += _times(result)
    for figures in result.get("interaction", ()):
        name = figures["picture"]
        stall = max(gesture["longest_stall"] for gesture in figures["gestures"])
        cells.append([f"{name}: longest stall", f"< {STALL:g} ms", f"{stall:.1f} ms", _met(stall < STALL)])
        for what, encoded, lowest in (("encoded before", True, 0.0), ("not encoded, from x8", False, 8.0)):
            times = [(r["sharp"], r["scale"]) for r in figures["sharp"] if r["encoded"] == encoded]
            times = [(sharp, scale) for sharp, scale in times if scale >= lowest]
            if times:
                sharp, scale = max(times)
                measured = f"{sharp:.0f} ms (x{scale:g})"
                cells.append([f"{name}: sharp, {what}", f"< {SHARP:g} ms", measured, _met(sharp < SHARP)])
    return "Wanted, and the worst measured\n\n" + grid(["what", "wanted", "measured", "met"], cells, markdown)


def _met(met: bool) -> str:
    return "yes" if met else "no"


def decoding(result: dict[str, Any], markdown: bool = False) -> str:
    """Ratios first: the time of LIIF in the public way over each method's; medians, and the best of both."""
    head = ["scale", "method", "width", "dtype", "ratio", "at best", "view ms", "at best", "spread"]
    head += ["maps ms", "encode ms", "GMAC run", "GMAC paper", "of rate"]
    height, width = result["window"]
    cells = [
        [
            f"x{row['scale']:g}",
            row["method"],
            row["width"],
            row["dtype"],
            f"{row['ratio']:.1f}",
            f"{row['best_ratio']:.1f}",
            _time(row["view"]),
            _time(row["best"]),
            _share(row["spread"]),
            _time(row["maps"]),
            _time(row["encode"]),
            _count(row["executed"]),
            _count(row["reference"]),
            _share(row["share"]),
        ]
        for row in result["rows"]
    ]
    return f"Decoding a {width}x{height} window\n\n" + grid(head, cells, markdown, names=4)


def stages(rows: Sequence[dict[str, Any]], markdown: bool = False) -> str:
    """What a first look at a region takes, stage by stage: time, and memory beyond what was held before each."""
    head = ["scale", "method", "width", "dtype", "encode ms", "first layer ms", "coarse ms", "fine ms", "transfer ms"]
    head += ["encode MiB", "maps MiB", "view MiB"]
    cells = [
        [
            f"x{row['scale']:g}",
            *(row[what] for what in ("method", "width", "dtype")),
            *(_time(row.get(stage)) for stage in ("encode", "first", "coarse", "fine", "transfer")),
            *(_mebibytes(row.get("memory", {}).get(stage)) for stage in ("encode", "maps", "view")),
        ]
        for row in rows
    ]
    return "Stages of a first look, and the memory that each needs at the most\n\n" + grid(
        head, cells, markdown, names=4
    )


def curves(result: dict[str, Any], markdown: bool = False) -> str:
    """How time grows, stage by stage."""
    height, width = result["window"]
    about = (
        f"Views of {width}x{height} at x{result['scale']:g}, one of them changed; {result['width']}, {result['dtype']}"
    )
    head = ["curve", "method", "at", "view ms", "encode ms", "maps ms", "transfer ms", "first look ms"]
    stages = ("view", "encode", "maps", "transfer", "first")
    cells = [
        [point["curve"], point["method"], f"{point['at']:g}", *(_time(point[stage]) for stage in stages)]
        for point in result["points"]
    ]
    pictures = [point for point in result["points"] if point["curve"] == "picture"]
    flat = ""
    if len(pictures) > 1:
        small, large = pictures[0], pictures[-1]
        flat = (
            f"{large['at']:g} megapixels take {large['first'] / small['first']:.2f} of the time of {small['at']:g}.\n"
        )
    return f"{about}\n\n" + grid(head, cells, markdown, names=3) + flat


def memory(result: dict[str, Any], markdown: bool = False) -> str:
    """What the window and the renderer held together, stage by stage."""
    rows, columns = result["size"]
    cells = [
        [stage["stage"], f"{stage['peak'] / 2**20:.0f}", f"{stage['after'] / 2**20:.0f}"] for stage in result["stages"]
    ]
    grown = "" if result["growth"] is None else f"{result['views']} random views: {_growth(result['growth'])}"
    head = ["stage", "MiB at the most", "MiB after it"]
    return f"Memory, {result['picture']}, {columns}x{rows}\n\n" + grid(head, cells, markdown) + grown


def _growth(growth: dict[str, Any]) -> str:
    held = [
        f"{name} {growth['first'][name] / 2**20:.0f} to {growth['last'][name] / 2**20:.0f} MiB"
        for name in ("window", "renderer")
    ]
    early, late = growth["milliseconds"]
    return (
        f"grown by {growth['together']:.1%} ({', '.join(held)}), {early:.0f} and then {late:.0f} ms of work a view.\n"
    )


def encoding(rows: Sequence[dict[str, Any]], markdown: bool = False) -> str:
    """Encoding one picture as a whole."""
    height, width = rows[0]["size"]
    cells = [[row["width"], row["dtype"], _time(row["milliseconds"])] for row in rows]
    return f"Encoding {width}x{height}\n\n" + grid(["width", "dtype", "ms"], cells, markdown, names=2)


def background(row: dict[str, Any]) -> str:
    """How fast a photo is encoded while nobody waits."""
    height, width = row["photo"]
    return (
        f"A photo of {width}x{height} is encoded in the background, lite width, {row['dtype']}, with "
        f"{row['megapixels']:.2f} megapixels/s, {row['share']:.0%} of the rate of torch's convolution.\n"
    )


def interaction(figures: dict[str, Any], markdown: bool = False) -> list[str]:
    """What one picture was like in the window."""
    height, width = figures["window"]
    name, (rows, columns) = figures["picture"], figures["size"]
    memory = figures["memory"]
    facts = [
        ["start to window with picture", _time(figures["start"]["picture"]), "ms"],
        ["start to renderer ready", _time(figures["start"]["renderer"]), "ms"],
        *(
            [f"{g['gesture']}: {what}", f"{g[key]:.{digits}f}", unit]
            for g in figures["gestures"]
            for what, key, digits, unit in _GESTURE
        ),
        *([f"peak memory, {who}", f"{size / 2**20:.0f}", "MiB"] for who, size in memory.items() if size is not None),
    ]
    about = f"{name}, {columns}x{rows}, in a {width}x{height} window ({figures['device']})\n\n"
    if figures.get("abandoned") is not None:
        facts.append(["superseded request, until its last tile", _time(figures["abandoned"]), "ms"])
    head = ["gesture ends at", "encoded before", "sharp ms", "slowest", "last tile ms", "half ms", "first tile ms"]
    head.append("first paint ms")
    cells = [
        [
            f"x{row['scale']:g}",
            "yes" if row["encoded"] else "no",
            _time(row["sharp"]),
            _time(row["slowest"]),
            _time(row["last_tile"]),
            _time(row.get("half")),
            _time(row["first_tile"]),
            _time(row.get("first_paint")),
        ]
        for row in figures["sharp"]
    ]
    return [about + grid(["figure", "value", "unit"], facts, markdown), grid(head, cells, markdown, names=2)]


_GESTURE = (
    ("longest stall", "longest_stall", 1, "ms"),
    ("longest work of the GUI thread", "longest_work", 1, "ms"),
    ("95 % of frame intervals within", "frame_95", 1, "ms"),
    ("frame intervals within 16.7 ms", "in_time", 0, "%"),
    ("frames", "frames", 0, ""),
    ("end to all sharp", "sharp", 0, "ms"),
)


def comparison(new: dict[str, Any], old: dict[str, Any], *, markdown: bool = False) -> str:
    """What a change did: the figures that both results hold, old and new, and new / old."""
    was, now = comparable(old), comparable(new)
    cells = [
        [*name, f"{was[name]:.1f}", f"{value:.1f}", f"{value / was[name]:.2f}"]
        for name, value in now.items()
        if was.get(name)
    ]
    return "Compared\n\n" + grid(["what", "where", "was", "is", "is / was"], cells, markdown, names=2)


def comparable(result: dict[str, Any]) -> dict[tuple[str, str], float]:
    """What can be compared of a result: by what it is of, and where or which."""
    found: dict[tuple[str, str], float] = {}
    decoded = result.get("decoding", {"rows": (), "encoding": ()})
    for row in decoded["rows"]:
        name = f"{row['method']} {row['width']} {row['dtype']}"
        where = f"x{row['scale']:g}"
        found[name, f"{where} view ms"] = row["view"]
        found[name, f"{where} ratio"] = row["ratio"]
    for row in decoded["encoding"]:
        found[f"encoder {row['width']} {row['dtype']}", f"{row['size'][1]}x{row['size'][0]} ms"] = row["milliseconds"]
    for point in result.get("curves", {"points": ()})["points"]:
        for what in ("view", "first"):
            name = f"{point['curve']} {point['at']:g}, {'first look' if what == 'first' else 'view'} ms"
            found[f"{point['method']}, against {point['curve']}", name] = point[what]
    for stage in result.get("memory", {"stages": ()})["stages"]:
        found["memory", f"{stage['stage']}, MiB"] = stage["peak"] / 2**20
    for figures in result.get("interaction", ()):
        for gesture in figures["gestures"]:
            found[f"{figures['picture']}: {gesture['gesture']}", "longest stall ms"] = gesture["longest_stall"]
        for row in figures["sharp"]:
            where = f"x{row['scale']:g}, {'encoded' if row['encoded'] else 'not encoded'}, sharp ms"
            found[figures["picture"], where] = row["sharp"]
    return found


def grid(head: Sequence[str], cells: Sequence[Sequence[str]], markdown: bool = False, *, names: int = 1) -> str:
    """A table, the first `names` columns to the left and the others to the right."""
    columns = list(zip(head, *cells, strict=True))
    widths = [max(len(text) for text in column) for column in columns]

    def padded(row: Sequence[str]) -> list[str]:
        return [t.ljust(w) if i < names else t.rjust(w) for i, (t, w) in enumerate(zip(row, widths, strict=True))]

    if not markdown:
        return "".join("  ".join(padded(row)).rstrip() + "\n" for row in (head, *cells))
    rule = ["-" * w if i < names else "-" * (w - 1) + ":" for i, w in enumerate(widths)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (padded(head), rule, *map(padded, cells)))


def _time(milliseconds: float | None) -> str:
    if milliseconds is None:
        return "–"
    return f"{milliseconds:.1f}" if milliseconds < 10 else f"{milliseconds:.0f}"


def _mebibytes(size: int | None) -> str:
    return "–" if size is None else f"{size / 2**20:.0f}"


def _count(giga: float | None) -> str:
    if giga is None:
        return "–"
    return f"{giga:.1f}" if giga < 100 else f"{giga:.0f}"


def _share(fraction: float | None) -> str:
    return "–" if fraction is None else f"{fraction:.0%}"
