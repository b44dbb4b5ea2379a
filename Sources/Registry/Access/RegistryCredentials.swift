// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// What a registry is told about who asks; its text forms hide the secrets.
package struct RegistryCredentials: Hashable, Sendable {
    package var username: String
    package var password: String
    /// A token that others can be had for, in place of a password.
    package var identityToken: String
    /// A token that the registry itself takes.
    package var registryToken: String

    package init(username: String = "", password: String = "", identityToken: String = "", registryToken: String = "") {
        self.username = username
        self.password = password
        self.identityToken = identityToken
        self.registryToken = registryToken
    }

    /// Nobody in particular.
    package static let anonymous = Self()

    /// The value of `Authorization` for user and password; nil where there is no user.
    var basic: String? {
        if username.isEmpty { return nil }
        let secret = password.isEmpty ? identityToken : password
        return "Basic " + Data("\(username):\(secret)".utf8).base64EncodedString()
    }
}

extension RegistryCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { username.isEmpty ? "credentials" : "credentials of \(username)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["username": username]) }
}

/// What a token is for: `repository:library/nginx:pull`.
package struct AccessScope: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(repository: String, _ actions: String) {
        description = "repository:\(repository):\(actions)"
    }

    /// The same for a repository that is called otherwise.
    func moved(from repository: String, to other: String) -> Self {
        let start = "repository:\(repository):"
        return description.hasPrefix(start) ? Self(repository: other, String(description.dropFirst(start.count))) : self
    }

    /// A scope as a registry has written it.
    init(written text: String) {
        description = text
    }
}
