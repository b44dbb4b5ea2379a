// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// What each target of `Sources` may import: its edges to other targets and packages, then the system's modules.
///
/// Foundation is nowhere: it costs milliseconds at every start of a command that lives for milliseconds. Its essentials are
/// where JSON is read.
private let layers: [String: (edges: Set<String>, system: Set<String>)] = [
    "CYAML": ([], []),
    "YAML": (["CYAML"], ["Glibc", "Synchronization"]),
    "CMalloc": ([], []),
    "Compose": (["CMalloc", "YAML"], ["Glibc", "Synchronization"]),
    "Reconciler": (["Compose", "YAML"], []),
    "Terminal": ([], ["Glibc", "Synchronization"]),
    "Diagram": (["JSONTree", "Terminal"], ["Glibc"]),
    "CLinux": ([], []),
    "CKeeper": (["CLinux", "CSandbox"], []),
    "CSandbox": ([], []),
    "Linux": (["CLinux"], ["Glibc", "Synchronization"]),
    "Netlink": (["CLinux", "Linux"], ["Glibc", "Synchronization"]),
    "Networks": (["CLinux", "Linux", "Netlink"], ["Glibc", "Synchronization"]),
    "Runtime": (["CKeeper", "CLinux", "CSandbox", "Linux", "OCI", "Seccomp"], ["Glibc", "Synchronization"]),
    "Logs": (["CKeeper", "Linux"], ["Glibc", "Synchronization"]),
    "Patterns": ([], []),
    "Watch": (["Linux", "Patterns"], ["Glibc"]),
    "CCompression": ([], []),
    "Images": (["CCompression", "JSONTree", "Linux", "OCI"], ["Glibc", "Synchronization"]),
    "CCrypto": ([], []),
    "OCI": (["CCrypto"], []),
    "Build": (["Compose", "JSONTree", "OCI", "Patterns"], []),
    "Registry": (
        ["AsyncHTTPClient", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOSSL", "OCI"],
        ["FoundationEssentials", "Glibc", "Synchronization"]
    ),
    "EngineAPI": (["Compose", "OCI", "Reconciler"], []),
    "Composition": (["Compose", "EngineAPI", "OCI", "YAML"], []),
    "Store": (["GRDB"], ["Glibc", "Synchronization"]),
    "Engine": (
        [
            "Build", "CKeeper", "CLinux", "Compose", "Composition", "EngineAPI", "Images", "JSONTree", "Linux", "Logs",
            "Netlink", "Networks", "OCI", "Patterns", "Reconciler", "Registry", "Runtime", "Seccomp", "Store",
        ],
        ["Glibc", "Synchronization"]
    ),
    "EngineServer": (
        ["Compose", "Engine", "EngineAPI", "JSONTree", "Linux", "Reconciler"],
        ["Glibc", "Synchronization"]
    ),
    "EngineClient": (
        ["Compose", "EngineAPI", "JSONTree", "Linux", "Reconciler"],
        ["Glibc", "Synchronization"]
    ),
    "JSONTree": ([], []),
    "GoTemplate": (["JSONTree"], ["Glibc"]),
    "wharfd": (
        ["Arguments", "CMalloc", "Engine", "EngineAPI", "EngineServer", "Linux", "Runtime"],
        ["Glibc", "Synchronization"]
    ),
    "wharf-keeper": (["CKeeper", "CLinux", "CSandbox"], []),
    "Arguments": ([], []),
    "CSeccomp": ([], []),
    "Seccomp": (["CSeccomp", "JSONTree", "Linux"], ["Glibc", "Synchronization"]),
    "wharf": (
        [
            "Arguments", "Build", "Compose", "Composition", "Diagram", "EngineAPI", "EngineClient", "GoTemplate",
            "Images", "JSONTree", "Linux", "Networks", "OCI", "Patterns", "Reconciler", "Terminal", "Watch", "YAML",
        ],
        ["Glibc", "Synchronization"]
    ),
]

@Suite struct `Layering` {
    @Test func `the targets are those of the table`() {
        #expect(names(in: "\(Repository.root)/Sources") == layers.keys.sorted())
    }

    @Test(arguments: layers.keys.sorted())
    func `a target imports only what lies below it`(target: String) throws {
        let (edges, system) = try #require(layers[target])
        let folder = "\(Repository.root)/Sources/\(target)"
        for file in files(below: folder) where file.hasSuffix(".swift") {
            let imports = importedModules(in: try readText("\(folder)/\(file)"))
            let forbidden = Set(imports).subtracting(edges).subtracting(system)
            #expect(forbidden.isEmpty, "Sources/\(target)/\(file)")
        }
    }

    @Test func `the manifest declares just the edges of the table`() throws {
        for target in try Manifest.load().targets where target.folder.hasPrefix("Sources/") {
            let (edges, _) = try #require(layers[target.name], "\(target.name) is not in the table")
            #expect(Set(target.dependencies.map(\.name)) == edges, "\(target.name)")
        }
    }

    @Test func `the table has no circle`() {
        var left = layers.mapValues { $0.edges.intersection(layers.keys) }
        while let free = left.first(where: \.value.isEmpty)?.key {
            left[free] = nil
            for target in left.keys { left[target]?.remove(free) }
        }
        #expect(left.isEmpty)
    }

    @Test(arguments: [
        ("import Glibc", ["Glibc"]),
        ("    package import YAML  // shown in signatures", ["YAML"]),
        ("@testable import Compose", ["Compose"]),
        ("@preconcurrency public import Glibc.stdio", ["Glibc"]),
        ("import struct YAML.Node", ["YAML"]),
        ("private import func Glibc.malloc; import YAML", ["Glibc"]),
        ("// import YAML\nlet important = true\nimport Diagram\nimport Compose", ["Diagram", "Compose"]),
    ])
    func `every form of import is seen`(source: String, modules: [String]) {
        #expect(importedModules(in: source) == modules)
    }
}
