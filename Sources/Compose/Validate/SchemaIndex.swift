// SPDX-License-Identifier: Apache-2.0

import YAML

/// Where the keys of the objects inside an object stand.
struct SchemaIndex {
    /// The paths of the objects that have a key, counted from the outer object: the nearest ones only.
    private var owners: [String: [NodePath]] = [:]

    /// How far down a key is looked for.
    private static let depth = 4
    /// With more places than that, a hint would say nothing.
    private static let maximumPlaces = 3

    /// Makes the index of an object that has nothing in it.
    init() {}

    /// Makes the index of an object.
    init(of object: Schema.Object) {
        var level = object.children
        for _ in 0..<Self.depth {
            var found: [String: [NodePath]] = [:]
            for (path, object) in level {
                for key in object.keys.keys {
                    found[key, default: []].append(path)
                }
            }
            owners.merge(found) { nearer, _ in nearer }
            level = level.flatMap { outer in
                outer.object.children.map { (NodePath(outer.path.components + $0.path.components), $0.object) }
            }
        }
    }

    /// Says which objects have a key, where these are few.
    func hint(for key: String) -> String? {
        guard let places = owners[key], places.count <= Self.maximumPlaces else {
            return nil
        }
        return "`\(key)` belongs in \(places.map { "`\($0)`" }.joined(or: "or"))"
    }
}

extension Schema.Object {
    /// The objects right inside this one, by the path that leads there, in the order of the keys.
    fileprivate var children: [(path: NodePath, object: Schema.Object)] {
        var children: [(NodePath, Schema.Object)] = []
        for (key, schema) in keys.sorted(by: { $0.key < $1.key }) {
            schema.collectObjects(at: NodePath([.key(key)]), into: &children)
        }
        names?.values.collectObjects(at: NodePath([.key("NAME")]), into: &children)
        return children
    }
}

extension Schema {
    /// Lists what can be reached without a key of this schema's own; `NAME` stands for any name.
    fileprivate func collectObjects(at path: NodePath, into objects: inout [(NodePath, Object)]) {
        if let object {
            if let names = object.names {
                names.values.collectObjects(at: path.appending("NAME"), into: &objects)
            } else {
                objects.append((path, object))
            }
        }
        list?.items.collectObjects(at: path.appending(0), into: &objects)
    }
}
