// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Source text whose meaning changes with one upcoming feature.
private struct Probe {
    /// The files of one module; it compiles either with or without the feature, not both.
    var files: [String]
    /// Whether it is with the feature that it compiles.
    var needsFeature = false
}

private let probes: [String: Probe] = [
    "ExistentialAny": Probe(files: ["protocol P {}\nlet value: P? = nil\n"]),
    "ImmutableWeakCaptures": Probe(files: [
        """
        final class C {}
        func capture(_ c: C) -> () -> C? { { [weak c] in c = nil; return c } }
        """
    ]),
    "InferIsolatedConformances": Probe(
        files: [
            """
            protocol P { func act() }
            @MainActor final class C: P { func act() {} }
            """
        ],
        needsFeature: true
    ),
    "InternalImportsByDefault": Probe(files: ["import Glibc\npublic func wait(_ time: timespec) {}\n"]),
    "MemberImportVisibility": Probe(files: [
        "import FoundationEssentials\n",
        "let bytes = \"text\".data(using: .utf8)\n",
    ]),
    "NonisolatedNonsendingByDefault": Probe(
        files: [
            """
            func same<T>(_ first: T.Type, _ second: T.Type) {}
            func compare() { same((() async -> Void).self, (nonisolated(nonsending) () async -> Void).self) }
            """
        ],
        needsFeature: true
    ),
]

/// The compiler ignores the name of a feature that it does not know, so a wrong name looks just like a right one.
@Suite struct `Upcoming features` {
    @Test func `each one that the manifest names is on`() throws {
        let features = Set(try Manifest.load().targets.flatMap(\.upcomingFeatures))
        #expect(features == Set(probes.keys), "a name without a probe, or a probe without its name")
        for (feature, probe) in probes where features.contains(feature) {
            let with = try compiles(probe, features: features)
            let without = try compiles(probe, features: features.subtracting([feature]))
            #expect(with == probe.needsFeature, "\(feature) is not on")
            #expect(without != probe.needsFeature, "the probe of \(feature) does not tell whether it is on")
        }
    }

    @Test func `a misspelt one is off`() throws {
        let probe = try #require(probes["ExistentialAny"])
        #expect(try compiles(probe, features: ["ExistentialAnny"]))
    }

    @Test func `every target has all of them and treats warnings as errors`() throws {
        for target in try Manifest.load().targets where target.isCompiled {
            #expect(Set(target.upcomingFeatures) == (target.isC ? [] : Set(probes.keys)), "\(target.name)")
            #expect(target.settings.compactMap(\.kind.treatAllWarnings?.value) == ["error"], "\(target.name)")
        }
    }

    /// Whether the compiler accepts the files with the language mode and warning level of the manifest.
    private func compiles(_ probe: Probe, features: Set<String>) throws -> Bool {
        let scratch = try Scratch()
        var arguments = ["-typecheck", "-swift-version", "6", "-warnings-as-errors"]
        for feature in features.sorted() { arguments += ["-enable-upcoming-feature", feature] }
        for (index, file) in probe.files.enumerated() {
            arguments.append(try scratch.write("file\(index).swift", file))
        }
        let outcome = try Command("swiftc", arguments).run()
        guard case .exit = outcome.end else { throw SystemFailure(message: outcome.errors) }
        return outcome.end == .exit(0)
    }
}
