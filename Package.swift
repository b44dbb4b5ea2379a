// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// Swift 6.3 still lists these as opt-in.
///
/// A misspelt name is ignored by the compiler, so
/// `Tests/RepositoryTests` proves that each one is really on.
let upcomingFeatures: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let strictC: [CSetting] = [.enableWarning("all"), .enableWarning("extra"), .treatAllWarnings(as: .error)]

/// Programs that run for a few milliseconds make each type that they use once.
///
/// From its name that takes the runtime a fifth of the time of a command; these have code that makes it from its parts.
let quickToStart: [SwiftSetting] = [
    .unsafeFlags(
        ["-Xfrontend", "-disable-concrete-type-metadata-mangled-name-accessors"],
        .when(configuration: .release)
    )
]

let strict: [SwiftSetting] = upcomingFeatures + [.treatAllWarnings(as: .error)] + quickToStart

/// A release needs no library of the machine that it runs on, and starts a third faster than a position-independent one.
///
/// `.ci/build release` builds it.
let standalone: [LinkerSetting] = [
    .unsafeFlags(["-static-executable", "-Xclang-linker", "-no-pie"], .when(configuration: .release))
]

let package = Package(
    name: "wharf",
    products: [
        .executable(name: "wharf", targets: ["wharf"]),
        .executable(name: "wharf-keeper", targets: ["wharf-keeper"]),
        .executable(name: "wharfd", targets: ["wharfd"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.100.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    ],
    targets: [
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .target(name: "YAML", dependencies: ["CYAML"], swiftSettings: strict),
        .systemLibrary(name: "CMalloc"),
        .target(name: "Compose", dependencies: ["CMalloc", "YAML"], swiftSettings: strict),
        .target(name: "Reconciler", dependencies: ["Compose", "YAML"], swiftSettings: strict),
        .target(name: "Terminal", swiftSettings: strict),
        .target(name: "Diagram", dependencies: ["JSONTree", "Terminal"], swiftSettings: strict),
        .target(name: "CLinux", cSettings: strictC),
        .target(name: "CKeeper", dependencies: ["CLinux", "CSandbox"], cSettings: strictC),
        .target(name: "CSandbox", cSettings: strictC),
        .target(name: "Linux", dependencies: ["CLinux"], swiftSettings: strict),
        .target(name: "Netlink", dependencies: ["CLinux", "Linux"], swiftSettings: strict),
        .target(name: "Networks", dependencies: ["CLinux", "Linux", "Netlink"], swiftSettings: strict),
        .target(
            name: "Runtime",
            dependencies: ["CKeeper", "CLinux", "CSandbox", "Linux", "OCI", "Seccomp"],
            swiftSettings: strict
        ),
        .target(name: "Logs", dependencies: ["CKeeper", "Linux"], swiftSettings: strict),
        .target(name: "Patterns", swiftSettings: strict),
        .target(name: "Watch", dependencies: ["Linux", "Patterns"], swiftSettings: strict),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "OCI", dependencies: ["CCrypto"], swiftSettings: strict),
        .target(name: "EngineAPI", dependencies: ["Compose", "OCI", "Reconciler"], swiftSettings: strict),
        .target(
            name: "Composition",
            dependencies: ["Compose", "EngineAPI", "OCI", "YAML"],
            swiftSettings: strict
        ),
        .target(
            name: "Store",
            dependencies: [.product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: strict
        ),
        .target(
            name: "Engine",
            dependencies: [
                "Build", "CKeeper", "CLinux", "Compose", "Composition", "EngineAPI", "Images", "JSONTree", "Linux",
                "Logs", "Netlink", "Networks", "OCI", "Patterns", "Reconciler", "Registry", "Runtime", "Seccomp",
                "Store",
            ],
            swiftSettings: strict
        ),
        .target(
            name: "EngineServer",
            dependencies: ["Compose", "Engine", "EngineAPI", "JSONTree", "Linux", "Reconciler"],
            swiftSettings: strict
        ),
        .target(
            name: "EngineClient",
            dependencies: ["Compose", "EngineAPI", "JSONTree", "Linux", "Reconciler"],
            swiftSettings: strict
        ),
        .target(name: "JSONTree", swiftSettings: strict),
        .target(name: "Build", dependencies: ["Compose", "JSONTree", "OCI", "Patterns"], swiftSettings: strict),
        .target(name: "GoTemplate", dependencies: ["JSONTree"], swiftSettings: strict),
        .target(name: "Arguments", swiftSettings: strict),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .target(name: "Seccomp", dependencies: ["CSeccomp", "JSONTree", "Linux"], swiftSettings: strict),
        .systemLibrary(
            name: "CCompression",
            providers: [.apt(["libbz2-dev", "libisal-dev", "liblzma-dev", "libzstd-dev", "zlib1g-dev"])]
        ),
        .target(
            name: "Images",
            dependencies: ["CCompression", "JSONTree", "Linux", "OCI"],
            swiftSettings: strict
        ),
        .target(
            name: "Registry",
            dependencies: [
                "OCI",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "wharf",
            dependencies: [
                "Arguments",
                "Build",
                "Compose",
                "Composition",
                "Diagram",
                "EngineAPI",
                "EngineClient",
                "GoTemplate",
                "Images",
                "JSONTree",
                "Linux",
                "Networks",
                "OCI",
                "Patterns",
                "Reconciler",
                "Terminal",
                "Watch",
                "YAML",
            ],
            swiftSettings: strict,
            linkerSettings: standalone
        ),
        .executableTarget(
            name: "wharfd",
            dependencies: ["Arguments", "CMalloc", "Engine", "EngineAPI", "EngineServer", "Linux", "Runtime"],
            swiftSettings: strict,
            linkerSettings: standalone
        ),
        .executableTarget(
            name: "wharf-keeper",
            dependencies: ["CKeeper", "CLinux", "CSandbox"],
            swiftSettings: strict + [.enableExperimentalFeature("Embedded"), .unsafeFlags(["-wmo"])],
            linkerSettings: [.unsafeFlags(["-static-executable"])]
        ),
        .executableTarget(
            name: "programs",
            dependencies: ["fuzz-config", "wharf", "wharfd"],
            path: ".ci/programs",
            swiftSettings: strict
        ),
        .target(name: "ConformanceKit", path: "Tests/Conformance/Kit", swiftSettings: strict),
        .executableTarget(
            name: "conformance",
            dependencies: ["Arguments", "ConformanceKit", "wharf"],
            path: "Tests/Conformance/Runner",
            swiftSettings: strict
        ),
        .target(
            name: "ScenarioKit",
            dependencies: [
                "ConformanceKit", "EngineAPI", "EngineClient", "Linux", "TestSupport", "measure", "wharf",
                "wharf-keeper", "wharfd",
            ],
            path: "Tests/Scenarios/Kit",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "scenarios",
            dependencies: ["Arguments", "ConformanceKit", "ScenarioKit"],
            path: "Tests/Scenarios/Runner",
            swiftSettings: strict
        ),
        .executableTarget(name: "measure", path: "Tests/Support/measure", swiftSettings: strict),
        .executableTarget(
            name: "store-writer",
            dependencies: ["Store"],
            path: "Tests/Support/store-writer",
            swiftSettings: strict
        ),
        .target(
            name: "ImagesSupport",
            dependencies: ["Images", "Linux", "TestSupport"],
            path: "Tests/Support/ImagesSupport",
            swiftSettings: strict
        ),
        .target(
            name: "NetlinkSupport",
            dependencies: ["CLinux", "Linux", "Netlink", "TestSupport"],
            path: "Tests/Support/NetlinkSupport",
            swiftSettings: strict
        ),
        .target(
            name: "RuntimeSupport",
            dependencies: ["Linux", "Runtime", "TestSupport"],
            path: "Tests/Support/RuntimeSupport",
            swiftSettings: strict
        ),
        .target(
            name: "EngineSupport",
            dependencies: ["EngineAPI", "EngineClient", "Linux", "TestSupport", "wharf", "wharf-keeper", "wharfd"],
            path: "Tests/Support/EngineSupport",
            swiftSettings: strict
        ),
        .target(
            name: "RegistrySupport",
            dependencies: ["Linux", "TestSupport"],
            path: "Tests/Support/RegistrySupport",
            swiftSettings: strict
        ),
        .target(name: "TestSupport", path: "Tests/Support/TestSupport", swiftSettings: strict),
        .target(
            name: "BenchKit",
            dependencies: ["EngineAPI", "EngineClient", "Linux", "TestSupport"],
            path: "Tests/Bench/Sources/Kit",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "bench-config",
            dependencies: ["BenchKit", "TestSupport", "measure"],
            path: "Tests/Bench/Sources/Config",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "bench-start",
            dependencies: [
                "BenchKit", "EngineAPI", "EngineClient", "Linux", "OCI", "Runtime", "Seccomp", "TestSupport", "measure",
            ],
            path: "Tests/Bench/Sources/Start",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "bench-dns",
            dependencies: [
                "BenchKit", "EngineAPI", "EngineClient", "Linux", "Netlink", "NetlinkSupport", "Networks",
                "TestSupport",
                "measure",
            ],
            path: "Tests/Bench/Sources/DNS",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "bench-network",
            dependencies: ["BenchKit", "CLinux", "EngineAPI", "EngineClient", "Linux", "TestSupport", "measure"],
            path: "Tests/Bench/Sources/Network",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "bench-up",
            dependencies: ["BenchKit", "TestSupport", "measure"],
            path: "Tests/Bench/Sources/Up",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "bench-many",
            dependencies: ["BenchKit", "EngineClient", "Linux", "TestSupport", "measure"],
            path: "Tests/Bench/Sources/Many",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "bench-logs",
            dependencies: ["BenchKit", "EngineAPI", "EngineClient", "Linux", "TestSupport", "measure"],
            path: "Tests/Bench/Sources/Logs",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "bench-images",
            dependencies: ["BenchKit", "RegistrySupport", "TestSupport", "measure"],
            path: "Tests/Bench/Sources/Images",
            swiftSettings: strict
        ),
        .executableTarget(name: "bench-floor", path: "Tests/Bench/Sources/Floor", cSettings: strictC),
        .executableTarget(
            name: "fuzz-config",
            dependencies: ["Build", "Compose", "Patterns", "TestSupport", "YAML"],
            path: "Tests/Fuzz",
            swiftSettings: strict
        ),
        .testTarget(
            name: "ArgumentsTests",
            dependencies: ["Arguments", "Compose", "TestSupport", "wharf"],
            swiftSettings: strict
        ),
        .testTarget(name: "YAMLTests", dependencies: ["YAML"], swiftSettings: strict),
        .testTarget(name: "ComposeTests", dependencies: ["Compose"], swiftSettings: strict),
        .testTarget(
            name: "CompositionTests",
            dependencies: ["Compose", "Composition", "EngineAPI", "TestSupport", "YAML"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ReconcilerTests",
            dependencies: ["Compose", "Reconciler", "TestSupport", "YAML"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "DiagramTests",
            dependencies: ["Diagram", "Terminal", "TestSupport"],
            exclude: ["Fixtures"],
            swiftSettings: strict
        ),
        .testTarget(name: "LinuxTests", dependencies: ["CLinux", "Linux", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "NetlinkTests",
            dependencies: ["CLinux", "Linux", "Netlink", "NetlinkSupport", "TestSupport", "measure"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "NetworksTests",
            dependencies: ["Linux", "Netlink", "NetlinkSupport", "Networks", "TestSupport", "measure"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "LogsTests",
            dependencies: ["CKeeper", "Linux", "Logs", "Runtime", "RuntimeSupport", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ImagesTests",
            dependencies: ["Images", "ImagesSupport", "Linux", "OCI", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(name: "BuildTests", dependencies: ["Build", "OCI", "Patterns"], swiftSettings: strict),
        .testTarget(
            name: "WatchTests",
            dependencies: ["Linux", "Patterns", "TestSupport", "Watch"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "RegistryTests",
            dependencies: ["Images", "Linux", "OCI", "Registry", "RegistrySupport", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(name: "OCITests", dependencies: ["OCI", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "SeccompTests",
            dependencies: ["CSeccomp", "Linux", "Seccomp", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EngineAPITests",
            dependencies: ["EngineAPI", "OCI", "TestSupport"],
            exclude: ["Fixtures"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EngineTests",
            dependencies: [
                "CLinux", "Compose", "Engine", "EngineAPI", "EngineSupport", "Images", "ImagesSupport", "Linux", "Logs",
                "Netlink", "NetlinkSupport", "Networks", "OCI", "Reconciler", "RegistrySupport", "Runtime", "Seccomp",
                "Store", "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EngineServerTests",
            dependencies: ["Engine", "EngineAPI", "EngineServer", "EngineSupport", "Linux", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EngineClientTests",
            dependencies: ["EngineAPI", "EngineClient", "EngineSupport", "Linux", "TestSupport"],
            exclude: ["Fixtures"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "Compose", "Composition", "ConformanceKit", "EngineAPI", "EngineClient", "EngineSupport", "Linux",
                "NetlinkSupport", "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(name: "JSONTreeTests", dependencies: ["JSONTree"], swiftSettings: strict),
        .testTarget(
            name: "GoTemplateTests",
            dependencies: ["GoTemplate", "JSONTree", "TestSupport"],
            exclude: ["Fixtures"],
            swiftSettings: strict
        ),
        .testTarget(name: "RepositoryTests", dependencies: ["TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "StoreTests",
            dependencies: ["Store", "TestSupport", "measure", "store-writer"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "RuntimeTests",
            dependencies: [
                "CKeeper", "CLinux", "CSandbox", "CSeccomp", "Linux", "OCI", "Runtime", "RuntimeSupport", "Seccomp",
                "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SurvivalTests",
            dependencies: [
                "EngineAPI", "EngineClient", "EngineSupport", "Linux", "OCI", "Reconciler", "Runtime", "Store",
                "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "WharfTests",
            dependencies: [
                "Compose", "EngineAPI", "EngineClient", "GoTemplate", "JSONTree", "Linux", "TestSupport", "Watch",
                "wharf",
            ],
            exclude: ["Fixtures"],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "draw-progress",
            dependencies: ["Terminal"],
            path: "Tests/Support/draw-progress",
            swiftSettings: strict
        ),
        .testTarget(
            name: "TerminalTests",
            dependencies: ["Terminal", "TestSupport", "draw-progress"],
            swiftSettings: strict
        ),
        .testTarget(name: "BadInputTests", dependencies: ["TestSupport", "wharf"], swiftSettings: strict),
        .testTarget(
            name: "ConformanceTests",
            dependencies: ["ConformanceKit", "wharf"],
            path: "Tests/Conformance/Suite",
            swiftSettings: strict
        ),
        .testTarget(
            name: "ScenarioTests",
            dependencies: ["ConformanceKit", "Linux", "ScenarioKit"],
            path: "Tests/Scenarios/Suite",
            swiftSettings: strict
        ),
    ]
)
