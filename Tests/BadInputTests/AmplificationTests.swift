// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

private let levels = ["a", "b", "c", "d", "e", "f", "g", "h", "i"]

/// Small files that stand for something large.
private let bombs: [BadInput] = [
    BadInput("nine levels of nine aliases") {
        var text = "x-a: &a \(flow(Array(repeating: "lol", count: 9)))\n"
        for (inner, outer) in zip(levels, levels.dropFirst()) {
            text += "x-\(outer): &\(outer) \(flow(Array(repeating: "*\(inner)", count: 9)))\n"
        }
        return text + "services: {web: {image: busybox, x-all: *i}}\n"
    },
    BadInput("nine levels of nine aliases in mappings") {
        var text = "x-a: &a {\(levels.map { "\($0): 1" }.joined(separator: ", "))}\n"
        for (inner, outer) in zip(levels, levels.dropFirst()) {
            text += "x-\(outer): &\(outer) {\(levels.map { "\($0): *\(inner)" }.joined(separator: ", "))}\n"
        }
        return text + "services: {web: {image: busybox, x-all: *i}}\n"
    },
    BadInput("nine levels of nine aliases in merge keys", .any) {
        var text = "x-a: &a {\(levels.map { "\($0): 1" }.joined(separator: ", "))}\n"
        for (inner, outer) in zip(levels, levels.dropFirst()) {
            text += "x-\(outer): &\(outer) {<<: \(flow(Array(repeating: "*\(inner)", count: 9)))}\n"
        }
        return text + "services: {web: {image: busybox, labels: *i}}\n"
    },
    BadInput("1,000 aliases of a list of 10,000") {
        "x-a: &a \(flow((0..<10_000).map(String.init)))\n"
            + "x-b: \(flow(Array(repeating: "*a", count: 1_000)))\nservices: {web: {image: busybox}}\n"
    },
    BadInput("10,000 services that merge 10,000 labels") {
        "x-a: &a {\((0..<10_000).map { "k\($0): v" }.joined(separator: ", "))}\nservices:\n"
            + (0..<10_000).map { "  s\($0): {image: busybox, labels: {<<: *a}}\n" }.joined()
    },
    BadInput("10,000 services that extend one of 10,000 labels") {
        "services:\n  base: {image: busybox, labels: {\((0..<10_000).map { "k\($0): v" }.joined(separator: ", "))}}\n"
            + (0..<10_000).map { "  s\($0): {extends: base}\n" }.joined()
    },
    BadInput("1,000 ranges of all ports") {
        "services: {web: {image: busybox, ports: \(flow((0..<1_000).map { "'10.0.\($0 / 256).\($0 % 256):1-65535:1-65535'" }))}}\n"
    },
    BadInput("a long value that is used 20,000 times") {
        try $0.write(".env", "LONG=\(String(repeating: "x", count: 100_000))\n")
        try $0.write(
            "compose.yaml",
            "services:\n  web:\n    image: busybox\n    labels:\n"
                + (0..<20_000).map { "      k\($0): $LONG\n" }.joined()
        )
    },
    BadInput("a default that is used in itself", .any) {
        let word = (0..<20).reduce("x") { word, _ in "${A:-\(word)\(word)}" }
        return "services: {web: {image: busybox, labels: {a: '\(word)'}}}\n"
    },
    BadInput("variables of .env that double 60 times", .refused(naming: ".env")) {
        try $0.write("compose.yaml", "services: {web: {image: 'busybox:${V60}'}}\n")
        try $0.write(".env", doubling)
    },
    BadInput("variables of an env_file that double 60 times", .refused(naming: "hostile")) {
        try $0.write("compose.yaml", "services: {web: {image: busybox, env_file: hostile}}\n")
        try $0.write("hostile", doubling)
    },
    BadInput("a .env of 100,000 lines", .any) {
        try $0.write("compose.yaml", "services: {web: {image: busybox, env_file: .env}}\n")
        try $0.write(".env", (0..<100_000).map { "KEY\($0)=value $KEY\(max(0, $0 - 1))\n" }.joined())
    },
    BadInput("a .env in one line of 20 MB", .any) {
        try $0.write("compose.yaml", "services: {web: {image: busybox}}\n")
        try $0.write(".env", "A=\(String(repeating: "x", count: 20_000_000))")
    },
    BadInput("a .env of 100,000 open quotes", .any) {
        try $0.write("compose.yaml", "services: {web: {image: busybox}}\n")
        try $0.write(".env", (0..<100_000).map { "K\($0)='\n" }.joined())
    },
]

private let doubling = "V0=xxxxxxxxxxxxxxxx\n" + (1...60).map { "V\($0)=$V\($0 - 1)$V\($0 - 1)\n" }.joined()

