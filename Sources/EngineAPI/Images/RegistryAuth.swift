// SPDX-License-Identifier: Apache-2.0

import OCI

/// Who a client is to a registry: the header field `X-Registry-Auth` and the body of `POST /auth`.
///
/// Its text form hides the secrets.
package struct RegistryAuth: ZeroRepresentable, Sendable {
    /// The header field, whose value is this as JSON in Base64.
    package static let header = "X-Registry-Auth"
    /// The header field of builds, whose value is a JSON object in Base64: this by the names of registries.
    package static let buildHeader = "X-Registry-Config"

    @Omitted package var username: String
    @Omitted package var password: String
    /// User and password, with a colon between them, in Base64: what old clients send.
    @Omitted package var auth: String
    @Omitted package var email: String
    /// The registry.
    @Omitted package var serverAddress: String
    /// A token that others can be had for, in place of a password.
    @Omitted package var identityToken: String
    /// A token that the registry itself takes.
    @Omitted package var registryToken: String

    private enum CodingKeys: String, CodingKey {
        case username
        case password
        case auth
        case email
        case serverAddress = "serveraddress"
        case identityToken = "identitytoken"
        case registryToken = "registrytoken"
    }

    package init() {}

    /// The name that references have for a registry.
    ///
    /// - Parameter key: A host, or an address with a host, as files and headers with credentials have them.
    /// - Returns: `docker.io` for all names of Docker's own.
    package static func registry(of key: String) -> String {
        var rest = key[...]
        if let scheme = key.firstRange(of: "://") { rest = key[scheme.upperBound...] }
        let host = rest.prefix { $0 != "/" }.lowercased()
        let isStandard = ["", "index.docker.io", "registry-1.docker.io"].contains(host)
        return isStandard ? ImageReference.defaultRegistry : host
    }

    /// User and password, also where only old clients' form of them is there.
    package var user: (name: String, password: String) {
        guard username.isEmpty, !auth.isEmpty, let bytes = Base64.decode(auth),
            let text = String(validating: bytes, as: UTF8.self), let colon = text.firstIndex(of: ":")
        else { return (username, password) }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }

    /// Whether it says nothing about who the client is.
    package var isEmpty: Bool {
        username.isEmpty && auth.isEmpty && identityToken.isEmpty && registryToken.isEmpty
    }
}

extension RegistryAuth: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "credentials for \(serverAddress)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["serverAddress": serverAddress]) }
}

/// The answer to `POST /auth`.
package struct AuthResponse: ZeroRepresentable, Sendable {
    @Always package var status: String
    /// What the client keeps in place of the password; empty where the registry gives none.
    @Always package var identityToken: String

    private enum CodingKeys: String, CodingKey {
        case status = "Status"
        case identityToken = "IdentityToken"
    }

    package init() {}
}
