// SPDX-License-Identifier: Apache-2.0

/// The version of this build, the same for the engine and its clients.
package enum ProductVersion {
    package static let number = "0.1.0"
    /// What the engine names in the header `Server`.
    package static let server = "wharf/\(number) (linux)"
}
