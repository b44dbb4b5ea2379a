// SPDX-License-Identifier: Apache-2.0

/// Where wharf leaves another state than Docker Compose 2.40.3 on purpose, and why.
///
/// A scenario that shows one names it in a line `differs:`, and has the values that differ in `--- %differences`.
package enum DeliberateDifferences {
    package static let reasons: [String: String] = [:]
}
