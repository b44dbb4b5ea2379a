// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import OCI

extension SignalName {
    /// The number of a signal that a request names.
    ///
    /// - Parameter text: As ``knownNumber(_:)`` has it.
    /// - Returns: The number, from 1 to 64.
    /// - Throws: `badParameter` in the words of Docker.
    static func number(_ text: String) throws(EngineError) -> Int32 {
        guard let number = knownNumber(text) else {
            throw EngineError(.badParameter, "invalid signal: \(text.prefix(64))")
        }
        return number
    }
}
