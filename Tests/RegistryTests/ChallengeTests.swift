// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Registry

@Suite struct `A challenge` {
    @Test(arguments: [
        (["Basic realm=\"a b\""], ["basic realm=a b"]),
        (
            ["Bearer realm=\"https://a/token\",service=\"r, s\",scope=\"repository:x/y:pull,push\""],
            ["bearer realm=https://a/token scope=repository:x/y:pull,push service=r, s"]
        ),
        (["Basic realm=a, Bearer realm=\"b\" , service = c"], ["basic realm=a", "bearer realm=b service=c"]),
        (["Negotiate", "Basic realm=x"], ["negotiate", "basic realm=x"]),
        (["Negotiate YWJj==, Basic realm=x"], ["negotiate ywjj=", "basic realm=x"]),
        (["Basic realm=\"with \\\"quotes\\\" and \\\\\""], ["basic realm=with \"quotes\" and \\"]),
        (["Basic realm=\"no end"], ["basic realm=no end"]),
        ([",,, ,\"=\"="], []),
        ([""], []),
    ])
    func `is read as it is written`(values: [String], expected: [String]) {
        let found = AuthenticationChallenge.read(values).map { challenge in
            ([challenge.scheme] + challenge.parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
                .joined(separator: " ")
        }
        #expect(found == expected)
    }

    @Test func `of many bytes is read in their number of steps`() {
        let found = AuthenticationChallenge.read([String(repeating: "=\",", count: 30_000)])
        #expect(found.isEmpty)
    }
}

@Suite struct `An address` {
    @Test(arguments: [
        ("/v2/x?a=b", "https://r:5000/v2/x?a=b"), ("?a=b", "https://r:5000/v2/a/uploads/1?a=b"),
        ("next?x", "https://r:5000/v2/a/uploads/next?x"), ("//other/p", "https://other/p"),
        ("http://other:1/p?q#f", "http://other:1/p?q"), ("HTTPS://O/", "https://o/"), ("ftp://x/", nil),
        ("/a b", nil), ("https://user@host/", nil), ("https://h/\r\nX: y", nil),
    ])
    func `is found from where an answer came`(location: String, expected: String?) throws {
        let base = try #require(WebAddress("https://r:5000/v2/a/uploads/1?state=2"))
        #expect(base.resolving(location)?.description == expected)
    }

    @Test func `keeps its query when something is added`() throws {
        let address = try #require(WebAddress("https://r/u?_state=a%3D&"))
        #expect(address.adding([("digest", "sha256:1")]).description == "https://r/u?_state=a%3D&digest=sha256%3A1")
        #expect(WebAddress(.http, "r", "/u").adding([("a", "b c")]).description == "http://r/u?a=b%20c")
    }

    @Test(arguments: [
        ("https://r/", "https://r:443/", true), ("https://r/", "http://r/", false),
        ("http://r:80/", "http://r/x", true), ("http://r:81/", "http://r/", false),
        ("http://[::1]:80/", "http://[::1]/", true),
    ])
    func `has the origin of another one or has not`(left: String, right: String, expected: Bool) throws {
        #expect(try #require(WebAddress(left)).hasOrigin(of: try #require(WebAddress(right))) == expected)
    }
}

@Suite struct `Proxies` {
    private func proxy(_ variables: [String: String], _ address: String) throws -> String? {
        let settings = ProxySettings { variables[$0] }
        return settings.proxy(for: try #require(WebAddress(address))).map { "\($0.user ?? "")@\($0.host):\($0.port)" }
    }

    private static let cases: [([String: String], String, String?)] = [
        (["HTTPS_PROXY": "http://p:3128"], "https://r.example/", "@p:3128"),
        (["HTTPS_PROXY": "http://p:3128"], "http://r.example/", nil),
        (["https_proxy": "u%40:w@q", "HTTPS_PROXY": "http://p:3128"], "https://r.example/", "u@@q:80"),
        (["ALL_PROXY": "http://p:1"], "http://r.example/", "@p:1"),
        (["HTTPS_PROXY": "p:1", "NO_PROXY": "example"], "https://r.example/", nil),
        (["HTTPS_PROXY": "p:1", "NO_PROXY": "ample"], "https://r.example/", "@p:1"),
        (["HTTPS_PROXY": "p:1", "NO_PROXY": ".example, 10.0.0.0/8"], "https://10.1.2.3/", nil),
        (["HTTPS_PROXY": "p:1", "NO_PROXY": "r.example:444"], "https://r.example/", "@p:1"),
        (["HTTPS_PROXY": "p:1", "NO_PROXY": "*"], "https://r.example/", nil),
        (["HTTPS_PROXY": "p:1"], "https://127.0.0.1:5000/", nil),
        (["HTTPS_PROXY": "socks5://p:1"], "https://r.example/", nil),
    ]

    @Test(arguments: cases)
    func `are chosen as Go chooses them`(variables: [String: String], address: String, expected: String?) throws {
        #expect(try proxy(variables, address) == expected)
    }
}

@Suite struct `A wait` {
    @Test(arguments: [
        ("5", 5), ("0", 0), ("-1", nil), ("Sun, 06 Nov 1994 08:49:37 GMT", 37), ("Sun, 06 Nov 1994 08:48:00 GMT", 0),
        ("tomorrow", nil), ("Sun, 06 Foo 1994 08:49:37 GMT", nil),
    ])
    func `is what the registry says`(text: String, seconds: Int?) {
        #expect(RetryAfter.read(text, now: 784_111_740) == seconds.map { .seconds($0) })
    }

    @Test func `grows up to a bound, and is not longer than one`() {
        var policy = RetryPolicy()
        policy.tries = 8
        for (number, most) in [0.5, 1, 2, 4, 5, 5, 5].enumerated() {
            let delay = policy.delay(after: number, pause: nil).map { $0 / .seconds(1) } ?? 0
            #expect((most / 2...most).contains(delay))
        }
        #expect(policy.delay(after: 7, pause: nil) == nil)
        #expect(policy.delay(after: 0, pause: .seconds(60)) == .seconds(60))
        #expect(policy.delay(after: 0, pause: .seconds(61)) == nil)
    }
}
