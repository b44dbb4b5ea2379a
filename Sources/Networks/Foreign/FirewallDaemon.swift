// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// firewalld(1), by its program firewall-cmd(1).
struct FirewallDaemon: Sendable {
    let program: String

    /// How long it may take to answer, in milliseconds: it is a program of Python that asks another one.
    private static let patience: Int32 = 20_000

    private func answer(_ arguments: [String]) -> (isDone: Bool, text: String) {
        do throws(SystemError) {
            let (end, text) = try ProgramRun.answer(of: program, arguments, milliseconds: Self.patience)
            return (end == .exit(0), text)
        } catch {
            return (false, error.description)
        }
    }

    /// Whether it runs; false where its program is not there.
    var isRunning: Bool { access(program, X_OK) == 0 && answer(["--state"]).isDone }

    /// What of it is in the way of bridges; nil where all of them are in its zone `trusted`.
    func obstacle(_ bridges: [String]) -> Obstacle? {
        let blocked = bridges.filter { !answer(["--zone=trusted", "--query-interface=\($0)"]).isDone }
        if blocked.isEmpty, !bridges.isEmpty { return nil }
        let named = blocked.isEmpty ? ["BRIDGE"] : blocked
        return Obstacle(
            kind: .firewalld,
            reason: "firewalld rejects what is forwarded from interfaces that are in no zone which allows it",
            commands: named.map { "firewall-cmd --zone=trusted --add-interface=\($0)" },
            isSolvable: isRunning
        )
    }

    /// Puts bridges into the zone `trusted`, until the daemon is loaded anew.
    func trust(_ bridges: [String]) throws(ForeignFirewallError) {
        for bridge in bridges {
            if answer(["--zone=trusted", "--query-interface=\(bridge)"]).isDone { continue }
            try change("--add-interface", bridge, "add \(bridge) to firewalld's zone trusted")
        }
    }

    /// Takes bridges out of the zone `trusted`.
    func distrust(_ bridges: [String]) throws(ForeignFirewallError) {
        for bridge in bridges where answer(["--zone=trusted", "--query-interface=\(bridge)"]).isDone {
            try change("--remove-interface", bridge, "take \(bridge) out of firewalld's zone trusted")
        }
    }

    private func change(_ option: String, _ bridge: String, _ action: String) throws(ForeignFirewallError) {
        let (isDone, text) = answer(["--zone=trusted", "\(option)=\(bridge)"])
        if isDone { return }
        let words = text.split(separator: "\n").first.map(String.init) ?? "it does not say why"
        throw ForeignFirewallError(
            action: action,
            reason: "\(words); try `\(program) --zone=trusted \(option)=\(bridge)`"
        )
    }
}
