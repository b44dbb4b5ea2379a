// SPDX-License-Identifier: Apache-2.0

/// Where the files of a context come from: `additional_contexts` of a compose file, `--build-context` of Docker.
package enum NamedContext: Hashable, Sendable {
    case folder(String)
    case image(String)
    case ociLayout(String)
    case git(String)
    case archive(String)
    /// The image of another service of the project.
    case service(String)

    /// Reads the value of a context.
    package init(_ text: String) {
        let schemes: [(String, (String) -> NamedContext)] = [
            ("docker-image://", Self.image), ("oci-layout://", Self.ociLayout), ("service:", Self.service),
            ("target:", Self.service),
        ]
        for (scheme, make) in schemes where text.hasPrefix(scheme) {
            self = make(String(text.dropFirst(scheme.count)))
            return
        }
        switch RemoteSource(text) {
        case .git: self = .git(text)
        case .http: self = .archive(text)
        case nil: self = text.hasPrefix("github.com/") ? .git(text) : .folder(text)
        }
    }
}

/// A source that is no file of a context.
package enum RemoteSource: Sendable {
    case http
    case git

    /// What kind of address a text is; nil for a path.
    ///
    /// A repository has the scheme `git` or `ssh`, a path that ends in `.git`, or the form `user@host:path`.
    package init?(_ text: String) {
        if text.hasPrefix("git://") || text.hasPrefix("ssh://") {
            self = .git
        } else if text.hasPrefix("http://") || text.hasPrefix("https://") {
            let path = text.prefix { $0 != "#" && $0 != "?" }
            self = path.hasSuffix(".git") || path.hasSuffix(".git/") ? .git : .http
        } else if let at = text.firstIndex(of: "@"), let colon = text[at...].firstIndex(of: ":"),
            !text[..<colon].contains("/"), at != text.startIndex
        {
            self = .git
        } else {
            return nil
        }
    }
}
