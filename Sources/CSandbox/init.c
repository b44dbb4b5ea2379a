// SPDX-License-Identifier: Apache-2.0
//
// The first process of a pid namespace where the user asked for one (`init: true`): it reaps orphans, forwards signals
// to its only child and ends with that child's status.
#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>
#include <string.h>
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

// The command line of this program, which the kernel reads where execve(2) has put it (proc_pid_cmdline(5)).
static struct {
    char *start;
    size_t length;
} command_line;

// glibc calls constructors with the arguments of main.
__attribute__((constructor)) static void note_command_line(int count, char **arguments) {
    if (count < 1) return;
    char *last = arguments[count - 1];
    command_line.start = arguments[0];
    command_line.length = (size_t)(last - command_line.start) + strlen(last) + 1;
}

// Says who this process is, and not how its parent was started, of which a container is to know nothing.
static void take_name(void) {
    static const char name[] = "init";
    prctl(PR_SET_NAME, name, 0, 0, 0);
    if (command_line.length <= sizeof name) return;
    memset(command_line.start, 0, command_line.length);
    memcpy(command_line.start, name, sizeof name);
    // Where the last byte is not zero the command line ends with the first that is (get_mm_proctitle() of fs/proc/base.c).
    command_line.start[command_line.length - 1] = '.';
}

void csandbox_init(pid_t child) {
    take_name();
    // In a pid namespace that is another's, orphans would pass this process by.
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    KERNEL(SYS_close_range, 0, ~0U, 0, 0, 0);
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
