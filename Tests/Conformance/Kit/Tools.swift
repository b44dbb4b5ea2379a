// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// The two programs that are compared.
package struct Tools: Sendable {
    package var wharf: String
    package var reference: String

    package init(wharf: String, reference: String) {
        self.wharf = wharf
        self.reference = reference
    }

    /// Whether the reference tool is compared with itself, to check the cases.
    package var comparesReferenceWithItself: Bool { wharf == reference }

    /// The checksum of the package that carries the reference tool.
    private static let package = "d42aa5ffe26ff876347b62172da739064454ad59ad5dd44de933ec9594e8c1d8"

    /// The reference tool: `WHARF_REFERENCE`, or what `fetch-oracle` has put into the cache.
    ///
    /// - Parameter environment: the variables of this process.
    /// - Returns: nil when there is none.
    package static func findReference(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String? {
        if let path = environment["WHARF_REFERENCE"] { return path }
        let path = "\(cacheFolder(environment: environment))/\(package)/docker-compose"
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }

    /// The folder in which these tests keep what is costly to get.
    ///
    /// - Parameter environment: the variables of this process.
    /// - Returns: the path; the folder need not exist.
    static func cacheFolder(environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
        let cache = environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : $0 }
        return (cache ?? "\(environment["HOME"] ?? "")/.cache") + "/wharf-tests"
    }

    /// The program under test: `WHARF_BINARY`, or the one that was built together with this program.
    ///
    /// - Parameter environment: the variables of this process.
    /// - Returns: nil when there is none.
    package static func findWharf(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String? {
        if let path = environment["WHARF_BINARY"] { return path }
        // A test bundle is run by a helper of the toolchain, so the program's own path says nothing; the words of
        // its command line name the bundle.
        for word in CommandLine.arguments + [
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        ] {
            guard let slash = word.lastIndex(of: "/") else { continue }
            let path = "\(word[..<slash])/wharf"
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        return nil
    }
}
