/* All kernels as one unit: parsing the compiler's own headers takes as long as compiling one of them. */

#include "fine.c"
#include "slices.c"
#include "liif.c"
#include "knots.c"
#include "first.c"
#include "edsr.c"
#include "edsr8.c"
#include "finish.c"
