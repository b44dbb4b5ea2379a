// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Images
import Registry

extension EngineError {
    /// What a failure of a registry means to a client.
    init(_ error: RegistryError) {
        let code: Code =
            switch error.code {
            case .unauthorized: .unauthorized
            case .denied: .forbidden
            case .notFound: .notFound
            case .unsupported, .limitExceeded: .badParameter
            case .throttled, .unreachable: .unavailable
            case .mismatch, .malformed, .failed, .configuration: .failed
            }
        self.init(code, error.message)
    }

    /// What a failure means to a client that has to do with a registry; `CancellationError` stays what it is.
    init(anyRegistryFailure error: any Error) {
        switch error {
        case let error as EngineError: self = error
        case let error as RegistryError: self.init(error)
        case let error as ImageError: self.init(error)
        default: self.init(.failed, "\(error)")
        }
    }
}

extension RegistryCredentials {
    /// What a client has sent.
    init(_ auth: RegistryAuth) {
        let (name, password) = auth.user
        self.init(
            username: name,
            password: password,
            identityToken: auth.identityToken,
            registryToken: auth.registryToken
        )
    }
}
