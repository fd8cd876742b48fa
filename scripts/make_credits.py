"""Write weights/CREDITS.md, the credits of the photographs behind the weights: `make_credits.py SOURCES.csv`.

SOURCES.csv: one line per photograph with the columns file, repo (owner/name on GitHub), path, author, licence. Only
those under `train/` have shaped the weights.
"""

from __future__ import annotations

import csv
import itertools
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "weights" / "CREDITS.md"

HEAD = """\
# Credits: the photographs behind the weights

The weights in this folder were trained on these {count} openly licensed photographs and on nothing else. They were
cropped and downsampled for it, and none of them is part of the program. Each line names the photograph in its source,
its author as far as the source names one, and its licence as the source states it. Thank you all.

Written by `scripts/make_credits.py`.
"""
TABLE = "| Photograph | Author | Licence |\n|---|---|---|\n"


def main() -> None:
    """Read the table named on the command line and write the credits."""
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].startswith("train/")]
    rows.sort(key=lambda row: (row["repo"].lower(), row["path"].lower()))
    parts = [HEAD.format(count=len(rows))]
    for repository, group in itertools.groupby(rows, key=lambda row: row["repo"]):
        parts.append(f"\n## [{repository}](https://github.com/{repository})\n\n{TABLE}")
        parts += (f"| {row['path']} | {row['author'] or 'not named'} | {row['licence']} |\n" for row in group)
    TARGET.write_text("".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
