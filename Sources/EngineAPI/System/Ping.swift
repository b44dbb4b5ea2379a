// SPDX-License-Identifier: Apache-2.0

/// The headers with which an engine introduces itself on `/_ping`.
package struct Ping: Equatable, Sendable {
    package var apiVersion: APIVersion
    package var isExperimental: Bool
    /// The operating system of the containers; on every response.
    package var osType: String
    /// The default builder: `1` is the classic one, `2` is BuildKit.
    package var builderVersion: String

    package init(
        apiVersion: APIVersion = .current,
        isExperimental: Bool = false,
        osType: String = "linux",
        builderVersion: String = "1"
    ) {
        self.apiVersion = apiVersion
        self.isExperimental = isExperimental
        self.osType = osType
        self.builderVersion = builderVersion
    }

    /// The headers of the response.
    ///
    /// - Parameter server: What `Server` names, such as `Docker/28.2.2 (linux)`.
    /// - Returns: The fields in the order in which they are sent.
    package func headers(server: String) -> [(name: String, value: String)] {
        [
            ("Api-Version", apiVersion.description),
            ("Docker-Experimental", isExperimental ? "true" : "false"),
            ("Ostype", osType),
            ("Server", server),
            ("Builder-Version", builderVersion),
            // Spares clients a request for `/info`.
            ("Swarm", "inactive"),
            ("Cache-Control", "no-cache, no-store, must-revalidate"),
            ("Pragma", "no-cache"),
        ]
    }

    /// What the headers of an engine say; without a version that of engines which send none, 1.24.
    ///
    /// - Parameter headers: The fields of the response, with their names in any case.
    package init(headers: [(name: String, value: String)]) {
        var values: [String: String] = [:]
        for (name, value) in headers { values[name.lowercased()] = value }
        self.init(
            apiVersion: values["api-version"].flatMap(APIVersion.init(_:)) ?? .minimum,
            isExperimental: values["docker-experimental"] == "true",
            osType: values["ostype"] ?? "linux",
            builderVersion: values["builder-version"] ?? "1"
        )
    }
}
