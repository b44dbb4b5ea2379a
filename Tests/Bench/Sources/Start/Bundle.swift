// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Linux
import OCI
import Runtime
import Seccomp
import TestSupport

/// The container that every subject runs: `image` with busybox, a specification, and a compiled filter.
struct Bundle {
    let scratch: Scratch
    /// With Docker's profile as `linux.seccomp`.
    let specification: RuntimeSpec
    let filter: SeccompFilter

    init(in scratch: Scratch) throws {
        self.scratch = scratch
        for folder in ["image/bin", "image/proc", "image/dev", "image/sys"] { try makeFolder(scratch / folder) }
        let copy = try Command("/bin/cp", ["/bin/busybox", scratch / "image/bin/busybox"]).run()
        guard copy.end == .exit(0) else { throw SystemFailure(message: copy.errors) }
        for name in ["true", "sleep"] { try scratch.link("image/bin/\(name)", to: "busybox") }
        filter = try SeccompFilterCache().filter(for: .standard)
        try scratch.write("filter", bytes: filter.instructions)
        var specification = RuntimeSpec.containerDefault(["true"], hostname: "box")
        specification.linux?.seccomp = Self.standardFilter()
        self.specification = specification
    }

    /// Docker's profile for Docker's capabilities, in the words of the runtime specification.
    private static func standardFilter() -> RuntimeSpec.Seccomp {
        let profile = SeccompProfile.standard
        var result = RuntimeSpec.Seccomp(defaultAction: .errno)
        result.defaultErrnoRet = profile.defaultErrno.map(UInt.init)
        result.architectures = profile.architectures
        for entry in profile.architectureMap where entry.native == "SCMP_ARCH_X86_64" {
            result.architectures += [entry.native] + entry.others
        }
        for rule in profile.rules where rule.applies(to: SeccompFilter.Target()) {
            guard let action = RuntimeSpec.Seccomp.Action(rawValue: rule.action.rawValue) else { continue }
            let arguments = rule.arguments.compactMap { argument in
                RuntimeSpec.Seccomp.Operator(rawValue: argument.comparison.rawValue).map { comparison in
                    RuntimeSpec.Seccomp.Argument(
                        index: UInt(argument.index),
                        value: argument.value,
                        valueTwo: argument.valueTwo,
                        op: comparison
                    )
                }
            }
            let errno = rule.errno.map(UInt.init)
            result.syscalls.append(.init(names: rule.names, action: action, errnoRet: errno, args: arguments))
        }
        return result
    }

    /// Writes a bundle for other runtimes, whose root is the image itself.
    ///
    /// - Parameters:
    ///   - name: The bundle's folder.
    ///   - arguments: The program.
    /// - Returns: The path of the bundle.
    /// - Throws: What could not be written.
    func write(_ name: String, _ arguments: [String]) throws -> String {
        var specification = specification
        specification.ociVersion = "1.0.2"
        specification.process?.args = arguments
        specification.root = RuntimeSpec.Root(path: scratch / "image")
        specification.linux?.cgroupsPath = "/\(name)"
        try scratch.write("\(name)/config.json", bytes: Array(JSONEncoder().encode(specification)))
        return scratch / name
    }

    /// The least that it can take.
    func floor(_ runs: Int) throws -> [Double] {
        let arguments = [scratch.path, "\(runs)", scratch / "filter"]
        let outcome = try Command(Binaries.path(of: "bench-floor"), arguments).run()
        guard outcome.end == .exit(0) else { throw SystemFailure(message: outcome.errors) }
        return outcome.output.split(separator: "\n").compactMap { Double($0).map { $0 / 1e9 } }
    }
}
