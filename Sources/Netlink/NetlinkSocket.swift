// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
package import Linux
import Synchronization

/// A socket to one family of netlink(7) in one network namespace.
///
/// Threads may share it: exchanges take turns. The kernel answers before sendto(2) returns, so that no exchange waits long.
package final class NetlinkSocket: Sendable {
    /// What is at the other end.
    package enum Family: Sendable {
        /// Links, addresses and routes: rtnetlink(7).
        case route
        /// Tables of nftables and tracked connections.
        case netfilter

        fileprivate var number: Int32 {
            switch self {
            case .route: NETLINK_ROUTE
            case .netfilter: NETLINK_NETFILTER
            }
        }

        fileprivate var name: String {
            switch self {
            case .route: "rtnetlink"
            case .netfilter: "nfnetlink"
            }
        }
    }

    /// What the kernel answered to one request.
    package struct Answer: Sendable {
        /// The messages that came before the verdict.
        package var replies: [Reply] = []
        /// Why the request was refused; nil where it was done.
        package var failure: NetlinkError?
        fileprivate var isComplete = false
    }

    /// The number by which the kernel knows the socket, and the owner of its tables.
    package let port: UInt32
    private let descriptor: Descriptor
    /// The number of the next request, held while an exchange lasts.
    private let sequence = Mutex<UInt32>(1)

    /// Opens a socket.
    ///
    /// - Parameters:
    ///   - family: What to talk to.
    ///   - network: The number of a descriptor of a network namespace, or of a pidfd of a process in it; nil is the one of
    ///     the calling thread.
    /// - Throws: The error of socket(2), bind(2) or setns(2).
    package init(_ family: Family, inNetworkOf network: Int32? = nil) throws(NetlinkError) {
        let (number, port) = try Self.open(family, network)
        descriptor = Descriptor(owning: number)
        self.port = port
        // Room for the acknowledgements of a long series. Without the right to it the usual room does for most.
        _ = clinux_netlink_set_receive_buffer(descriptor.number, 1 << 20)
    }

    /// The number of a socket, which is the caller's to close, and its port.
    static func open(_ family: Family, _ network: Int32?) throws(NetlinkError) -> (Int32, UInt32) {
        let protocolNumber = family.number
        let action = "open a socket to \(family.name)"
        @Sendable func result() throws(SystemError) -> (Int32, UInt32) {
            var port: UInt32 = 0
            let number = try SystemError.check(clinux_netlink_open(protocolNumber, &port), "socket", on: "AF_NETLINK")
            return (number, port)
        }
        do {
            guard let network else { return try result() }
            // A socket stays in the namespace of the thread that makes it; the thread ends with the call.
            return try BlockingCall.runAndJoin {
                try SystemError.check(clinux_setns(network, Int32(CLONE_NEWNET)), "setns", on: "net")
                return try result()
            }
        } catch let error as SystemError {
            throw NetlinkError(action, error)
        } catch {
            throw NetlinkError(.failed, action, reason: "\(error)")
        }
    }

    /// Opens the network namespace that the socket is in (ioctl_ns(2), `SIOCGSKNS` of linux/sockios.h).
    ///
    /// - Returns: A descriptor of it, which requests can name.
    /// - Throws: The error of ioctl(2).
    package func openNetwork() throws(NetlinkError) -> Descriptor {
        let socketNamespace: UInt = 0x894C
        let number = ioctl(descriptor.number, socketNamespace)
        if number < 0 {
            throw NetlinkError("open the network of a container", SystemError("ioctl", errno, on: "SIOCGSKNS"))
        }
        return Descriptor(owning: number)
    }

    /// Has requests done in order.
    ///
    /// They travel together, but each stands for itself: those after one that is refused are done nevertheless.
    ///
    /// - Parameter requests: The requests.
    /// - Throws: The first refusal, with the request's index; or why it is not known what was done.
    package func send(_ requests: [Request]) throws(NetlinkError) {
        for answer in try answers(to: requests) {
            if let failure = answer.failure { throw failure }
        }
    }

    /// Has one request done.
    package func send(_ request: Request) throws(NetlinkError) {
        try send([request])
    }

    /// Has requests done in order and gives an answer to each.
    ///
    /// - Parameter requests: The requests.
    /// - Returns: As many answers, in the same order.
    /// - Throws: Where a request cannot be sent, or it is not known what was done.
    package func answers(to requests: [Request]) throws(NetlinkError) -> [Answer] {
        try checkLengths(of: requests)
        var answers: [Answer] = []
        var rest = requests[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.requestsAtOnce)
            answers += try exchange(Array(part), startingAt: answers.count)
            rest = rest.dropFirst(part.count)
        }
        return answers
    }

    /// So that nothing of a series is sent where one of it cannot be.
    private func checkLengths(of requests: [Request]) throws(NetlinkError) {
        for (index, request) in requests.enumerated() {
            do throws(NetlinkError) {
                try request.checkLength()
            } catch {
                var error = error
                error.index = index
                throw error
            }
        }
    }

    /// So many acknowledgements have room in a socket of the usual size.
    private static let requestsAtOnce = 64

    /// Lists what the kernel has.
    ///
    /// - Parameter request: The request for the list.
    /// - Returns: The messages of a list that did not change meanwhile.
    /// - Throws: The refusal, or that the list changed each time.
    package func dump(_ request: Request) throws(NetlinkError) -> [Reply] {
        var request = request
        request.flags |= UInt16(truncatingIfNeeded: NLM_F_DUMP)
        var loss: NetlinkError?
        for _ in 0..<Self.dumpAttempts {
            do throws(NetlinkError) {
                guard let answer = try exchange([request], startingAt: 0).first else { break }
                if let failure = answer.failure { throw failure }
                // Where something changed between two parts of the list, it may lack what was there all the time.
                let isTorn = answer.replies.contains { $0.flags & UInt16(NLM_F_DUMP_INTR) != 0 }
                if !isTorn { return answer.replies }
            } catch {
                if error.code != .incomplete { throw error }
                loss = error
                discardWaiting()
            }
        }
        throw loss
            ?? NetlinkError(
                .incomplete,
                request.action,
                reason: "the list changed while it was read, \(Self.dumpAttempts) times in a row"
            )
    }

    private static let dumpAttempts = 16

    private func exchange(_ requests: [Request], startingAt index: Int) throws(NetlinkError) -> [Answer] {
        try exclusively { (next: inout UInt32) throws(NetlinkError) in
            let first = next
            next &+= UInt32(requests.count)
            var bytes: [UInt8] = []
            for (offset, request) in requests.enumerated() {
                bytes += try request.encoded(sequence: first &+ UInt32(offset), port: port, extraFlags: NLM_F_ACK)
            }
            let action = requests.count == 1 ? requests[0].action : "have \(requests.count) requests done"
            try transmit(bytes, action)
            var answers = [Answer](repeating: Answer(), count: requests.count)
            while answers.contains(where: { !$0.isComplete }) {
                for reply in try receive(action) {
                    let place = try place(of: reply, from: first, count: requests.count, action)
                    guard let offset = place else { continue }
                    guard let verdict = try verdict(in: reply, action) else {
                        answers[offset].replies.append(reply)
                        continue
                    }
                    // The end of a dump tells by a flag, too, whether the list changed.
                    if reply.flags & UInt16(NLM_F_DUMP_INTR) != 0 { answers[offset].replies.append(reply) }
                    answers[offset].isComplete = true
                    if verdict.number == 0 { continue }
                    answers[offset].failure = NetlinkError(requests[offset], verdict, index: index + offset)
                }
            }
            return answers
        }
    }

    /// Has changes of nftables made, all or none (nfnetlink's batches).
    ///
    /// - Parameter requests: The changes, in the order in which they depend on each other.
    /// - Throws: The first refusal, with the request's index.
    package func commit(_ requests: [Request]) throws(NetlinkError) {
        guard let last = requests.indices.last else { return }
        try checkLengths(of: requests)
        let frame = NetfilterBatch(requests.count)
        try exclusively { (next: inout UInt32) throws(NetlinkError) in
            let first = next
            next &+= UInt32(requests.count) &+ 2
            var bytes = try frame.begin.encoded(sequence: first, port: port)
            for (index, request) in requests.enumerated() {
                bytes += try request.encoded(
                    sequence: first &+ 1 &+ UInt32(index),
                    port: port,
                    // Refusals come in any case; the last one's acknowledgement tells that there are none.
                    extraFlags: index == last ? NLM_F_ACK : 0
                )
            }
            bytes += try frame.end.encoded(sequence: first &+ UInt32(requests.count) &+ 1, port: port)
            try transmit(bytes, frame.begin.action)
            var verdicts: [Int: Acknowledgement] = [:]
            while verdicts[0] == nil, verdicts[requests.count] == nil {
                for reply in try receive(frame.begin.action) {
                    let place = try place(of: reply, from: first, count: requests.count + 2, frame.begin.action)
                    guard let place, let verdict = try verdict(in: reply, frame.begin.action) else { continue }
                    if verdicts[place] == nil { verdicts[place] = verdict }
                }
            }
            let refused = verdicts.filter { $0.value.number != 0 && $0.key > 0 && $0.key <= requests.count }
            if let (place, verdict) = refused.min(by: { $0.key < $1.key }) {
                throw NetlinkError(requests[place - 1], verdict, index: place - 1)
            }
            if let verdict = verdicts[0], verdict.number != 0 {
                throw NetlinkError(frame.begin, verdict, index: 0)
            }
        }
    }

    private func exclusively<Value>(
        _ body: (inout UInt32) throws(NetlinkError) -> Value
    ) throws(NetlinkError) -> Value {
        let result: Result<Value, NetlinkError> = sequence.withLock { next in
            do throws(NetlinkError) {
                return .success(try body(&next))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func transmit(_ bytes: [UInt8], _ action: String) throws(NetlinkError) {
        var result = clinux_netlink_send(descriptor.number, bytes, bytes.count)
        if result == -Int64(EMSGSIZE), let size = Int32(exactly: bytes.count) {
            // The kernel doubles what it is told, for its own part of each message.
            let raised = clinux_netlink_set_send_buffer(descriptor.number, size)
            if raised == 0 { result = clinux_netlink_send(descriptor.number, bytes, bytes.count) }
        }
        do throws(SystemError) {
            try SystemError.check(result, "sendto", on: "\(bytes.count) bytes")
        } catch {
            throw NetlinkError(action, error)
        }
    }

    /// The messages of the next datagram from the kernel.
    private func receive(_ action: String) throws(NetlinkError) -> [Reply] {
        do {
            while true {
                try wait()
                var sender: UInt32 = 0
                var nothing: UInt8 = 0
                let peek = Int32(MSG_PEEK | MSG_DONTWAIT)
                let waiting = clinux_netlink_receive(descriptor.number, &nothing, 0, peek, &sender)
                if waiting == -Int64(EAGAIN) { continue }
                let size = Int(try SystemError.check(waiting, "recvfrom"))
                var bytes = [UInt8](repeating: 0, count: size)
                let received = clinux_netlink_receive(descriptor.number, &bytes, size, Int32(MSG_DONTWAIT), &sender)
                if received == -Int64(EAGAIN) { continue }
                let count = Int(try SystemError.check(received, "recvfrom"))
                // Any process may send to the port; only the kernel is port 0.
                if sender != 0 { continue }
                return try Reply.split(bytes[..<min(count, size)])
            }
        } catch let error as SystemError where error.number == ENOBUFS {
            throw NetlinkError(.incomplete, action, reason: "answers were lost: \(error)", number: ENOBUFS)
        } catch let error as SystemError {
            throw NetlinkError(action, error)
        } catch let error as MalformedReply {
            throw NetlinkError(action, error)
        } catch {
            throw NetlinkError(.failed, action, reason: "\(error)")
        }
    }

    /// Reads what is left of a list to its end: the kernel begins no other one before.
    private func discardWaiting() {
        sequence.withLock { _ in
            var (byte, sender): (UInt8, UInt32) = (0, 0)
            while true {
                let result = clinux_netlink_receive(descriptor.number, &byte, 1, Int32(MSG_DONTWAIT), &sender)
                if result < 0, result != -Int64(ENOBUFS) { return }
            }
        }
    }

    /// Waits until there is something to receive.
    private func wait() throws(SystemError) {
        var request = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
        while true {
            let count = poll(&request, 1, Self.patienceMilliseconds)
            if count > 0 { return }
            if count == 0 { throw SystemError("poll", ETIMEDOUT) }
            let failure = errno
            if failure != EINTR { throw SystemError("poll", failure) }
        }
    }

    /// For a kernel that does not answer at all, so that nothing hangs; it is no measure of speed.
    private static let patienceMilliseconds: Int32 = 30_000

    /// Which of the requests a message answers; nil where it is one of an earlier exchange, whose answers were given up.
    private func place(
        of reply: Reply,
        from first: UInt32,
        count: Int,
        _ action: String
    ) throws(NetlinkError) -> Int? {
        let offset = reply.sequence &- first
        if offset < UInt32(count), reply.port == port { return Int(offset) }
        if offset > UInt32(Int32.max), reply.port == port { return nil }
        throw NetlinkError(
            action,
            MalformedReply("number \(reply.sequence) for port \(reply.port) where \(first) for \(port) was asked")
        )
    }

    private func verdict(in reply: Reply, _ action: String) throws(NetlinkError) -> Acknowledgement? {
        guard reply.type == NLMSG_ERROR || reply.type == NLMSG_DONE else { return nil }
        do throws(MalformedReply) {
            return try Acknowledgement(reply)
        } catch {
            throw NetlinkError(action, error)
        }
    }
}
