// SPDX-License-Identifier: Apache-2.0
//
// Each of these comes as a static library too but ISA-L, which is taken where the machine has it; see igzip.h.
#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "igzip.h"
