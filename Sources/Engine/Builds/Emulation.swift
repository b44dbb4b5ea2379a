// SPDX-License-Identifier: Apache-2.0

import Build
import Glibc
import Linux
import OCI

/// Whether programs for other processors can be run here: by the processor itself, or an interpreter (binfmt_misc).
enum Emulation {
    private static let folder = "/proc/sys/fs/binfmt_misc"

    /// How the header of a program (elf(5)) has the processor, as two bytes in their order, and what emulators call it.
    private static let machines: [String: (code: String, name: String)] = [
        "amd64": ("3e00", "x86_64"), "arm64": ("b700", "aarch64"), "arm": ("2800", "arm"), "386": ("0300", "i386"),
        "riscv64": ("f300", "riscv64"), "ppc64le": ("1500", "ppc64le"), "s390x": ("0016", "s390x"),
        "mips64le": ("0800", "mips64el"), "loong64": ("0201", "loongarch64"),
    ]

    /// Why programs cannot be run.
    ///
    /// - Parameter platform: What they are for.
    /// - Returns: What is missing; nil for nothing.
    static func obstacle(to platform: Platform) -> String? {
        let own = Platform.current
        if own.distance(to: platform) != nil { return nil }
        let wanted = platform.normalized.architecture
        // The same processors run programs of their elder brothers.
        if own.architecture == "amd64", wanted == "386" { return nil }
        guard let machine = machines[wanted] else { return "no emulator of `\(wanted)` is known" }
        // Where nothing can be read there, nothing is registered as far as is known, which the answer says.
        let entries = (try? Descriptor.open(folder, O_RDONLY | O_DIRECTORY).entries()) ?? []
        for name in entries where interprets(name, machine.code) { return nil }
        return "this machine is \(own), and \(folder) has no interpreter for \(machine.name) that is opened when it is "
            + "registered (the flag F); install qemu-user-static with binfmt-support, which register one"
    }

    private static func interprets(_ name: FilePath, _ code: String) -> Bool {
        guard let file = try? Descriptor.open("\(folder)/\(name)", O_RDONLY),
            let bytes = try? file.contents(limit: 1 << 16)
        else { return false }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.first == "enabled", lines.contains(where: { $0.hasPrefix("flags:") && $0.contains("F") }),
            let magic = lines.first(where: { $0.hasPrefix("magic ") })?.dropFirst("magic ".count)
        else { return false }
        // The processor is in the bytes 18 and 19.
        return magic.hasPrefix("7f454c46") && magic.dropFirst(36).prefix(4) == code
    }
}

extension BuildGraph {
    /// Checks that all programs can be run.
    ///
    /// - Parameter plan: Has the platforms of the stages.
    /// - Throws: ``BuildFailure`` for the first one that cannot be.
    func checkEmulation(_ plan: BuildPlan) throws(BuildFailure) {
        for step in steps {
            guard case .run = step.operation, let stage = step.stage else { continue }
            let platform = plan.stages[stage].platform
            guard let obstacle = Emulation.obstacle(to: platform) else { continue }
            var failure = BuildFailure("programs for \(platform) cannot be run: \(obstacle)")
            failure.place = step.place
            throw failure
        }
    }
}
