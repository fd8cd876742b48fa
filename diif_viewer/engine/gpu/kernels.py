"""The kernels, in Triton: what lies between the maps of a picture and its pixels, without a trip through memory.

Only `fused` imports this, and only where there is a CUDA device (or Triton's interpreter): torch for CUDA brings
Triton. Whatever differs from view to view comes in one table (`tables`), so that a recorded launch serves them all:
words `numbers` are the same memory as `table`, read as float32. Sizes that a kernel is compiled for are in capitals.

A tile of SIDE x SIDE outputs is computed row by row: a program makes one row of it from the knots that its outputs are
blended from, in groups. Tiles lie on a fixed grid, the knots of a tile begin at its own first one, and products are
added up in one order, so that an output's bits do not depend on what else is rendered.
"""

from __future__ import annotations

import triton
import triton.language as tl

# words of the table's head, written by tables.batch
TILES = tl.constexpr(0)  # where a section begins
ROWS = tl.constexpr(1)
ROW_COUNT = tl.constexpr(2)  # outputs in it, field after field
COLUMNS = tl.constexpr(3)
COLUMN_COUNT = tl.constexpr(4)
PAIRS = tl.constexpr(5)
TILE_COUNT = tl.constexpr(6)
STRIDE = tl.constexpr(7)  # vectors in a row of the maps
SOURCE_HEIGHT = tl.constexpr(8)
SOURCE_WIDTH = tl.constexpr(9)
TILE_PAIRS = tl.constexpr(10)  # slices of a row of a tile, at most
CELL_Y = tl.constexpr(11)
CELL_X = tl.constexpr(12)
GROUPS = tl.constexpr(13)  # of GROUP terms and knots, that a row of any tile is blended from

# words of a tile
TILE_WORDS = tl.constexpr(10)
TILE_ROWS = tl.constexpr(0)
TILE_COLUMNS = tl.constexpr(1)
FIRST = tl.constexpr(2)  # knot, or pair, of the region
KNOWN = tl.constexpr(3)  # knots, or pairs, that the tile reads
OFFSET = tl.constexpr(4)
TOP = tl.constexpr(5)
BOTTOM = tl.constexpr(6)
LEFT = tl.constexpr(7)
RIGHT = tl.constexpr(8)
LINE = tl.constexpr(9)


@triton.jit
def blend_of(  # noqa: PLR0917
    table, numbers, columns, count, first, entry, dtype: tl.constexpr
):
    """The blend over columns as a matrix (outputs, entries): four terms, in two parts of the dtype each, then knots.

    columns: words of the outputs in `table`, `count` from a field to the next. entry: which columns of the matrix.
    """
    sine = tl.load(numbers + columns + 6 * count)[:, None]
    cosine = tl.load(numbers + columns + 7 * count)[:, None]
    high_sine = sine.to(dtype).to(tl.float32)
    high_cosine = cosine.to(dtype).to(tl.float32)
    place = entry[None, :] - 4 + first - tl.load(table + columns)[:, None]
    blend = tl.where(entry[None, :] == 0, high_sine, 0.0)
    blend = tl.where(entry[None, :] == 1, high_cosine, blend)
    blend = tl.where(entry[None, :] == 2, sine - high_sine, blend)
    blend = tl.where(entry[None, :] == 3, cosine - high_cosine, blend)
    for near in tl.static_range(4):
        weight = tl.load(numbers + columns + (2 + near) * count)[:, None]
        blend = tl.where((place == near) & (entry[None, :] >= 4), weight, blend)
    return blend.to(dtype)


@triton.jit
def entries_of(  # noqa: PLR0917
    numbers, rows, count, line, stride, column_weights, entry, known, some, WIDTH: tl.constexpr, BELOW: tl.constexpr
):
    """What `blend_of` multiplies: the columns' terms twice, then knots, blended over BELOW rows here unless that is 0.

    line: the first knot of the tile in the first row. some: which channels.
    """
    inside = ((entry >= 4) & (entry - 4 < known))[:, None]
    offset = (entry - 4)[:, None] * WIDTH + some[None, :]
    if BELOW == 0:
        knots = tl.load(line + offset, mask=inside, other=0.0).to(tl.float32)
    else:
        knots = tl.zeros(offset.shape, tl.float32)
        for below in tl.static_range(BELOW):
            share = tl.load(numbers + rows + (2 + below) * count)
            knots += share * tl.load(line + below * stride * WIDTH + offset, mask=inside, other=0.0).to(tl.float32)
    term = column_weights + (entry % 2)[:, None] * WIDTH + some[None, :]
    knots += tl.load(term, mask=(entry < 4)[:, None], other=0.0).to(tl.float32)
    return knots.to(column_weights.dtype.element_ty)


