// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "clinux.h"

union control {
    struct cmsghdr header;
    uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

int clinux_datagram_prepare(int socket, int is_v6) {
    int saved = errno;
    const int on = 1;
    int result = is_v6 ? setsockopt(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on)
                       : setsockopt(socket, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    result = result < 0 ? -errno : 0;
    errno = saved;
    return result;
}

static void note_local(const struct cmsghdr *header, struct clinux_datagram_ends *ends) {
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(header), sizeof info);
        // The address of the host that goes with it, also where it was sent to all on the link.
        memcpy(ends->local, &info.ipi_spec_dst, sizeof info.ipi_spec_dst);
        ends->local_size = sizeof info.ipi_spec_dst;
    }
    if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
        struct in6_pktinfo info;
        memcpy(&info, CMSG_DATA(header), sizeof info);
        if (IN6_IS_ADDR_MULTICAST(&info.ipi6_addr)) return;
        memcpy(ends->local, &info.ipi6_addr, sizeof info.ipi6_addr);
        ends->local_size = sizeof info.ipi6_addr;
        // Such an address is one of each link.
        if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) ends->interface = info.ipi6_ifindex;
    }
}

int64_t clinux_datagram_receive(int socket, void *bytes, size_t size, struct clinux_datagram_ends *ends) {
    int saved = errno;
    union control control;
    struct iovec vector = {.iov_base = bytes, .iov_len = size};
    struct msghdr message;
    ssize_t count;
    do {
        memset(ends, 0, sizeof *ends);
        memset(&message, 0, sizeof message);
        message.msg_name = ends->peer;
        message.msg_namelen = sizeof ends->peer;
        message.msg_iov = &vector;
        message.msg_iovlen = 1;
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        count = recvmsg(socket, &message, MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    int64_t result = count < 0 ? -errno : count;
    errno = saved;
    if (result < 0) return result;
    ends->peer_size = message.msg_namelen;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header))
        note_local(header, ends);
    return result;
}

static size_t add_local(struct cmsghdr *header, const struct clinux_datagram_ends *ends) {
    if (ends->local_size == sizeof(struct in_addr)) {
        struct in_pktinfo info = {.ipi_ifindex = (int)ends->interface};
        memcpy(&info.ipi_spec_dst, ends->local, sizeof info.ipi_spec_dst);
        header->cmsg_level = IPPROTO_IP;
        header->cmsg_type = IP_PKTINFO;
        header->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(header), &info, sizeof info);
        return CMSG_SPACE(sizeof info);
    }
    struct in6_pktinfo info = {.ipi6_ifindex = ends->interface};
    memcpy(&info.ipi6_addr, ends->local, sizeof info.ipi6_addr);
    header->cmsg_level = IPPROTO_IPV6;
    header->cmsg_type = IPV6_PKTINFO;
    header->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(header), &info, sizeof info);
    return CMSG_SPACE(sizeof info);
}

int64_t clinux_datagram_send(int socket, const void *bytes, size_t size, const struct clinux_datagram_ends *ends) {
    int saved = errno;
    union control control;
    memset(&control, 0, sizeof control);
    struct iovec vector = {.iov_base = (void *)bytes, .iov_len = size};
    struct msghdr message = {
        .msg_name = (void *)ends->peer, .msg_namelen = ends->peer_size, .msg_iov = &vector, .msg_iovlen = 1};
    if (ends->local_size > 0) {
        message.msg_control = &control;
        message.msg_controllen = add_local(&control.header, ends);
    }
    ssize_t count;
    do count = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (count < 0 && errno == EINTR);
    int64_t result = count < 0 ? -errno : count;
    errno = saved;
    return result;
}
