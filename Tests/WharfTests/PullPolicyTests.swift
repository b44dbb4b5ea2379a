// SPDX-License-Identifier: Apache-2.0

import Compose
import EngineAPI
import Testing

@testable import wharf

@Suite struct `The age of an image` {
    private static func moment(_ policy: String) throws -> PullMoment? {
        try PullMoment(of: Service(), named: "web", PullPolicy(rawValue: policy))
    }

    @Test(arguments: [
        ("daily", 86_400), ("weekly", 604_800), ("every_12h", 43_200), ("every_1w2d3h4m5s", 788_645), ("every_0s", 0),
    ])
    func `decides when a policy names one`(policy: String, age: Int64) throws {
        let moment = try #require(try Self.moment(policy))
        let tagged = Timestamp(seconds: 1_700_000_000)
        #expect(moment.isDue(tagged: tagged, now: tagged.seconds + age))
        #expect(!moment.isDue(tagged: tagged, now: tagged.seconds + age - 1))
        #expect(moment.isDue(tagged: nil, now: 0))
    }

    @Test(arguments: ["always", "missing", "if_not_present"])
    func `is nothing to other policies`(policy: String) throws {
        let moment = try #require(try Self.moment(policy))
        #expect(moment.isDue(tagged: Timestamp(seconds: 1), now: .max) == (policy == "always"))
        #expect(moment.isDue(tagged: nil))
    }

    @Test(arguments: ["never", "build"])
    func `is never asked for where nothing is pulled`(policy: String) throws {
        #expect(try Self.moment(policy) == nil)
    }

    @Test(arguments: ["every_", "every_12", "every_h", "every_1y", "every_99999999999999999999w", "sometimes"])
    func `that is none is refused by name`(policy: String) {
        #expect {
            _ = try Self.moment(policy)
        } throws: { error in
            "\(error)".contains("`\(policy)` of the service `web`")
        }
    }
}
