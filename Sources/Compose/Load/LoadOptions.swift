// SPDX-License-Identifier: Apache-2.0

/// Which phases a load runs and which services it keeps.
package struct LoadOptions: Sendable {
    /// Fill in variables; without it strings keep their `$`.
    package var interpolates = true
    /// Add what is implied: the default network, implied dependencies, names.
    package var normalises = true
    /// Check that references lead somewhere and that no keys contradict each other.
    package var checksConsistency = true
    /// Make relative paths absolute.
    package var resolvesPaths = true
    /// Put `env_file` and the environment's values into each service's `environment`.
    package var resolvesEnvironment = true
    /// Keep networks, volumes, secrets and configs that no enabled service uses.
    package var keepsUnusedResources = false
    /// Remember what overrides replaced, for `config --explain`.
    package var recordsHistory = false
    /// The services to keep, with what they depend on; empty for all.
    package var services: [String] = []

    package init() {}
}
