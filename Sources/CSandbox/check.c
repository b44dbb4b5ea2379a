// SPDX-License-Identifier: Apache-2.0
//
// Whether a plan can be interpreted without reading outside it. The plan comes from a process that we trust less than
// the interpreter: a mistake there must not become a read or write of foreign memory here.
#define _GNU_SOURCE
#include <linux/sched.h>
#include <string.h>

#include "interpreter.h"

// What the fields of an operation hold.
enum shape {
    SLOT_A = 1,        // a is a slot, or CSANDBOX_NO_SLOT for the current directory
    SLOT_A_NEEDED = 2, // a is a slot
    SLOT_B = 4,
    SLOT_C = 8,
    SLOT_B_MAYBE = 16,
    TEXT_A = 32,       // text_a is a text
    TEXT_B = 64,
    TEXT_A_MAYBE = 128,
    TEXT_B_MAYBE = 256,
    BLOB_A = 512,      // text_a holds x bytes
    IDS_A = 1024,      // text_a holds x numbers of 32 bits
    SKIPS = 2048,      // c is a number of operations to skip
    VECTORS = 4096,    // x, y and z are vectors, text_b room for the pointers of x and y
    NAMESPACES = 8192, // x has flags of namespaces only
};

// Any other flag of a clone would share something of the launcher with the child.
#define NAMESPACE_FLAGS                                                                                     \
    ((uint64_t)(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | \
                CLONE_NEWNET | CLONE_NEWTIME))

static const uint16_t shapes[CSANDBOX_CODE_END] = {
    [CSANDBOX_OPEN] = SLOT_A | SLOT_B | TEXT_A | SKIPS,
    [CSANDBOX_CLOSE] = SLOT_A_NEEDED,
    [CSANDBOX_CLOEXEC] = 0,
    [CSANDBOX_CHECK_TYPE] = SLOT_A_NEEDED,
    [CSANDBOX_CHECK_DEVICE] = SLOT_A_NEEDED,
    [CSANDBOX_SEND] = SLOT_A_NEEDED,
    [CSANDBOX_CHOWN] = SLOT_A_NEEDED,
    [CSANDBOX_WRITE] = SLOT_A_NEEDED | TEXT_A | TEXT_B,
    [CSANDBOX_MAKE_DIRECTORY] = SLOT_A_NEEDED | TEXT_A,
    [CSANDBOX_MAKE_NODE] = SLOT_A_NEEDED | TEXT_A,
    [CSANDBOX_MAKE_LINK] = SLOT_A_NEEDED | TEXT_A | TEXT_B,
    [CSANDBOX_PROPAGATION] = 0,
    [CSANDBOX_FSOPEN] = SLOT_B | TEXT_A,
    [CSANDBOX_FSCONFIG] = SLOT_A_NEEDED | SLOT_B_MAYBE | TEXT_A | TEXT_B_MAYBE,
    [CSANDBOX_FSMOUNT] = SLOT_A_NEEDED | SLOT_B,
    [CSANDBOX_CLONE_TREE] = SLOT_A | SLOT_B | TEXT_A_MAYBE,
    [CSANDBOX_SET_ATTRIBUTES] = SLOT_A_NEEDED | SLOT_B_MAYBE,
    [CSANDBOX_TARGET] = SLOT_A_NEEDED | SLOT_B | TEXT_A,
    [CSANDBOX_ATTACH] = SLOT_A_NEEDED | SLOT_B,
    [CSANDBOX_MASK] = SLOT_A_NEEDED | SLOT_B | SLOT_C | TEXT_A,
    [CSANDBOX_READ_ONLY] = SLOT_A_NEEDED | TEXT_A,
    [CSANDBOX_PIVOT] = SLOT_A_NEEDED,
    [CSANDBOX_UNSHARE] = 0,
    [CSANDBOX_SETNS] = SLOT_A_NEEDED,
    [CSANDBOX_READY] = 0,
    [CSANDBOX_AWAIT] = SLOT_A_NEEDED,
    [CSANDBOX_FORK_SIBLING] = NAMESPACES | TEXT_A_MAYBE | TEXT_B_MAYBE,
    [CSANDBOX_FORK_INIT] = 0,
    [CSANDBOX_HOSTNAME] = TEXT_A,
    [CSANDBOX_DOMAINNAME] = TEXT_A,
    [CSANDBOX_SESSION] = 0,
    [CSANDBOX_OPEN_PTY] = SLOT_A_NEEDED | SLOT_B | SLOT_C,
    [CSANDBOX_TERMINAL] = SLOT_A_NEEDED,
    [CSANDBOX_STDIO] = SLOT_A_NEEDED | SLOT_B | SLOT_C,
    [CSANDBOX_KEYRING] = 0,
    [CSANDBOX_LIMIT] = 0,
    [CSANDBOX_OOM_SCORE] = SLOT_A_NEEDED | TEXT_A,
    [CSANDBOX_PERSONALITY] = 0,
    [CSANDBOX_UMASK] = 0,
    [CSANDBOX_NO_NEW_PRIVILEGES] = 0,
    [CSANDBOX_SECCOMP] = BLOB_A,
    [CSANDBOX_BOUNDING] = 0,
    [CSANDBOX_GROUPS] = IDS_A,
    [CSANDBOX_IDS] = 0,
    [CSANDBOX_CAPABILITIES] = 0,
    [CSANDBOX_AMBIENT] = 0,
    [CSANDBOX_DEATH_SIGNAL] = 0,
    [CSANDBOX_DIRECTORY] = SLOT_A | TEXT_A,
    [CSANDBOX_EXEC] = VECTORS,
};

