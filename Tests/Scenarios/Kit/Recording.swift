// SPDX-License-Identifier: Apache-2.0

import ConformanceKit
import FoundationEssentials

/// What Docker Compose left in the scenarios of one file, as it is kept in the repository.
///
/// Each object of a state that is as it was after the step before is `"same"`, and stands on a line of its own.
package struct Recording: Sendable {
    /// What the steps of one scenario left.
    package struct Entry: Codable, Sendable {
        /// The text of the scenario, for which alone this is true.
        package var source: String
        package var steps: [StepResult]

        package init(source: String, steps: [StepResult]) {
            self.source = source
            self.steps = steps
        }
    }

    /// By the name of the scenario.
    package var entries: [String: Entry] = [:]

    package init() {}

    /// Reads the recording of a file of scenarios.
    ///
    /// - Parameter name: The name of the file, without its extension.
    /// - Returns: An empty one where there is none.
    /// - Throws: Where it cannot be read.
    package static func load(_ name: String) throws -> Self {
        guard let data = FileManager.default.contents(atPath: path(name)) else { return Self() }
        var recording = Self()
        recording.entries = try JSONDecoder().decode([String: Entry].self, from: data).mapValues(\.expanded)
        return recording
    }

    /// Writes it.
    ///
    /// - Parameter name: The name of the file, without its extension.
    /// - Throws: Where it cannot be written.
    package func save(_ name: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var text = "{\n"
        for (index, entry) in entries.sorted(by: { $0.key < $1.key }).enumerated() {
            let key = String(decoding: try encoder.encode(entry.key), as: UTF8.self)
            let value = JSONValue.parse(Array(try encoder.encode(entry.value.shortened))) ?? .null
            text += (index > 0 ? ",\n" : "") + key + ": " + value.layout(depth: 5, indentation: 0, encoder)
        }
        try Data((text + "\n}\n").utf8).write(to: URL(filePath: Self.path(name)))
    }

    private static func path(_ name: String) -> String { "\(Scenarios.folder)/Recorded/\(name).json" }
}

extension Recording.Entry {
    private static let same = JSONValue.string("same")

    /// With `same` where an object is as it was.
    fileprivate var shortened: Self { mapped { $0 == $1 ? Self.same : $0 } }

    /// With what `same` stands for.
    fileprivate var expanded: Self {
        var copy = self
        for index in copy.steps.indices.dropFirst() {
            let before = copy.steps[index - 1].state
            copy.steps[index].state = copy.steps[index].state.mapObjects(before) { $0 == Self.same ? $1 : $0 }
        }
        return copy
    }

    private func mapped(_ body: (JSONValue, JSONValue) -> JSONValue) -> Self {
        var copy = self
        for index in copy.steps.indices.dropFirst() {
            copy.steps[index].state = steps[index].state.mapObjects(steps[index - 1].state, body)
        }
        return copy
    }
}

extension JSONValue {
    /// Changes the objects of a state, knowing what they were before.
    fileprivate func mapObjects(_ before: JSONValue, _ body: (JSONValue, JSONValue) -> JSONValue) -> JSONValue {
        .object(
            members.reduce(into: [:]) { result, kind in
                guard case .object(let objects) = kind.value else {
                    result[kind.key] = body(kind.value, before[kind.key])
                    return
                }
                result[kind.key] = .object(
                    objects.reduce(into: [:]) { result, object in
                        let old = before[kind.key].members[object.key]
                        result[object.key] = old.map { body(object.value, $0) } ?? object.value
                    }
                )
            }
        )
    }

    /// The text with a line for each member down to a depth.
    fileprivate func layout(depth: Int, indentation: Int, _ encoder: JSONEncoder) -> String {
        func text(_ value: some Encodable) -> String {
            (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
        let parts: [String]
        let brackets: (String, String)
        switch self {
        case .object(let members) where depth > 0 && !members.isEmpty:
            parts = members.sorted { $0.key < $1.key }.map {
                "\(text($0.key)): \($0.value.layout(depth: depth - 1, indentation: indentation + 1, encoder))"
            }
            brackets = ("{", "}")
        case .array(let values) where depth > 0 && !values.isEmpty:
            parts = values.map { $0.layout(depth: depth - 1, indentation: indentation + 1, encoder) }
            brackets = ("[", "]")
        default: return text(self)
        }
        let inner = String(repeating: " ", count: indentation + 1)
        let lines = parts.map { inner + $0 }.joined(separator: ",\n")
        return "\(brackets.0)\n\(lines)\n\(inner.dropFirst())\(brackets.1)"
    }
}
