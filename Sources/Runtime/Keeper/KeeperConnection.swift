// SPDX-License-Identifier: Apache-2.0

import CKeeper
import CLinux
import Glibc
import Linux

/// One request to the keeper and its answers.
struct KeeperConnection: ~Copyable, Sendable {
    let socket: Descriptor

    init(to path: String) throws(KeeperError) {
        do {
            socket = Descriptor(owning: try SystemError.check(clinux_connect(path), "connect", on: path))
        } catch {
            throw .unreachable(error)
        }
    }

    /// Sends a request.
    func send(
        _ kind: keeper_request_kind,
        _ words: String,
        name: String = "",
        pid: Int32 = 0,
        tag: UInt32 = 0,
        descriptors: [Int32] = [],
        _ complete: (inout keeper_request) -> Void = { _ in }
    ) throws(KeeperError) {
        var request = keeper_request()
        request.magic = KEEPER_MAGIC
        request.version = UInt16(KEEPER_VERSION)
        request.kind = UInt16(kind.rawValue)
        request.pid = pid
        request.tag = tag
        let bytes = Array(name.utf8)
        guard bytes.count < Int(KEEPER_KEY_SIZE), !bytes.contains(0) else {
            throw .refused(words, SystemError("request", ENAMETOOLONG, on: name))
        }
        withUnsafeMutableBytes(of: &request.key) { $0.copyBytes(from: bytes) }
        complete(&request)
        let size = MemoryLayout<keeper_request>.size
        let sent = clinux_send_packet(socket.number, &request, size, descriptors, descriptors.count, 0)
        if sent < 0 { throw .unreachable(SystemError("sendmsg", Int32(-sent))) }
    }

    /// The next answer; nil where there are no more.
    func receive(_ words: String) throws(KeeperError) -> KeeperAnswer? {
        var answer = keeper_answer()
        var descriptor: Int32 = -1
        var count = 0
        let size = MemoryLayout<keeper_answer>.size
        let length = clinux_receive_packet(socket.number, &answer, size, &descriptor, 1, &count, 0)
        if length == 0 { return nil }
        if length < 0 { throw .unreachable(SystemError("recvmsg", Int32(-length))) }
        let owned = count == 1 ? Descriptor(owning: descriptor) : nil
        guard length == Int64(size) else { throw .noAnswer(words) }
        return KeeperAnswer(answer, owned)
    }
}

/// An answer of the keeper with the descriptor that came along.
struct KeeperAnswer: ~Copyable {
    let error: Int32
    let pid: Int32
    let tag: UInt32
    let name: String
    let state: KeptProcess.State
    let ended: UInt64
    let isStarting: Bool
    private var descriptor: Descriptor?

    init(_ answer: keeper_answer, _ descriptor: consuming Descriptor?) {
        error = answer.error
        pid = answer.pid
        tag = answer.tag
        ended = answer.ended
        isStarting = answer.starting != 0
        name = withUnsafeBytes(of: answer.key) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        state =
            switch keeper_state(answer.state) {
            case KEEPER_RUNNING: .running
            case KEEPER_EXITED: .ended(.exit(answer.status))
            case KEEPER_KILLED: .ended(.signal(answer.status))
            case KEEPER_FAILED: .failed(answer.status)
            default: .lost
            }
        self.descriptor = descriptor
    }

    consuming func takeDescriptor() -> Descriptor? {
        descriptor.take()
    }
}

extension KeptProcess {
    init?(_ answer: consuming KeeperAnswer) {
        let (name, pid, state, ended) = (answer.name, answer.pid, answer.state, answer.ended)
        let isStarting = answer.isStarting
        guard let pidfd = answer.takeDescriptor() else { return nil }
        self.init(name: name, pid: pid, state: state, ended: ended, isStarting: isStarting, pidfd: pidfd)
    }
}
