/* Threads that compute the layers of one part together, a few rows at a time.
 *
 * A row is computed once those are that it reads, whatever is left of the layer: nobody waits for a thread that the system
 * has stopped for a while, and one that comes late, or not at all, is not missed. Each begins with a band of rows of its own,
 * so that it mostly reads what it wrote. Two parts side by side would compute the same seam twice, some 7 % of the work.
 *
 * Step 0 copies the colours, step n is layer n - 1. A step may write over what the step before has read of its row and the
 * two beside it, and nothing else.
 */

#ifndef DIIF_VIEWER_TEAM_H
#define DIIF_VIEWER_TEAM_H

#include "edsr.h"

enum { ROWS = 2 }; /* that are taken at once */

typedef struct {
    int step, row; /* the next ones */
} Band;

typedef struct {
    const Encoding *e;
    int steps, bands;
    int come;   /* threads */
    int locked; /* what follows */
    int *done;  /* steps, for each row */
    Band *band;
} Team;

/* What one of the threads has in hand. */
typedef struct {
    int band; /* its own */
    int step;
    Part rows;
} Share;

static Part part_of(const Team *team, int step) { return around(team->e, team->steps - 1 - step); }

/* The first row of a band; that of the last one + 1: the end. */
static int top_of(Part whole, int band, int bands) {
    return whole.top + (int)((int64_t)(whole.bottom - whole.top) * band / bands);
}

/* False: no memory. The request must outlive it. */
static int new_team(Team *team, const Encoding *e, int bands) {
    *team = (Team){.e = e, .steps = 2 * e->blocks + 3, .bands = bands};
    team->done = allocate(whole_registers(e->height * sizeof(int) + bands * sizeof(Band)));
    if (team->done == NULL)
        return 0;
    memset(team->done, 0, e->height * sizeof(int));
    team->band = (Band *)(team->done + e->height);
    for (int i = 0; i < bands; i++)
        team->band[i] = (Band){0, top_of(part_of(team, 0), i, bands)};
    return 1;
}

static Share share_of(Team *team) {
    return (Share){.band = __atomic_fetch_add(&team->come, 1, __ATOMIC_RELAXED) % team->bands};
}

/* The next rows of a band that is not at its end. */
static Part next_of(const Team *team, int band) {
    const Part whole = part_of(team, team->band[band].step);
    const int row = team->band[band].row, end = top_of(whole, band + 1, team->bands);
    return (Part){row, whole.left, lower(row + ROWS, end), whole.right};
}

static int can_begin(const Team *team, int step, Part rows) {
    for (int y = higher(rows.top - 1, 0); y < lower(rows.bottom + 1, team->e->height); y++)
        if (team->done[y] < step)
            return 0;
    return 1;
}

static void go_on(Team *team, int band, int row) {
    Band *at = team->band + band;
    at->row = row;
    while (at->step < team->steps && at->row >= top_of(part_of(team, at->step), band + 1, team->bands))
        if (++at->step < team->steps)
            at->row = top_of(part_of(team, at->step), band, team->bands);
}

typedef enum { TAKEN, NONE_NOW, NONE_LEFT } Found;

/* What is in hand is done. Take other rows: of the bands that can go on, of one that is furthest behind. */
static Found exchange(Team *team, Share *share) {
    for (int y = share->rows.top; y < share->rows.bottom; y++)
        team->done[y] = share->step + 1;
    share->rows.bottom = share->rows.top;
    Found found = NONE_LEFT;
    int best = -1;
    for (int i = 0; i < team->bands; i++) {
        const int band = (share->band + i) % team->bands, step = team->band[band].step;
        if (step == team->steps)
            continue;
        found = NONE_NOW;
        if ((best < 0 || step < team->band[best].step) && can_begin(team, step, next_of(team, band)))
            best = band;
    }
    if (best < 0)
        return found;
    share->step = team->band[best].step;
    share->rows = next_of(team, best);
    go_on(team, best, share->rows.bottom);
    return TAKEN;
}

/* Other rows than those in hand, which are done; false when none are left to begin: other threads may be at some. */
static int take_rows(Team *team, Share *share) {
    for (int times = 0;; times++) {
        for (int tries = 0; __atomic_exchange_n(&team->locked, 1, __ATOMIC_ACQUIRE); tries++)
            wait_a_little(tries);
        const Found found = exchange(team, share);
        __atomic_store_n(&team->locked, 0, __ATOMIC_RELEASE);
        if (found != NONE_NOW)
            return found == TAKEN;
        wait_a_little(times);
    }
}

#endif
