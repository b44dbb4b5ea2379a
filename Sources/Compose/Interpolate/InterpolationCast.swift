// SPDX-License-Identifier: Apache-2.0

import YAML

/// What a string becomes where the compose model has no string.
enum InterpolationCast {
    case integer
    case number
    case singlePrecision
    case boolean

    static let rules = PathRules<InterpolationCast>([
        "services.*.cpu_count": .integer,
        "services.*.cpu_percent": .number,
        "services.*.cpu_period": .integer,
        "services.*.cpu_quota": .integer,
        "services.*.cpu_rt_period": .integer,
        "services.*.cpu_rt_runtime": .integer,
        "services.*.cpus": .singlePrecision,
        "services.*.cpu_shares": .integer,
        "services.*.init": .boolean,
        "services.*.deploy.replicas": .integer,
        "services.*.deploy.update_config.parallelism": .integer,
        "services.*.deploy.update_config.max_failure_ratio": .number,
        "services.*.deploy.rollback_config.parallelism": .integer,
        "services.*.deploy.rollback_config.max_failure_ratio": .number,
        "services.*.deploy.restart_policy.max_attempts": .integer,
        "services.*.deploy.placement.max_replicas_per_node": .integer,
        "services.*.healthcheck.retries": .integer,
        "services.*.healthcheck.disable": .boolean,
        "services.*.oom_kill_disable": .boolean,
        "services.*.oom_score_adj": .integer,
        "services.*.pids_limit": .integer,
        "services.*.ports.*.target": .integer,
        "services.*.privileged": .boolean,
        "services.*.read_only": .boolean,
        "services.*.scale": .integer,
        "services.*.stdin_open": .boolean,
        "services.*.tty": .boolean,
        "services.*.ulimits.*": .integer,
        "services.*.ulimits.*.hard": .integer,
        "services.*.ulimits.*.soft": .integer,
        "services.*.volumes.*.read_only": .boolean,
        "services.*.volumes.*.volume.nocopy": .boolean,
        "networks.*.external": .boolean,
        "networks.*.internal": .boolean,
        "networks.*.attachable": .boolean,
        "networks.*.enable_ipv4": .boolean,
        "networks.*.enable_ipv6": .boolean,
        "volumes.*.external": .boolean,
        "secrets.*.external": .boolean,
        "configs.*.external": .boolean,
    ])

    enum Result {
        /// The value; `deprecated` where YAML 1.1 would read the text as a boolean and YAML 1.2 does not.
        case success(Node.Value, deprecated: Bool)
        /// What was expected: "an integer".
        case failure(expected: String)
    }

    func apply(to text: String) -> Result {
        switch self {
        case .integer:
            guard let number = Int(text) else {
                return .failure(expected: "an integer")
            }
            return .success(.int(number), deprecated: false)
        case .number:
            guard let number = FloatText.parse(text) else {
                return .failure(expected: "a number")
            }
            return .success(.float(number), deprecated: false)
        case .singlePrecision:
            guard let number = FloatText.parse(text) else {
                return .failure(expected: "a number")
            }
            return .success(.float(Double(Float(number))), deprecated: false)
        case .boolean:
            guard let boolean = BooleanText.parse(text) else {
                return .failure(expected: "`true` or `false`")
            }
            return .success(.bool(boolean.value), deprecated: boolean.isDeprecated)
        }
    }
}

/// Numbers as Go's `strconv.ParseFloat` reads them.
enum FloatText {
    static func parse(_ text: String) -> Double? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return nil
        }
        let lowercase = text.lowercased()
        if ["inf", "+inf", "-inf", "infinity", "+infinity", "-infinity", "nan"].contains(lowercase) {
            return Double(lowercase)
        }
        guard let number = Double(text), number.isFinite else {
            return nil
        }
        return number
    }
}
