// SPDX-License-Identifier: Apache-2.0

import Arguments
import EngineAPI
import Glibc

extension ContainerOptions {
    /// What runs, and with which streams.
    func processOptions() -> [Option] {
        [
            .value("name", "name", help: "The name of the container.") { self.name = $0 },
            .value(
                "attach",
                short: "a",
                "stream",
                help: "Connect only this stream: stdin, stdout or stderr; repeat for several.",
                isRepeatable: true
            ) { text throws(InvalidValue) in
                let stream = text.lowercased()
                guard ["stdin", "stdout", "stderr"].contains(stream) else {
                    throw InvalidValue("stdin, stdout or stderr")
                }
                self.attached.insert(stream)
            },
            flag("interactive", short: "i", "Keep standard input open.", \.config.openStdin),
            flag("tty", short: "t", "Give the program a terminal.", \.config.tty),
            .value("entrypoint", "program", help: "The program in place of the image's entry point.") {
                self.entrypoint = $0
            },
            text("user", short: "u", "user[:group]", "The user, by name or number.", \.config.user),
            text("workdir", short: "w", "path", "The working folder.", \.config.workingDir),
            text("hostname", short: "h", "name", "The host name.", \.config.hostname),
            text("domainname", "name", "The domain name.", \.config.domainname),
            list("group-add", "group", "One more group of the program.", \.host.groupAdd),
            .flag("init", help: "Run an init that forwards signals and reaps processes.") { self.host.usesInit = $0 },
        ]
    }

    func environmentOptions() -> [Option] {
        [
            .value(
                "env",
                short: "e",
                "name[=value]",
                help: "A variable; without a value it is taken from here.",
                isRepeatable: true
            ) { text throws(InvalidValue) in self.environment.entries.append(try Self.variable(text)) },
            .value(
                "env-file",
                "path",
                help: "A file of variables.",
                completion: .files(),
                isRepeatable: true
            ) { self.environment.files.append($0) },
            .value("label", short: "l", "name[=value]", help: "A label.", isRepeatable: true) {
                text throws(InvalidValue) in
                if text.isEmpty || text.hasPrefix("=") { throw InvalidValue("a name, or a name, `=` and a value") }
                self.labels.entries.append(text)
            },
            .value(
                "label-file",
                "path",
                help: "A file of labels.",
                completion: .files(),
                isRepeatable: true
            ) { self.labels.files.append($0) },
            map("annotation", "An annotation for the runtime.", \.host.annotations),
        ]
    }

    /// A variable as the engine gets it: one without a value takes that of this process, and stays a name where it has none.
    static func variable(_ text: String) throws(InvalidValue) -> String {
        if text.isEmpty || text.hasPrefix("=") { throw InvalidValue("a name, or a name, `=` and a value") }
        if text.contains("=") { return text }
        return getenv(text).map { "\(text)=\(String(cString: $0))" } ?? text
    }

    /// When the container ends, and what happens then.
    func lifeOptions() -> [Option] {
        [
            .value("restart", "policy", help: "no, always, unless-stopped or on-failure[:times].") {
                text throws(InvalidValue) in self.host.restartPolicy = try Self.restartPolicy(text)
            },
            flag("rm", "Remove the container when it has ended, with its anonymous volumes.", \.host.autoRemove),
            text("stop-signal", "signal", "The signal that stops the container.", \.config.stopSignal),
            .number("stop-timeout", "seconds", help: "How long a stop waits before it kills.") {
                self.config.stopTimeout = $0
            },
            text("cidfile", "path", "Write the identifier to a file.", completion: .files(), \.host.containerIDFile),
            .value("platform", "os/arch", help: "The platform of the image.") { self.platform = $0 },
            .value(
                "pull",
                "when",
                help: "When to pull the image.",
                allowed: ["always", "missing", "never"],
                default: "missing"
            ) { self.pull = $0 },
            .flag("quiet", short: "q", help: "Do not show the progress of a pull.") { self.isQuiet = $0 },
            text("log-driver", "driver", "Where output goes.", \.host.logConfig.type),
            map("log-opt", "An option of the log driver.", \.host.logConfig.config),
            map("storage-opt", "An option of the storage.", \.host.storageOpt),
            text("runtime", "name", "The runtime.", \.host.runtime),
        ]
    }

    private static func restartPolicy(_ text: String) throws(InvalidValue) -> RestartPolicy {
        var policy = RestartPolicy()
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        policy.name = String(parts[0])
        guard ["", "no", "always", "unless-stopped", "on-failure"].contains(policy.name) else {
            throw InvalidValue("no, always, unless-stopped or on-failure[:times]")
        }
        if parts.count == 2 {
            guard policy.name == "on-failure", let count = Int(parts[1]), count >= 0 else {
                throw InvalidValue("no, always, unless-stopped or on-failure[:times]")
            }
            policy.maximumRetryCount = count
        }
        return policy
    }

    /// What is for other systems, or for parts that wharf does not have.
    func foreignOptions() -> [Option] {
        let windows = ["cpu-count", "cpu-percent", "io-maxbandwidth", "io-maxiops"]
        return windows.map { name in
            .value(name, "value", help: "For Windows only.", isHidden: true) { _ in
                self.warnings.append("`--\(name)` is for Windows only and has no effect")
            }
        } + [
            .value("kernel-memory", "bytes", help: "Without effect.", isHidden: true) { _ in
                self.warnings.append("`--kernel-memory` has no effect: kernels do not have this limit any more")
            },
            text("isolation", "technology", "For Windows only.", isHidden: true, \.host.isolation),
            .flag("disable-content-trust", help: "Accepted for Docker.", isHidden: true) { _ in },
            .flag("use-api-socket", help: "Not supported.", isHidden: true) { isOn throws(InvalidValue) in
                if isOn { throw InvalidValue("left out: a container gets the engine's socket by `--volume` only") }
            },
        ]
    }
}
