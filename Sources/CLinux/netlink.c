// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clinux_netlink.h"

const uint32_t CLINUX_IFF_UP = IFF_UP;
const uint32_t CLINUX_IFF_LOOPBACK = IFF_LOOPBACK;
const uint32_t CLINUX_NFT_TABLE_F_PERSIST = 4;

static int prepare(int descriptor, uint32_t *port) {
    const int on = 1;
    struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    socklen_t size = sizeof address;
    if (setsockopt(descriptor, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on) < 0) return -errno;
    if (setsockopt(descriptor, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on) < 0) return -errno;
    if (setsockopt(descriptor, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on) < 0) return -errno;
    // Port 0 lets the kernel choose: the number of the process could be another socket's already.
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0) return -errno;
    if (getsockname(descriptor, (struct sockaddr *)&address, &size) < 0) return -errno;
    if (size != sizeof address) return -EPROTO;
    *port = address.nl_pid;
    return 0;
}

int clinux_netlink_open(int protocol, uint32_t *port) {
    int saved = errno;
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    int result = descriptor < 0 ? -errno : prepare(descriptor, port);
    if (result < 0 && descriptor >= 0) close(descriptor);
    errno = saved;
    return result < 0 ? result : descriptor;
}

int clinux_netlink_join(int descriptor, int group) {
    int saved = errno;
    int result = setsockopt(descriptor, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0 ? -errno : 0;
    errno = saved;
    return result;
}

static int set_buffer(int descriptor, int option, int size) {
    int saved = errno;
    int result = setsockopt(descriptor, SOL_SOCKET, option, &size, sizeof size) < 0 ? -errno : 0;
    errno = saved;
    return result;
}

int clinux_netlink_set_send_buffer(int descriptor, int size) {
    return set_buffer(descriptor, SO_SNDBUFFORCE, size);
}

int clinux_netlink_set_receive_buffer(int descriptor, int size) {
    return set_buffer(descriptor, SO_RCVBUFFORCE, size);
}

int64_t clinux_netlink_send(int descriptor, const void *bytes, size_t size) {
    int saved = errno;
    ssize_t count;
    // Without connect(2) the destination must be named; zeros are the kernel.
    const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    do count = sendto(descriptor, bytes, size, 0, (const struct sockaddr *)&kernel, sizeof kernel);
    while (count < 0 && errno == EINTR);
    int64_t result = count < 0 ? -errno : count;
    errno = saved;
    return result;
}

int64_t clinux_netlink_receive(int descriptor, void *bytes, size_t size, int flags, uint32_t *sender) {
    int saved = errno;
    ssize_t count;
    struct sockaddr_nl address = {0};
    socklen_t length;
    do {
        length = sizeof address;
        count = recvfrom(descriptor, bytes, size, flags | MSG_TRUNC, (struct sockaddr *)&address, &length);
    } while (count < 0 && errno == EINTR);
    int64_t result = count < 0 ? -errno : length != sizeof address ? -EPROTO : count;
    *sender = address.nl_pid;
    errno = saved;
    return result;
}