/// Chains and circles of files and services.
private let chains: [BadInput] = [
    BadInput("a file that includes itself", .refused(naming: "compose.yaml")) {
        try $0.write("compose.yaml", "include: [compose.yaml]\nservices: {web: {image: busybox}}\n")
    },
    BadInput("two files that include each other", .refused(naming: "other.yaml")) {
        try $0.write("compose.yaml", "include: [other.yaml]\nservices: {web: {image: busybox}}\n")
        try $0.write("other.yaml", "include: [compose.yaml]\nservices: {db: {image: busybox}}\n")
    },
    BadInput("a file that includes a link to itself", .refused(naming: "link.yaml")) {
        try $0.write("compose.yaml", "include: [link.yaml]\nservices: {web: {image: busybox}}\n")
        try $0.link("link.yaml", to: "compose.yaml")
    },
    BadInput("a file that includes itself through a link to its folder", .refused(naming: "down/compose.yaml")) {
        try $0.write("compose.yaml", "include: [down/compose.yaml]\nservices: {web: {image: busybox}}\n")
        try $0.link("down", to: ".")
    },
    BadInput("a service that extends itself through a link to its folder", .refused(naming: "down/compose.yaml")) {
        try $0.write("compose.yaml", "services: {web: {extends: {file: down/compose.yaml, service: web}}}\n")
        try $0.link("down", to: ".")
    },
    BadInput("a service that extends itself") { "services: {web: {extends: web}}\n" },
    BadInput("two services that extend each other") { "services: {a: {extends: b}, b: {extends: a}}\n" },
    BadInput("services of two files that extend each other", .refused(naming: "other.yaml")) {
        try $0.write("compose.yaml", "services: {web: {extends: {file: other.yaml, service: web}}}\n")
        try $0.write("other.yaml", "services: {web: {extends: {file: compose.yaml, service: web}}}\n")
    },
    BadInput("a service that depends on itself") { "services: {web: {image: busybox, depends_on: [web]}}\n" },
    BadInput("10,000 services in a circle") {
        "services:\n"
            + (0..<10_000).map {
                "  s\($0): {image: busybox, depends_on: [s\(($0 + 1) % 10_000)]}\n"
            }.joined()
    },
    BadInput("10,000 services in a row", .any) {
        "services:\n  s0: {image: busybox}\n"
            + (1..<10_000).map { "  s\($0): {image: busybox, depends_on: [s\($0 - 1)]}\n" }.joined()
    },
    BadInput("5,000 services that extend one another", .any) {
        "services:\n  s0: {image: busybox}\n" + (1..<5_000).map { "  s\($0): {extends: s\($0 - 1)}\n" }.joined()
    },
    BadInput("1,000 files that include one another", .any) {
        try $0.write("compose.yaml", "include: [f0.yaml]\nservices: {web: {image: busybox}}\n")
        for number in 0..<1_000 {
            let next = number < 999 ? "include: [f\(number + 1).yaml]\n" : ""
            try $0.write("f\(number).yaml", "\(next)services: {s\(number): {image: busybox}}\n")
        }
    },
    BadInput("40 files that each include the next one twice", .any) {
        try $0.write("compose.yaml", "include: [f0.yaml]\nservices: {web: {image: busybox}}\n")
        for number in 0..<40 {
            let next = number < 39 ? "include: [f\(number + 1).yaml, {path: [./f\(number + 1).yaml]}]\n" : ""
            try $0.write("f\(number).yaml", "\(next)services: {s\(number): {image: busybox}}\n")
        }
    },
    BadInput("a variable of .env that uses itself", .any) {
        try $0.write("compose.yaml", "services: {web: {image: 'busybox:${A}'}}\n")
        try $0.write(".env", "A=$A$B\nB=$A$B\nA=$B$A\n")
    },
]

/// Numbers that no type holds.
private let numbers: [(key: String, values: [String])] = [
    ("mem_limit", ["99999999999999999999999", "'9223372036854775807p'", "-9223372036854775808", "'1e999k'", ".nan"]),
    ("cpus", ["1e999", ".inf", ".nan", "'99999999999999999999999999'", "-0.0"]),
    ("scale", ["9223372036854775807", "-9223372036854775808", "99999999999999999999", "1e30"]),
    ("pids_limit", ["9223372036854775808", "'0x7fffffffffffffffff'"]),
    ("stop_grace_period", ["'9999999999999999999h'", "'-9223372036854775808ns'", "'1e9h'", "'.h'"]),
    ("ports", ["['99999999999999999999:80']", "['1-99999999999:1-99999999999']", "[9223372036854775807]", "[-1]"]),
    ("oom_score_adj", ["-9223372036854775808", "1e300"]),
    ("ulimits", ["{nofile: 9223372036854775808}", "{nofile: {soft: -1e30, hard: .inf}}"]),
    ("shm_size", ["''", "' '", "'k'", "'.'", "'1 k b'"]),
    ("tmpfs", ["['/a:size=99999999999999999999999']"]),
    ("healthcheck", ["{test: [], retries: 1e30, interval: '1e30s'}", "{retries: -9223372036854775808}"]),
    ("group_add", ["[9223372036854775808, -0x1]"]),
    ("configs", ["[{source: c, mode: 99999999999999999999}]", "[{source: c, mode: '9'}]"]),
]

@Suite struct `Amplification` {
    @Test(arguments: bombs)
    func `is bounded`(bomb: BadInput) throws {
        try bomb.check()
    }

    @Test(arguments: chains)
    func `by chains and circles comes to an end`(chain: BadInput) throws {
        try chain.check()
    }
}

@Suite struct `Numbers out of range` {
    @Test(arguments: numbers)
    func `stop nothing but the file`(key: String, values: [String]) throws {
        for value in values {
            try BadInput("\(key) \(value)", .any) {
                try $0.write("compose.yaml", "services:\n  web:\n    image: busybox\n    \(key): \(value)\n")
            }.check()
        }
    }
}