@triton.jit
def fine_stage(  # noqa: PLR0917
    table,
    numbers,
    maps,
    source,
    bias,
    row_weights,
    column_weights,
    middle,
    middle_bias,
    last,
    last_bias,
    out,
    SIDE: tl.constexpr,
    WIDTH: tl.constexpr,
    PART: tl.constexpr,
    GROUP: tl.constexpr,
    SINGLE: tl.constexpr,
    BELOW: tl.constexpr,
    BASED: tl.constexpr,
    FORM: tl.constexpr,
):
    """One row of a tile: blend of knots, row and column terms, ReLU, middle layer, ReLU, last layer, base, pixels.

    maps: (rows, STRIDE, WIDTH) knots of a region, BELOW rows of which are blended; or where that is 0 (tiles, SIDE,
    TILE_PAIRS, WIDTH), each tile's own, rows blended already. source: (h, w, 3) float32 in [-1, 1], for BASED.
    bias: (WIDTH,). row_weights: (4, WIDTH) of the row's two terms and the cell's. column_weights: (2, WIDTH).
    middle: (WIDTH in, WIDTH out). last: (3, WIDTH). SINGLE: there is one group. FORM: pixels as 3 bytes, 1 byte (grey),
    or (4) 3 floats before rounding, written to `out` where the tile's words say.
    """
    tile = tl.program_id(0) // SIDE
    down = tl.program_id(0) % SIDE
    if tile >= tl.load(table + TILE_COUNT):
        return
    about = table + tl.load(table + TILES) + TILE_WORDS * tile
    if (down < tl.load(about + TOP)) | (down >= tl.load(about + BOTTOM)):
        return
    first = tl.load(about + FIRST)
    known = tl.load(about + KNOWN)
    dtype: tl.constexpr = maps.dtype.element_ty

    rows = tl.load(table + ROWS) + tl.load(about + TILE_ROWS) + down
    row_count = tl.load(table + ROW_COUNT)
    columns = tl.load(table + COLUMNS) + tl.load(about + TILE_COLUMNS) + tl.arange(0, SIDE)
    column_count = tl.load(table + COLUMN_COUNT)
    if BELOW == 0:
        stride = tl.load(table + TILE_PAIRS)
        line = maps + tl.program_id(0).to(tl.int64) * stride * WIDTH
    else:
        stride = tl.load(table + STRIDE)
        line = maps + (tl.load(table + rows).to(tl.int64) * stride + first) * WIDTH
    row_sine = tl.load(numbers + rows + 6 * row_count)
    row_cosine = tl.load(numbers + rows + 7 * row_count)
    cell_y = tl.load(numbers + CELL_Y)
    cell_x = tl.load(numbers + CELL_X)
    groups = tl.load(table + GROUPS)
    entry = tl.arange(0, GROUP)
    blend = blend_of(table, numbers, columns, column_count, first, entry, dtype)

    channel = tl.arange(0, WIDTH)
    hidden = tl.zeros((SIDE, WIDTH), tl.float32)
    for start in range(0, WIDTH, PART):
        some = start + tl.arange(0, PART)
        row = tl.load(bias + some)
        row += row_sine * tl.load(row_weights + some) + row_cosine * tl.load(row_weights + WIDTH + some)
        row += cell_y * tl.load(row_weights + 2 * WIDTH + some) + cell_x * tl.load(row_weights + 3 * WIDTH + some)
        knots = entries_of(numbers, rows, row_count, line, stride, column_weights, entry, known, some, WIDTH, BELOW)
        fine = tl.dot(blend, knots, input_precision="ieee")
        if not SINGLE:
            for group in range(1, groups):
                more = group * GROUP + entry
                others = blend_of(table, numbers, columns, column_count, first, more, dtype)
                knots = entries_of(
                    numbers, rows, row_count, line, stride, column_weights, more, known, some, WIDTH, BELOW
                )
                fine = tl.dot(others, knots, fine, input_precision="ieee")
        fine = tl.maximum(fine + row[None, :], 0.0)
        weights = tl.load(middle + some[:, None] * WIDTH + channel[None, :])
        hidden = tl.dot(fine.to(dtype), weights, hidden, input_precision="ieee")
    hidden = tl.maximum(hidden + tl.load(middle_bias + channel)[None, :], 0.0)

    red = tl.sum(hidden * tl.load(last + channel)[None, :], 1) + tl.load(last_bias)
    green = tl.sum(hidden * tl.load(last + WIDTH + channel)[None, :], 1) + tl.load(last_bias + 1)
    blue = tl.sum(hidden * tl.load(last + 2 * WIDTH + channel)[None, :], 1) + tl.load(last_bias + 2)

    if BASED:  # bicubic: four taps down, four across
        bottom = tl.load(table + SOURCE_HEIGHT) - 1
        right = tl.load(table + SOURCE_WIDTH) - 1
        tap_y = tl.load(table + rows + row_count)
        tap_x = tl.load(table + columns + column_count)
        for below in tl.static_range(4):
            weight_y = tl.load(numbers + rows + (8 + below) * row_count)
            y = tl.minimum(tl.maximum(tap_y + below, 0), bottom)
            for beside in tl.static_range(4):
                weight = weight_y * tl.load(numbers + columns + (8 + beside) * column_count)
                x = tl.minimum(tl.maximum(tap_x + beside, 0), right)
                pixel = source + (y * (right + 1) + x) * 3
                red += weight * tl.load(pixel)
                green += weight * tl.load(pixel + 1)
                blue += weight * tl.load(pixel + 2)

    across = tl.arange(0, SIDE)
    wanted = (across >= tl.load(about + LEFT)) & (across < tl.load(about + RIGHT))
    pixel = tl.load(about + OFFSET) + down * tl.load(about + LINE) + across
    if FORM == 1:
        grey = tl.minimum(tl.maximum(red * 0.5 + 0.5, 0.0), 1.0)
        grey += tl.minimum(tl.maximum(green * 0.5 + 0.5, 0.0), 1.0)
        grey += tl.minimum(tl.maximum(blue * 0.5 + 0.5, 0.0), 1.0)
        tl.store(out + pixel, (grey * 85.0 + 0.5).to(tl.int32).to(tl.uint8), mask=wanted)
    elif FORM == 3:
        red = tl.minimum(tl.maximum(red * 127.5 + 128.0, 0.5), 255.5)  # rounded
        green = tl.minimum(tl.maximum(green * 127.5 + 128.0, 0.5), 255.5)
        blue = tl.minimum(tl.maximum(blue * 127.5 + 128.0, 0.5), 255.5)
        tl.store(out + pixel * 3, red.to(tl.int32).to(tl.uint8), mask=wanted)
        tl.store(out + pixel * 3 + 1, green.to(tl.int32).to(tl.uint8), mask=wanted)
        tl.store(out + pixel * 3 + 2, blue.to(tl.int32).to(tl.uint8), mask=wanted)
    else:
        tl.store(out + pixel * 3, red, mask=wanted)
        tl.store(out + pixel * 3 + 1, green, mask=wanted)
        tl.store(out + pixel * 3 + 2, blue, mask=wanted)


