// SPDX-License-Identifier: Apache-2.0

/// What is fuzzed.
enum Subject: String, CaseIterable {
    /// Compose projects: all that `wharf config` does.
    case projects
    /// Dockerfiles with their `.dockerignore`: all that `wharf build --check` does.
    case dockerfiles
}
