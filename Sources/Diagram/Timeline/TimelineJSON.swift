// SPDX-License-Identifier: Apache-2.0

import JSONTree

/// A timeline as JSON, for other programs.
///
/// ```
/// {
///   "project": "shop",
///   "begin": 1764385600.25,                 seconds since 1970
///   "length": 4.81,                         all other times are seconds since `begin`
///   "containers": [{
///     "service": "db",
///     "number": 1,
///     "id": "4a…",
///     "created": 0.1, "started": 0.3,       null where it was not
///     "healthy": 3.1,                       null also where nobody looks
///     "ended": null, "exitCode": null,      of its first run
///     "restarts": 0,
///     "critical": true                      whether it belongs to the longest chain
///   }],
///   "path": [{"service": "db", "number": 1, "condition": "service_healthy", "begin": 0, "end": 3.1}],
///   "waiting": [{"service": "web", "for": "db", "condition": "service_healthy"}]
/// }
/// ```
///
/// Every key is always there. New keys may join; none changes its meaning.
package enum TimelineJSON {
    package static func render(_ timeline: Timeline) -> String {
        let document: JSON = [
            "project": .string(timeline.project),
            "begin": seconds(timeline.origin),
            "length": seconds(timeline.length),
            "containers": .array(timeline.bars.map(object)),
            "path": .array(
                timeline.path.map { step in
                    [
                        "service": .string(timeline.bars[step.bar].service),
                        "number": .integer(timeline.bars[step.bar].number),
                        "condition": .string(step.condition.composeName),
                        "begin": seconds(step.begin),
                        "end": seconds(step.end),
                    ]
                }
            ),
            "waiting": .array(
                timeline.blockages.map { blockage in
                    [
                        "service": .string(blockage.service),
                        "for": .string(blockage.dependency),
                        "condition": .string(blockage.condition.composeName),
                    ]
                }
            ),
        ]
        var style = JSON.WritingStyle(indent: 2)
        style.escapesControls = true
        return document.text(style) + "\n"
    }

    private static func object(_ bar: Timeline.Bar) -> JSON {
        [
            "service": .string(bar.service),
            "number": .integer(bar.number),
            "id": .string(bar.container),
            "created": bar.created.map(seconds) ?? .null,
            "started": bar.started.map(seconds) ?? .null,
            "healthy": bar.healthy.map(seconds) ?? .null,
            "ended": bar.ended.map { seconds($0.time) } ?? .null,
            "exitCode": bar.ended.map { .integer($0.status) } ?? .null,
            "restarts": .integer(bar.restarts),
            "critical": .bool(bar.isCritical),
        ]
    }

    /// Nanoseconds as a number of seconds, with all digits that count.
    private static func seconds(_ nanoseconds: Int64) -> JSON {
        let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        if rest == 0 { return .number("\(whole)") }
        var digits = String(1_000_000_000 + rest.magnitude).dropFirst()
        while digits.hasSuffix("0") { digits.removeLast() }
        return .number("\(whole == 0 && rest < 0 ? "-" : "")\(whole).\(digits)")
    }
}
