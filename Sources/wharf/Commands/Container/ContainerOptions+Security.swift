// SPDX-License-Identifier: Apache-2.0

import Arguments
import Composition
import EngineAPI
import OCI

import enum Compose.DurationText

extension ContainerOptions {
    /// What it shares with others.
    func namespaceOptions() -> [Option] {
        [
            text("pid", "mode", "The processes that it sees: host, or container:NAME.", \.host.pidMode),
            text("ipc", "mode", "none, private, shareable, host, or container:NAME.", \.host.ipcMode),
            text("uts", "mode", "Whose host name it has: host.", \.host.utsMode),
            text("userns", "mode", "Whose users it has: host.", \.host.usernsMode),
            .value("cgroupns", "mode", help: "Whose control groups it sees.", allowed: ["host", "private"]) {
                self.host.cgroupnsMode = $0
            },
            map("sysctl", "A setting of its kernel namespaces.", \.host.sysctls),
        ]
    }

    /// What it may do.
    func securityTable() -> [Option] {
        [
            flag("privileged", "Take nearly all walls away.", \.host.privileged),
            list("cap-add", "capability", "One more capability; ALL for all.", \.host.capAdd),
            list("cap-drop", "capability", "One capability less; ALL for all.", \.host.capDrop),
            .value("security-opt", "option", help: "seccomp=FILE, no-new-privileges and its like.", isRepeatable: true)
            {
                self.securityOptions.append($0)
            },
            flag("read-only", "Let it not write to its root file system.", \.host.readonlyRootfs),
        ]
    }

    /// The security options with the content of the profiles that they name.
    func setSecurityOptions() throws {
        var options: [String] = []
        for text in securityOptions {
            switch SecurityOption(text) {
            case nil: throw UsageError("`--security-opt` must be NAME=VALUE or no-new-privileges, not `\(text)`")
            case .unmasked: (host.maskedPaths, host.readonlyPaths) = ([], [])
            case .seccomp(let path): options.append("seccomp=" + (try Self.profile(path)))
            case .other(let option): options.append(option)
            }
        }
        host.securityOpt = options.isEmpty ? nil : options
    }

    /// A profile as one line of JSON.
    private static func profile(_ path: String) throws -> String {
        guard let text = SecurityOption.profile(try InputFile.read(path, limit: 4 << 20, failure: .engine)) else {
            throw CommandFailure(message: "the seccomp profile `\(path)` is not UTF-8", status: .engine)
        }
        // The engine takes nothing for its own profile.
        if text.isEmpty {
            throw CommandFailure(message: "the seccomp profile `\(path)` is empty; it must be JSON", status: .engine)
        }
        return text
    }

    /// The capabilities in one spelling; adding one outweighs dropping it.
    func setCapabilities() {
        func named(_ names: [String]?) -> Set<String> {
            Set((names ?? []).map { $0.uppercased() }.map { $0 == "ALL" || $0.hasPrefix("CAP_") ? $0 : "CAP_" + $0 })
        }
        let added = named(host.capAdd)
        let dropped = named(host.capDrop).subtracting(added)
        host.capAdd = added.isEmpty ? nil : added.sorted()
        host.capDrop = dropped.isEmpty ? nil : dropped.sorted()
    }

    // MARK: Health

    func healthTable() -> [Option] {
        func duration(
            _ name: String,
            _ help: String,
            _ place: WritableKeyPath<HealthOptions, Duration?>
        ) -> Option {
            .value(name, "duration", help: help) { text throws(InvalidValue) in
                self.health[keyPath: place] = try DurationText.read(text)
            }
        }
        return [
            .value("health-cmd", "command", help: "The check, for a shell.") { self.health.command = $0 },
            duration("health-interval", "The time between two checks.", \.interval),
            duration("health-timeout", "How long a check may take.", \.timeout),
            duration("health-start-period", "How long failures do not count at the start.", \.startPeriod),
            duration("health-start-interval", "The time between two checks at the start.", \.startInterval),
            .number("health-retries", "count", help: "How many failures in a row make it unhealthy.") {
                count throws(InvalidValue) in
                guard count >= 0 else { throw InvalidValue("0 or more") }
                self.health.retries = count
            },
            .flag("no-healthcheck", help: "Leave out the image's check.") { self.health.isOff = $0 },
        ]
    }
}

/// What `--health-…` and `--no-healthcheck` say.
struct HealthOptions {
    var command = ""
    var interval: Duration?
    var timeout: Duration?
    var startPeriod: Duration?
    var startInterval: Duration?
    var retries = 0
    var isOff = false

    /// The check of the request; nil where nothing is said.
    func check() throws(UsageError) -> OCI.ContainerConfig.Healthcheck? {
        let durations = [interval, timeout, startPeriod, startInterval].compactMap(\.self).filter { $0 != .zero }
        let isSet = !command.isEmpty || retries != 0 || !durations.isEmpty
        var check = OCI.ContainerConfig.Healthcheck()
        if isOff {
            if isSet { throw UsageError("`--no-healthcheck` cannot be combined with `--health-…`") }
            check.test = ["NONE"]
            return check
        }
        if !isSet { return nil }
        check.test = command.isEmpty ? nil : ["CMD-SHELL", command]
        func value(_ duration: Duration?) -> Duration? { duration == .zero ? nil : duration }
        check.interval = value(interval)
        check.timeout = value(timeout)
        check.startPeriod = value(startPeriod)
        check.startInterval = value(startInterval)
        check.retries = retries == 0 ? nil : retries
        return check
    }
}
