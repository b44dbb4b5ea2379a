// SPDX-License-Identifier: Apache-2.0

import CKeeper
import CLinux
import Glibc
import Linux

/// Has the keeper clone: what it starts outlives this process.
package struct KeeperLauncher: Launcher {
    private let client: KeeperClient
    private let keepsFailures: Bool

    /// A launcher that has a keeper clone.
    ///
    /// - Parameters:
    ///   - client: The keeper's client.
    ///   - keepsFailures: Whether the keeper keeps a process whose program never ran until it is asked to forget it: for
    ///     whoever may die before it has written the failure down.
    package init(_ client: KeeperClient, keepsFailures: Bool = false) {
        self.client = client
        self.keepsFailures = keepsFailures
    }

    package func launch(_ plan: Plan, name: String) throws(LaunchError) -> StartingProcess {
        do {
            let connection = try client.connect()
            let file = try Self.file(of: plan)
            var descriptors = [file.number] + plan.descriptors
            let words = "launch \(name)"
            while descriptors.count > Int(KEEPER_PACKET_DESCRIPTORS) {
                let part = Array(descriptors.prefix(Int(KEEPER_PACKET_DESCRIPTORS)))
                try connection.send(KEEPER_DESCRIPTORS, words, descriptors: part)
                descriptors.removeFirst(part.count)
            }
            let tag = keepsFailures ? KEEPER_KEEPS_FAILURE : 0
            try connection.send(KEEPER_LAUNCH, words, name: name, tag: tag, descriptors: descriptors)
            return try Self.launched(connection, plan)
        } catch let error as KeeperError {
            throw .keeper(error)
        } catch let error as LaunchError {
            throw error
        } catch let error as SystemError {
            throw .launch(error)
        } catch {
            throw .launch(SystemError("clone3", EINVAL, on: "\(error)"))
        }
    }

    static func file(of plan: Plan) throws(SystemError) -> Descriptor {
        let result = clinux_memfd_create("plan", UInt32(CLINUX_MFD_CLOEXEC))
        let file = Descriptor(owning: try SystemError.check(result, "memfd_create"))
        let written = plan.bytes.withUnsafeBytes { write(file.number, $0.baseAddress, plan.size) }
        if written != plan.size { throw SystemError("write", written < 0 ? errno : EIO, on: "the plan") }
        return file
    }

    /// The first answer: the process, or why there is none.
    private static func launched(
        _ connection: consuming KeeperConnection,
        _ plan: Plan
    ) throws(LaunchError) -> StartingProcess {
        var report = csandbox_report()
        var descriptor: Int32 = -1
        let result = csandbox_receive(connection.socket.number, 0, &report, &descriptor)
        let pidfd = descriptor < 0 ? nil : Descriptor(owning: descriptor)
        if result < 0 { throw .launch(SystemError("recvmsg", -result)) }
        guard result == 1 else { throw .keeper(.noAnswer("launch a process")) }
        switch csandbox_report_kind(report.kind) {
        case CSANDBOX_FAILED: throw .launch(SystemError("clone3", report.error))
        case CSANDBOX_LAUNCHED:
            // The keeper ends a process that nobody waits for.
            guard let pidfd else { throw .descriptorLost }
            let socket = connection.takeSocket()
            return StartingProcess(pid: Int32(report.detail), pidfd: pidfd, report: socket, plan: plan)
        default: throw .unknownReport(report.kind)
        }
    }
}

extension KeeperConnection {
    fileprivate consuming func takeSocket() -> Descriptor {
        socket
    }
}
