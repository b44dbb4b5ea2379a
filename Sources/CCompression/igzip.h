// SPDX-License-Identifier: Apache-2.0
//
// ISA-L inflates faster than zlib. Debian has it as a shared library only, and programs are to run without it as well: so it
// is looked for when it is wanted first.
#pragma once

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <isa-l/igzip_lib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// The functions of ISA-L's second interface that read gzip.
struct igzip {
    void (*init)(struct inflate_state *);
    void (*reset)(struct inflate_state *);
    int (*inflate)(struct inflate_state *);
};

// What a step did.
struct igzip_step {
    // What the library answered; less than zero for broken data.
    int result;
    uint32_t consumed, produced;
    bool is_end;
};

// The release of the C library that this program has.
static inline const char *igzip_libc_release(void) { return gnu_get_libc_version(); }

// Whether bytes have a text in them.
static inline bool igzip_contains(const void *bytes, size_t length, const char *text) {
    const char *rest = bytes;
    size_t wanted = strlen(text);
    while (length >= wanted) {
        const char *next = memchr(rest, text[0], length - wanted + 1);
        if (next == NULL) return false;
        if (memcmp(next, text, wanted) == 0) return true;
        length -= (size_t)(next + 1 - rest);
        rest = next + 1;
    }
    return false;
}

// Finds the library; false where there is none.
static inline bool igzip_load(struct igzip *functions) {
    void *library = dlopen("libisal.so.2", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return false;
    functions->init = (void (*)(struct inflate_state *))dlsym(library, "isal_inflate_init");
    functions->reset = (void (*)(struct inflate_state *))dlsym(library, "isal_inflate_reset");
    functions->inflate = (int (*)(struct inflate_state *))dlsym(library, "isal_inflate");
    return functions->init != NULL && functions->reset != NULL && functions->inflate != NULL;
}

// Makes ready for the first member, or for the next one.
static inline void igzip_start(const struct igzip *functions, struct inflate_state *state, bool is_first) {
    if (is_first)
        functions->init(state);
    else
        functions->reset(state);
    // With the header, and with the checksum and the length behind the data compared.
    state->crc_flag = ISAL_GZIP;
}

static inline struct igzip_step igzip_inflate(const struct igzip *functions, struct inflate_state *state, const void *input,
                                              uint32_t input_length, void *output, uint32_t output_length) {
    state->next_in = (uint8_t *)input;
    state->avail_in = input_length;
    state->next_out = (uint8_t *)output;
    state->avail_out = output_length;
    struct igzip_step step;
    step.result = functions->inflate(state);
    step.consumed = input_length - state->avail_in;
    step.produced = output_length - state->avail_out;
    step.is_end = state->block_state == ISAL_BLOCK_FINISH;
    return step;
}
