// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <clinux.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>

static int prepare_files(posix_spawn_file_actions_t *files, int descriptor) {
    int result = 0;
    // A dup2 of a descriptor to itself clears its close-on-exec flag (posix_spawn_file_actions_adddup2(3)). It comes before
    // anything is opened, which could take its number.
    if (descriptor >= 0) result = posix_spawn_file_actions_adddup2(files, descriptor, 3);
    for (int stream = 0; stream < 3 && result == 0; stream++)
        result = posix_spawn_file_actions_addopen(files, stream, "/dev/null", stream == 0 ? O_RDONLY : O_WRONLY, 0);
    if (result == 0) result = posix_spawn_file_actions_addclosefrom_np(files, descriptor >= 0 ? 4 : 3);
    if (result == 0) result = posix_spawn_file_actions_addchdir_np(files, "/");
    return result;
}

static int prepare_signals(posix_spawnattr_t *attributes) {
    sigset_t signals;
    sigemptyset(&signals);
    int result = posix_spawnattr_setsigmask(attributes, &signals);
    sigfillset(&signals);
    if (result == 0) result = posix_spawnattr_setsigdefault(attributes, &signals);
    short flags = POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (result == 0) result = posix_spawnattr_setflags(attributes, flags);
    return result;
}

pid_t clinux_spawn_detached(const char *program, char *const *arguments, char *const *environment, int descriptor) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    pid_t pid = -1;
    int result = posix_spawn_file_actions_init(&files);
    if (result != 0) return -result;
    result = posix_spawnattr_init(&attributes);
    if (result == 0) {
        result = prepare_files(&files, descriptor);
        if (result == 0) result = prepare_signals(&attributes);
        if (result == 0) result = posix_spawn(&pid, program, &files, &attributes, arguments, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&files);
    return result == 0 ? pid : -result;
}
