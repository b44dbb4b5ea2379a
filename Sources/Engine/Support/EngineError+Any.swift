// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Images
import Linux
import OCI
import Runtime
import Store

extension EngineError {
    /// The error for whatever made a start fail.
    ///
    /// - Parameters:
    ///   - error: What was thrown.
    ///   - joins: Whether it was a further process of a container that runs.
    init(anyStart error: any Error, joins: Bool = false) {
        switch error {
        case let error as EngineError: self = error
        case let error as LaunchError: self.init(starting: error, joins: joins)
        case let error as KeeperError: self.init(.unavailable, "\(error)")
        case let error as UserError: self.init(user: error)
        case let error as ControlGroupError: self.init(controlGroup: error)
        default: self.init(.failed, "\(error)")
        }
    }
}

extension RuntimeSpec.Resources {
    /// The limits of a request, with the errors of the API.
    init(changed resources: EngineAPI.Resources) throws(EngineError) {
        do {
            try self.init(resources)
        } catch {
            throw EngineError(.badParameter, error.text)
        }
    }
}
