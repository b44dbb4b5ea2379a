// SPDX-License-Identifier: Apache-2.0
#ifndef CSANDBOX_INTERPRETER_H
#define CSANDBOX_INTERPRETER_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "csandbox.h"

// What operations work on. Lives on the child's stack.
struct machine {
    char *pool;
    int slots[CSANDBOX_SLOTS];
    int report;
};

// The result of a raw system call: what the kernel gave, or -errno.
static inline long kernel(long number, long a, long b, long c, long d, long e) {
    long result = syscall(number, a, b, c, d, e);
    return result < 0 ? -errno : result;
}
#define KERNEL(number, a, b, c, d, e) kernel((number), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))

struct open_how_v0 {
    uint64_t flags, mode, resolve;
};

static inline int open_at(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how_v0 how = {flags | O_CLOEXEC, mode, resolve};
    long result;
    // A rename elsewhere in the tree makes the kernel give up a walk that must stay inside.
    do result = KERNEL(SYS_openat2, directory, path, &how, sizeof how, 0);
    while (result == -EAGAIN || result == -EINTR);
    return (int)result;
}

// The descriptor in a slot; AT_FDCWD for CSANDBOX_NO_SLOT.
static inline int slot(const struct machine *machine, uint32_t index) {
    return index == CSANDBOX_NO_SLOT ? AT_FDCWD : machine->slots[index];
}

// Keeps a descriptor in a slot, in place of what was there. Passes errors on.
static inline int keep(struct machine *machine, uint32_t index, long descriptor) {
    if (descriptor < 0) return (int)descriptor;
    if (machine->slots[index] >= 0) close(machine->slots[index]);
    machine->slots[index] = (int)descriptor;
    return 0;
}

static inline const char *text(const struct machine *machine, uint32_t offset) {
    return offset == CSANDBOX_NO_TEXT ? "" : machine->pool + offset;
}

// Writes the maps of a process's user namespace, those that are not NULL. 0 or -errno.
int csandbox_write_maps(pid_t pid, const char *users, const char *groups);

// Waits for a byte; ends the process where the writer has gone, since nobody is left to report to. 0 or -errno.
int csandbox_await(int descriptor);

// Runs all operations; does not return.
void csandbox_interpret(const struct csandbox_header *header, const struct csandbox_operation *operations,
                        struct machine *machine) __attribute__((noreturn));

// One operation each; 0 or more, or -errno.
int csandbox_target(struct machine *machine, const struct csandbox_operation *operation);
int csandbox_mask(struct machine *machine, const struct csandbox_operation *operation);
int csandbox_read_only(struct machine *machine, const struct csandbox_operation *operation);
int csandbox_pivot(struct machine *machine, const struct csandbox_operation *operation);
int csandbox_mount(struct machine *machine, const struct csandbox_operation *operation);
int csandbox_identity(struct machine *machine, const struct csandbox_operation *operation);
int csandbox_open_pty(struct machine *machine, const struct csandbox_operation *operation);
int csandbox_exec(struct machine *machine, const struct csandbox_operation *operation);

// Becomes the init of a pid namespace for its only child; does not return.
void csandbox_init(pid_t child) __attribute__((noreturn));

#endif
