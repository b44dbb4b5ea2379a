// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clinux.h"

static void fill(sigset_t *set, const int *signals, size_t count) {
    sigemptyset(set);
    for (size_t i = 0; i < count; i++) sigaddset(set, signals[i]);
}

int clinux_block_signals(const int *signals, size_t count, int blocks) {
    sigset_t set;
    fill(&set, signals, count);
    return -pthread_sigmask(blocks ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

int clinux_signal_descriptor(const int *signals, size_t count) {
    sigset_t set;
    fill(&set, signals, count);
    int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor < 0) return -errno;
    int result = clinux_block_signals(signals, count, 1);
    if (result == 0) return descriptor;
    close(descriptor);
    return result;
}

int clinux_next_signal(int descriptor) {
    struct signalfd_siginfo information;
    ssize_t count;
    do count = read(descriptor, &information, sizeof information);
    while (count < 0 && errno == EINTR);
    if (count < 0) return -errno;
    return count == sizeof information ? (int)information.ssi_signo : -EIO;
}
