// SPDX-License-Identifier: Apache-2.0

import YAML

/// Gives the names without a value in lists under `environment` the project's values.
///
/// Included projects need this before they are copied into the including one, since each has its own env files.
enum BareVariables {
    /// Fills in the lists of all services.
    static func resolve(in root: inout Node, with environment: ProjectEnvironment) {
        root.withValue(forKey: "services") { services in
            services.withMapping { mapping in
                mapping.updateValues { _, service in
                    service.withValue(forKey: "environment") { variables in
                        resolve(&variables, with: environment)
                    }
                }
            }
        }
    }

    private static func resolve(_ variables: inout Node, with environment: ProjectEnvironment) {
        guard let items = variables.sequence, items.contains(where: isBare) else {
            return
        }
        variables.withSequence { items in
            for index in items.indices where isBare(items[index]) {
                if let name = items[index].string, let value = environment[name] {
                    items[index].value = .string("\(name)=\(value)")
                }
            }
        }
    }

    private static func isBare(_ item: Node) -> Bool {
        item.string.map { !$0.utf8.contains(UInt8(ascii: "=")) } ?? false
    }
}
