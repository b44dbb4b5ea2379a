// SPDX-License-Identifier: Apache-2.0
//
// The first process of a pid namespace where the user asked for one (`init: true`): it reaps orphans, forwards signals
// to its only child and ends with that child's status.
#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "interpreter.h"

// Reaps what has ended. The status of the container once its main process has, else -1.
static int reap(pid_t main_process) {
    int status, result = -1;
    pid_t ended;
    while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
        if (ended == main_process) result = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return result;
}

void csandbox_init(pid_t child) {
    prctl(PR_SET_NAME, "init", 0, 0, 0);
    // In a pid namespace that is another's, orphans would pass this process by.
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    sigset_t all;
    sigfillset(&all);
    // Those that a fault of init itself raises must end it.
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGFPE);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (;;) {
        int status = reap(child);
        if (status >= 0) _exit(status);
        siginfo_t info;
        int number = sigwaitinfo(&all, &info);
        if (number > 0 && number != SIGCHLD) kill(child, number);
    }
}
