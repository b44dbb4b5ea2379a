// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The two messages around changes that are made together (linux/netfilter/nfnetlink.h).
struct NetfilterBatch {
    let begin: Request
    let end: Request

    init(_ count: Int) {
        // The structure's version is NFNETLINK_V0; the resource is the subsystem that the messages are for.
        let structure = nfgenmsg(
            nfgen_family: UInt8(AF_UNSPEC),
            version: UInt8(NFNETLINK_V0),
            res_id: UInt16(NFNL_SUBSYS_NFTABLES).bigEndian
        )
        let action = "commit \(count) change\(count == 1 ? "" : "s") of nftables"
        begin = Request(type: UInt16(NFNL_MSG_BATCH_BEGIN), structure: structure, action: action)
        end = Request(type: UInt16(NFNL_MSG_BATCH_END), structure: structure, action: action)
    }
}
