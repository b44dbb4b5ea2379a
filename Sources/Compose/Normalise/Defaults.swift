// SPDX-License-Identifier: Apache-2.0

import YAML

/// Fills in the values that the compose specification gives to keys left out.
enum Defaults {
    /// The places that have defaults.
    private enum Rule {
        case build, secret, port, deviceRequest
    }

    private static let rules = PathRules<Rule>([
        "services.*.build": .build,
        "services.*.secrets.*": .secret,
        "services.*.ports.*": .port,
        "services.*.deploy.resources.reservations.devices.*": .deviceRequest,
        "services.*.gpus.*": .deviceRequest,
    ])

    /// Fills in the defaults of a canonical tree.
    static func apply(to root: inout Node) {
        apply(to: &root, rules: rules)
    }

    private static func apply(to node: inout Node, rules: PathRules<Rule>) {
        if let rule = rules.rule {
            let origin = node.origin
            node.withMapping { fill(&$0, by: rule, origin: origin) }
            return
        }
        switch node.value {
        case .mapping:
            node.withMapping { mapping in
                mapping.updateValues { key, value in
                    if let below = rules.below(key) {
                        apply(to: &value, rules: below)
                    }
                }
            }
        case .sequence:
            guard let below = rules.belowItems else {
                return
            }
            node.withSequence { items in
                for index in items.indices {
                    apply(to: &items[index], rules: below)
                }
            }
        default:
            return
        }
    }

    private static func fill(_ mapping: inout Mapping, by rule: Rule, origin: Origin) {
        switch rule {
        case .build:
            setDefault("context", Node(".", at: origin), in: &mapping)
        case .secret:
            if let source = mapping["source"]?.string {
                setDefault("target", Node("/run/secrets/\(source)", at: origin), in: &mapping)
            }
        case .port:
            setDefault("protocol", Node("tcp", at: origin), in: &mapping)
            setDefault("mode", Node("ingress", at: origin), in: &mapping)
        case .deviceRequest:
            if mapping.position(of: "device_ids") == nil {
                setDefault("count", Node("all", at: origin), in: &mapping)
            }
        }
    }

    private static func setDefault(_ key: String, _ value: Node, in mapping: inout Mapping) {
        if mapping.position(of: key) == nil {
            mapping[key] = value
        }
    }
}
