// SPDX-License-Identifier: Apache-2.0
//
// Each of these comes as a static library too; ISA-L inflates three times as fast as zlib, but Debian has it shared only.
#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
