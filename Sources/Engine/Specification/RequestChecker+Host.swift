// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Linux
import OCI
import Runtime

// What the host gives to a container, but for networks and limits.
extension RequestChecker {
    mutating func checkHost(_ host: HostConfig) {
        checkRestartPolicy(host)
        require(
            !host.autoRemove || ["", "no"].contains(host.restartPolicy.name),
            "can't create 'AutoRemove' container with restart policy"
        )
        checkModes(host)
        checkCapabilities(host)
        do {
            warnings += try SecurityOptions(host.securityOpt ?? [], hasAppArmor: machine.hasAppArmor).warnings
        } catch {
            problems.append(error.text)
        }
        checkSysctls(host)
        checkOthers(host)
        do { _ = try LogSettings(host.logConfig) } catch { problems.append(error.text) }
        for path in (host.maskedPaths ?? []) + (host.readonlyPaths ?? []) where !path.hasPrefix("/") {
            refuse("a masked or read-only path is not absolute", path)
        }
        for group in host.groupAdd ?? [] where group.isEmpty || group.utf8.count > 256 || group.contains(":") {
            refuse("invalid group in GroupAdd", group)
        }
    }

    mutating func checkRestartPolicy(_ host: HostConfig) {
        let policy = host.restartPolicy
        switch policy.name {
        case "", "no", "always", "unless-stopped":
            require(
                policy.maximumRetryCount == 0,
                "invalid restart policy: maximum retry count can only be used with 'on-failure'"
                    + (policy.maximumRetryCount < 0 ? " and cannot be negative" : "")
            )
        case "on-failure":
            require(
                policy.maximumRetryCount >= 0,
                "invalid restart policy: maximum retry count cannot be negative"
            )
        default:
            problems.append(
                "invalid restart policy: unknown policy '\(policy.name.prefix(64))'; "
                    + "use one of 'no', 'always', 'on-failure', or 'unless-stopped'"
            )
        }
    }

    private mutating func checkModes(_ host: HostConfig) {
        let modes: [(String, String, Set<String>, Bool)] = [
            ("PID mode", host.pidMode, ["", "host"], true),
            ("IPC mode", host.ipcMode, ["", "none", "private", "shareable", "host"], true),
            ("UTS mode", host.utsMode, ["", "host"], false),
            ("user namespace mode", host.usernsMode, ["", "host"], false),
            ("cgroup namespace mode", host.cgroupnsMode, ["", "private", "host"], false),
        ]
        for (name, value, known, joins) in modes where !known.contains(value) {
            if joins, value.hasPrefix("container:"), value != "container:" { continue }
            refuse("invalid \(name)", value)
        }
        require(
            ["", "default"].contains(host.isolation),
            "invalid isolation \"\(host.isolation.prefix(64))\" on linux"
        )
        require(host.cgroup.isEmpty, "Cgroup is not supported: a container has a group of its own; use CgroupParent")
        let runtimes = ["", "runc", "io.containerd.runc.v2", "wharf"]
        if !runtimes.contains(host.runtime) { refuse("unknown or invalid runtime name", host.runtime) }
    }

    private mutating func checkCapabilities(_ host: HostConfig) {
        for (field, names) in [("CapAdd", host.capAdd ?? []), ("CapDrop", host.capDrop ?? [])] {
            for name in names where name.uppercased() != "ALL" {
                if (try? Capability(named: name)) == nil {
                    problems.append("invalid \(field): unknown capability: \"\(name.prefix(64))\"")
                }
            }
        }
    }

    private mutating func checkSysctls(_ host: HostConfig) {
        for (name, value) in (host.sysctls ?? [:]).sorted(by: { $0.key < $1.key }) {
            // A name with a value in it could carry a second one (CVE-2022-0811).
            guard Sysctl.isName(name), !name.contains(where: { $0.isWhitespace || "=+".contains($0) }),
                let namespace = Sysctl.namespace(of: name)
            else {
                refuse("sysctl is not in a namespace of the container's own and would change the host", name)
                continue
            }
            // Interfaces come after the settings of the whole network.
            let parts = name.split(separator: ".")
            require(
                parts.count != 5 || parts[0] != "net" || !parts[3].hasPrefix("eth"),
                "interface specific sysctl setting \"\(name.prefix(128))\" must be supplied using driver option "
                    + "'\(NetworkDefinition.Option.interfaceSettings)'"
            )
            require(
                value.utf8.count < 4096 && !value.contains("\n") && !value.utf8.contains(0),
                "sysctl \(name) has a value that is not one line"
            )
            let isHost =
                switch namespace {
                case .network: host.networkMode == "host"
                case .ipc: host.ipcMode == "host"
                case .uts: host.utsMode == "host"
                default: false
                }
            require(
                !isHost,
                "sysctl \"\(name)\" is not allowed: the container has the host's \(namespace.rawValue) namespace"
            )
        }
    }

    private mutating func checkOthers(_ host: HostConfig) {
        require(
            (-1000...1000).contains(host.oomScoreAdj),
            "Invalid value \(host.oomScoreAdj), range for oom score adj is [-1000, 1000]"
        )
        require(host.shmSize >= 0, "SHM size can not be less than 0")
        if let size = host.consoleSize, !size.isEmpty {
            require(size.count == 2 && size.allSatisfy { $0 <= 65_535 }, "ConsoleSize is not rows and columns")
        }
        for text in host.volumesFrom ?? [] {
            do { _ = try VolumeSource(text) } catch { problems.append(error.text) }
        }
        do { try VolumeName.check(driver: host.volumeDriver, of: "volume") } catch { problems.append(error.text) }
        if host.storageOpt?.isEmpty == false {
            problems.append(
                "StorageOpt is not supported: the size of a container's file system has no limit of its own"
            )
        }
        for name in (host.annotations ?? [:]).keys where name.isEmpty {
            problems.append("invalid Annotations: the empty string is not permitted as an annotation key")
        }
        for text in host.extraHosts ?? [] {
            do { _ = try ExtraHost(text) } catch { problems.append(error.text) }
        }
        for server in host.dns ?? [] where !NetworkText.isAddress(server) {
            problems.append("\(server.prefix(64)) is not an ip address")
        }
        for domain in host.dnsSearch ?? [] where domain.isEmpty || domain.contains(where: \.isWhitespace) {
            problems.append("\(domain.prefix(256)) is not a valid domain")
        }
        for option in host.dnsOptions ?? [] where option.isEmpty || option.contains(where: \.isWhitespace) {
            refuse("invalid option for the resolver", option)
        }
    }
}