static int is_slot(uint32_t index) { return index < CSANDBOX_SLOTS; }

// A text ends inside the pool: the pool's last byte is zero, so any offset inside starts a text.
static int is_text(const struct csandbox_header *header, uint32_t offset) { return offset < header->pool_size; }

static int is_span(const struct csandbox_header *header, uint64_t offset, uint64_t length) {
    return offset <= header->pool_size && length <= header->pool_size - offset;
}

static int is_vector(const struct csandbox_header *header, const char *pool, uint64_t vector) {
    uint64_t offset = (uint32_t)vector, count = vector >> 32;
    if (offset % sizeof(uint32_t) || !is_span(header, offset, count * sizeof(uint32_t))) return 0;
    const uint32_t *offsets = (const uint32_t *)(const void *)(pool + offset);
    for (uint64_t i = 0; i < count; i++)
        if (!is_text(header, offsets[i])) return 0;
    return 1;
}

static int is_operation(const struct csandbox_header *header, const struct csandbox_operation *operation, uint32_t left) {
    if (operation->code == 0 || operation->code >= CSANDBOX_CODE_END) return 0;
    const struct csandbox_operation *o = operation;
    uint16_t shape = shapes[o->code];
    const char *pool = (const char *)(header + 1) + header->operation_count * sizeof *o;
    if ((shape & SLOT_A) && o->slot_a != CSANDBOX_NO_SLOT && !is_slot(o->slot_a)) return 0;
    if ((shape & SLOT_A_NEEDED) && !is_slot(o->slot_a)) return 0;
    if ((shape & SLOT_B) && !is_slot(o->slot_b)) return 0;
    if ((shape & SLOT_B_MAYBE) && o->slot_b != CSANDBOX_NO_SLOT && !is_slot(o->slot_b)) return 0;
    if ((shape & SLOT_C) && !is_slot(o->slot_c)) return 0;
    if ((shape & TEXT_A) && !is_text(header, o->text_a)) return 0;
    if ((shape & TEXT_B) && !is_text(header, o->text_b)) return 0;
    if ((shape & TEXT_A_MAYBE) && o->text_a != CSANDBOX_NO_TEXT && !is_text(header, o->text_a)) return 0;
    if ((shape & TEXT_B_MAYBE) && o->text_b != CSANDBOX_NO_TEXT && !is_text(header, o->text_b)) return 0;
    if ((shape & BLOB_A) && !is_span(header, o->text_a, o->x)) return 0;
    if ((shape & IDS_A) && (o->x > UINT16_MAX + 1u || o->text_a % sizeof(uint32_t))) return 0;
    if ((shape & IDS_A) && !is_span(header, o->text_a, o->x * sizeof(uint32_t))) return 0;
    if ((shape & SKIPS) && o->slot_c > left) return 0;
    if ((shape & NAMESPACES) && o->x & ~NAMESPACE_FLAGS) return 0;
    if (!(shape & VECTORS)) return 1;
    uint64_t pointers = (o->x >> 32) + (o->y >> 32) + 2;
    return is_vector(header, pool, o->x) && is_vector(header, pool, o->y) && is_vector(header, pool, o->z) &&
           o->text_b % sizeof(char *) == 0 && is_span(header, o->text_b, pointers * sizeof(char *));
}

int csandbox_check(const void *plan, size_t size, uint32_t *fault) {
    const struct csandbox_header *header = plan;
    *fault = 0;
    if ((uintptr_t)plan % sizeof(uint64_t) || size < sizeof *header) return -EINVAL;
    *fault = header->operation_count;
    if (header->magic != CSANDBOX_MAGIC || header->version != CSANDBOX_VERSION) return -EINVAL;
    size_t room = size - sizeof *header;
    if (header->operation_count > room / sizeof(struct csandbox_operation)) return -EINVAL;
    room -= header->operation_count * sizeof(struct csandbox_operation);
    const struct csandbox_operation *operations = (const void *)(header + 1);
    const char *pool = (const char *)(operations + header->operation_count);
    if (header->pool_size == 0 || header->pool_size != room || pool[room - 1] != 0) return -EINVAL;
    if (header->clone_flags & ~NAMESPACE_FLAGS) return -EINVAL;
    if (header->descriptor_count > CSANDBOX_SLOTS) return -EINVAL;
    if (header->control_group_slot != CSANDBOX_NO_SLOT && header->control_group_slot >= header->descriptor_count)
        return -EINVAL;
    if (header->attach_first > header->descriptor_count ||
        header->attach_count > header->descriptor_count - header->attach_first)
        return -EINVAL;
    if (header->uid_map != CSANDBOX_NO_TEXT && !is_text(header, header->uid_map)) return -EINVAL;
    if (header->gid_map != CSANDBOX_NO_TEXT && !is_text(header, header->gid_map)) return -EINVAL;
    for (uint32_t i = 0; i < header->operation_count; i++) {
        *fault = i;
        if (!is_operation(header, &operations[i], header->operation_count - i - 1)) return -EINVAL;
    }
    *fault = header->operation_count;
    // A plan ends in execve: a child that ran off its end would have nothing to do.
    if (header->operation_count == 0 || operations[header->operation_count - 1].code != CSANDBOX_EXEC) return -EINVAL;
    return 0;
}
