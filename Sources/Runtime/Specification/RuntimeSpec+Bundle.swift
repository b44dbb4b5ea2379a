// SPDX-License-Identifier: Apache-2.0

package import OCI

extension RuntimeSpec {
    /// The specification with the paths of a bundle, the directory that its `config.json` lies in, made absolute.
    ///
    /// These are the root and the sources of binds, by the OCI runtime specification.
    ///
    /// - Parameter bundle: The absolute path of the bundle.
    /// - Returns: The specification, which then means the same from everywhere.
    package func located(in bundle: String) -> RuntimeSpec {
        var result = self
        result.root?.path = Self.path(root?.path ?? "", in: bundle)
        for (index, mount) in mounts.enumerated() where mount.isBind {
            result.mounts[index].source = Self.path(mount.source, in: bundle)
        }
        return result
    }

    private static func path(_ path: String, in bundle: String) -> String {
        path.hasPrefix("/") || path.isEmpty ? path : "\(bundle)/\(path)"
    }
}

extension RuntimeSpec.Mount {
    private static let bindOptions: Set = ["bind", "rbind"]

    /// Whether the source is a path of the host.
    var isBind: Bool { type == "bind" || !Self.bindOptions.isDisjoint(with: options) }
}
