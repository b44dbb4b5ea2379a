// SPDX-License-Identifier: Apache-2.0

package import OCI

/// Kernel parameters that belong to a namespace, and so may be set for one container.
///
/// Any other is the host's: sysctl(8) for it is refused, as runc and Docker do.
package enum Sysctl {
    /// The namespace that a parameter belongs to; nil where it is the host's.
    package static func namespace(of name: String) -> RuntimeSpec.Namespace.Kind? {
        let name = name.contains("/") ? path(of: name).replacing("/", with: ".") : name
        if name.hasPrefix("net.") { return .network }
        if name.hasPrefix("fs.mqueue.") || ofIPC.contains(name) { return .ipc }
        if name == "kernel.domainname" || name == "kernel.hostname" { return .uts }
        return nil
    }

    private static let ofIPC: Set<String> = [
        "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax",
        "kernel.shmmni", "kernel.shm_rmid_forced",
    ]

    /// The path below `/proc/sys`: dots separate, and a slash stands for a dot in a name, as sysctl(8) reads it.
    static func path(of name: String) -> String {
        // A name that has its first slash before its first dot is a path already.
        guard let separator = name.first(where: { $0 == "." || $0 == "/" }), separator == "." else { return name }
        return String(name.map { $0 == "." ? "/" : $0 == "/" ? "." : $0 })
    }

    /// Whether a name is one of a parameter: no way out of `/proc/sys`.
    package static func isName(_ name: String) -> Bool {
        path(of: name).split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part != "." && part != ".."
        }
    }
}
