// SPDX-License-Identifier: Apache-2.0
//
// netlink(7): the sockets, and the constants and structures of the kernel's headers, which `import Glibc` lacks. A function
// returns what the kernel gave, or -errno; none changes errno.
#ifndef CLINUX_NETLINK_H
#define CLINUX_NETLINK_H

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// Flags of interfaces (netdevice(7)): linux/if.h clashes with net/if.h.
extern const uint32_t CLINUX_IFF_UP;
extern const uint32_t CLINUX_IFF_LOOPBACK;
// NFT_TABLE_F_PERSIST of Linux 6.9.
extern const uint32_t CLINUX_NFT_TABLE_F_PERSIST;

// A socket, close-on-exec, in the network namespace of the calling thread, bound to a port that the kernel chooses. It asks
// for extended acknowledgements without a copy of the request, and for strict checks of what a dump is asked for.
int clinux_netlink_open(int protocol, uint32_t *port);
// Hears what the kernel tells a group: RTNLGRP_LINK for example.
int clinux_netlink_join(int socket, int group);
// Raises how much may wait in the socket, on one side, above the limit for all (SO_SNDBUFFORCE, SO_RCVBUFFORCE).
int clinux_netlink_set_send_buffer(int socket, int size);
int clinux_netlink_set_receive_buffer(int socket, int size);
// Sends one datagram to the kernel.
int64_t clinux_netlink_send(int socket, const void *bytes, size_t size);
// One datagram: its whole length, also where it is above `size`, and the port of who sent it, which is 0 for the kernel.
int64_t clinux_netlink_receive(int socket, void *bytes, size_t size, int flags, uint32_t *sender);

#pragma clang assume_nonnull end
#endif