@triton.jit
def coarse_stage(  # noqa: PLR0917
    table,
    numbers,
    maps,
    cell,
    first,
    last,
    weights,
    bias,
    out,
    SIDE: tl.constexpr,
    WIDTH: tl.constexpr,
    PART: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """DIIF's coarse stage for BLOCK slices of a tile: at the vertices above and below, blended by the row's share.

    A slice is a row and a pair (cell, side): pair 2 c + side sees the left or right vertices of the tile's cell c.
    maps: (rows, STRIDE, WIDTH) first-layer vectors at the vertices of a region. cell, first, last: (2, WIDTH), what
    the first layer makes of the cell and of the slice's first and last coordinates, y then x. weights: (WIDTH in,
    WIDTH out). out: (tiles, SIDE, TILE_PAIRS, WIDTH).
    """
    block = tl.program_id(0)
    tile = tl.program_id(1)
    if tile >= tl.load(table + TILE_COUNT):
        return
    pairs = tl.load(table + TILE_PAIRS)
    if block * BLOCK >= SIDE * pairs:
        return
    about = table + tl.load(table + TILES) + TILE_WORDS * tile
    known = tl.load(about + KNOWN)
    index = block * BLOCK + tl.arange(0, BLOCK)
    inside = index < SIDE * pairs
    down = tl.minimum(index // pairs, SIDE - 1)
    pair = tl.minimum(index % pairs, known - 1)  # of a tile with fewer cells than others: its last, which is not read
    rows = tl.load(table + ROWS) + tl.load(about + TILE_ROWS) + down
    row_count = tl.load(table + ROW_COUNT)
    share = tl.load(numbers + rows + 2 * row_count)
    slices = tl.load(table + PAIRS) + 2 * (tl.load(about + FIRST) + pair)
    start_x = tl.load(numbers + slices)
    stop_x = tl.load(numbers + slices + 1)
    column = (tl.load(about + FIRST) + pair) // 2 + pair % 2
    above = tl.load(table + rows).to(tl.int64) * tl.load(table + STRIDE) + column
    cell_y = tl.load(numbers + CELL_Y)
    cell_x = tl.load(numbers + CELL_X)

    channel = tl.arange(0, WIDTH)
    blended = tl.zeros((BLOCK, WIDTH), tl.float32)
    for side in tl.static_range(2):
        offset_y = tl.load(numbers + rows + (3 + side) * row_count)
        vertex = (above + side * tl.load(table + STRIDE)) * WIDTH
        hidden = tl.zeros((BLOCK, WIDTH), tl.float32)
        for start in range(0, WIDTH, PART):
            some = start + tl.arange(0, PART)
            seen = tl.load(maps + vertex[:, None] + some[None, :]).to(tl.float32)
            seen += (cell_y * tl.load(cell + some) + cell_x * tl.load(cell + WIDTH + some))[None, :]
            seen += start_x[:, None] * tl.load(first + WIDTH + some)[None, :]
            seen += stop_x[:, None] * tl.load(last + WIDTH + some)[None, :]
            seen += offset_y[:, None] * (tl.load(first + some) + tl.load(last + some))[None, :]
            seen = tl.maximum(seen, 0.0).to(maps.dtype.element_ty)
            matrix = tl.load(weights + some[:, None] * WIDTH + channel[None, :])
            hidden = tl.dot(seen, matrix, hidden, input_precision="ieee")
        hidden = tl.maximum(hidden + tl.load(bias + channel)[None, :], 0.0)
        blended += (share if side else 1.0 - share)[:, None] * hidden
    target = (tile.to(tl.int64) * SIDE * pairs + index)[:, None] * WIDTH + channel[None, :]
    tl.store(out + target, blended.to(out.dtype.element_ty), mask=inside[:, None])


@triton.jit
def push_stage(  # noqa: PLR0917
    table,
    hidden,
    weights,
    out,
    SIDE: tl.constexpr,
    WIDTH: tl.constexpr,
    PART: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """BLOCK slices of a tile through the hidden part of the fine stage's first matrix; shapes as in `coarse_stage`."""
    block = tl.program_id(0)
    tile = tl.program_id(1)
    if tile >= tl.load(table + TILE_COUNT):
        return
    pairs = tl.load(table + TILE_PAIRS)
    if block * BLOCK >= SIDE * pairs:
        return
    index = block * BLOCK + tl.arange(0, BLOCK)
    inside = (index < SIDE * pairs)[:, None]
    at = (tile.to(tl.int64) * SIDE * pairs + index)[:, None] * WIDTH
    channel = tl.arange(0, WIDTH)
    pushed = tl.zeros((BLOCK, WIDTH), tl.float32)
    for start in range(0, WIDTH, PART):
        some = start + tl.arange(0, PART)
        values = tl.load(hidden + at + some[None, :], mask=inside, other=0.0)
        matrix = tl.load(weights + some[:, None] * WIDTH + channel[None, :])
        pushed = tl.dot(values, matrix, pushed, input_precision="ieee")
    tl.store(out + at + channel[None, :], pushed.to(out.dtype.element_ty), mask=inside)
