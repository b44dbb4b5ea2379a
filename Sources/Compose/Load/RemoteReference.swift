// SPDX-License-Identifier: Apache-2.0

import YAML

/// References to compose files outside this machine.
enum RemoteReference {
    /// Whether a reference points to a git repository or an OCI registry, which is reported as not yet supported.
    ///
    /// The forms of git references are those of `docker build`.
    static func refuse(_ reference: String, at origin: Origin?, _ context: LoadContext) -> Bool {
        guard isRemote(reference) else {
            return false
        }
        context.diagnostics.error(
            .unsupported,
            "`\(reference)` is a remote compose file, and wharf does not fetch remote files yet",
            at: origin,
            suggestion: "fetch it yourself and name the local copy"
        )
        return true
    }

    static func isRemote(_ reference: String) -> Bool {
        if reference.hasPrefix("oci://") || reference.hasPrefix("git://") || reference.hasPrefix("ssh://")
            || reference.hasPrefix("git@") || reference.hasPrefix("github.com/")
        {
            return true
        }
        guard reference.hasPrefix("http://") || reference.hasPrefix("https://") else {
            return false
        }
        let repository = reference.split(separator: "#", maxSplits: 1)[0]
        return repository.hasSuffix(".git")
    }
}
