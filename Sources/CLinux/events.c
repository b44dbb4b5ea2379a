// SPDX-License-Identifier: Apache-2.0
//
// Sockets with descriptors, and events.
#define _GNU_SOURCE
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "clinux.h"

#define MOST_DESCRIPTORS 253  // SCM_MAX_FD
#define MOST_EVENTS 64

static int or_error(long result) { return result < 0 ? -errno : (int)result; }

static int address(const char *path, struct sockaddr_un *result) {
    memset(result, 0, sizeof *result);
    result->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof result->sun_path) return -ENAMETOOLONG;
    strcpy(result->sun_path, path);
    return 0;
}

static int seqpacket(void) { return or_error(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)); }

int clinux_listen(const char *path, int backlog) {
    struct sockaddr_un name;
    int result = address(path, &name);
    if (result < 0) return result;
    int listener = seqpacket();
    if (listener < 0) return listener;
    // The mode of a socket's file is that of its inode at bind(2): nobody else may connect in between.
    result = or_error(fchmod(listener, 0600));
    if (result == 0) result = or_error(bind(listener, (struct sockaddr *)&name, sizeof name));
    if (result == 0) result = or_error(listen(listener, backlog));
    if (result == 0) return listener;
    close(listener);
    return result;
}

int clinux_connect(const char *path) {
    struct sockaddr_un name;
    int result = address(path, &name);
    if (result < 0) return result;
    int descriptor = or_error(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (descriptor < 0) return descriptor;
    do result = or_error(connect(descriptor, (struct sockaddr *)&name, sizeof name));
    while (result == -EINTR);
    if (result == 0) return descriptor;
    close(descriptor);
    return result;
}


int clinux_accept(int listener, int flags) { return or_error(accept4(listener, NULL, NULL, flags | SOCK_CLOEXEC)); }

int clinux_peer_user(int descriptor, uid_t *user) {
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    int result = or_error(getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size));
    if (result == 0) *user = credentials.uid;
    return result;
}

int64_t clinux_send_packet(int socket, const void *bytes, size_t size, const int *descriptors, size_t count, int flags) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int) * MOST_DESCRIPTORS)];
    } control;
    struct iovec part = {(void *)(uintptr_t)bytes, size};
    struct msghdr envelope = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > MOST_DESCRIPTORS) return -EMSGSIZE;
    if (count > 0) {
        memset(&control, 0, CMSG_SPACE(sizeof(int) * count));
        envelope.msg_control = &control;
        envelope.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(&control.header), descriptors, sizeof(int) * count);
    }
    ssize_t sent;
    do sent = sendmsg(socket, &envelope, flags | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

int64_t clinux_receive_packet(int socket, void *bytes, size_t size, int *descriptors, size_t capacity, size_t *count,
                              int flags) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int) * MOST_DESCRIPTORS)];
    } control;
    struct iovec part = {bytes, size};
    struct msghdr envelope = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    *count = 0;
    ssize_t length;
    do length = recvmsg(socket, &envelope, flags | MSG_CMSG_CLOEXEC);
    while (length < 0 && errno == EINTR);
    if (length < 0) return -errno;
    int fits = !(envelope.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&envelope); part; part = CMSG_NXTHDR(&envelope, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        size_t received = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < received; i++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(part) + i * sizeof descriptor, sizeof descriptor);
            if (*count < capacity) {
                descriptors[(*count)++] = descriptor;
            } else {
                close(descriptor);
                fits = 0;
            }
        }
    }
    if (fits) return length;
    while (*count > 0) close(descriptors[--*count]);
    return -EMSGSIZE;
}

int clinux_epoll_create(void) { return or_error(epoll_create1(EPOLL_CLOEXEC)); }

static int control(int epoll, int operation, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return or_error(epoll_ctl(epoll, operation, descriptor, &event));
}

int clinux_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token) {
    return control(epoll, EPOLL_CTL_ADD, descriptor, events, token);
}

int clinux_epoll_change(int epoll, int descriptor, uint32_t events, uint64_t token) {
    return control(epoll, EPOLL_CTL_MOD, descriptor, events, token);
}

int clinux_epoll_remove(int epoll, int descriptor) { return control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0); }

int clinux_epoll_wait(int epoll, struct clinux_event *events, int capacity, int timeout_milliseconds) {
    struct epoll_event found[MOST_EVENTS];
    int count = epoll_wait(epoll, found, capacity < MOST_EVENTS ? capacity : MOST_EVENTS, timeout_milliseconds);
    if (count < 0) return -errno;
    for (int i = 0; i < count; i++) {
        events[i].events = found[i].events;
        events[i].token = found[i].data.u64;
    }
    return count;
}

int clinux_semaphore_wait(sem_t *semaphore, const struct timespec *deadline) {
    return or_error(sem_clockwait(semaphore, CLOCK_MONOTONIC, deadline));
}

uint64_t clinux_real_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}
