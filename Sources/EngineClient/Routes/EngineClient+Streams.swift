// SPDX-License-Identifier: Apache-2.0

package import EngineAPI

/// Which part of a container's log is shown.
package struct LogRequest: Equatable, Sendable {
    package var output = true
    package var errors = true
    package var follows = false
    package var timestamps = false
    package var details = false
    /// A time that the engine reads: `seconds.nanoseconds` or RFC 3339.
    package var since: String?
    package var until: String?
    /// How many of the last lines, or `all`.
    package var tail: String?
    /// Whether this stands for being attached, by which one also sees what nobody keeps.
    package var isAttached = false

    package init() {}
}

/// Which streams of a container are wanted.
package struct AttachQuery: Equatable, Sendable {
    package var input = false
    package var output = true
    package var errors = true
    /// Whether what was written before comes first.
    package var includesLog = false
    /// Nil takes the engine's default.
    package var detachKeys: String?

    package init() {}
}

// The streams of containers, and of programs that run in them besides.
extension EngineClient {
    /// The log of a container: raw for one with a terminal, else in frames.
    package func logs(of name: String, _ request: LogRequest) throws -> Response {
        let query: RequestQuery = [
            "stdout": flag(request.output), "stderr": flag(request.errors), "follow": flag(request.follows),
            "timestamps": flag(request.timestamps), "details": flag(request.details), "since": request.since,
            "until": request.until, "tail": request.tail, "x-wharf-attached": request.isAttached ? "1" : nil,
        ]
        return try send(Request(.get, "/containers/\(name)/logs", query))
    }

    /// Connects to the streams of a container, running or not.
    package func attach(to name: String, _ attach: AttachQuery) throws -> HijackedStream {
        let query: RequestQuery = [
            "stream": "1", "stdin": flag(attach.input), "stdout": flag(attach.output), "stderr": flag(attach.errors),
            "logs": flag(attach.includesLog), "detachKeys": attach.detachKeys,
        ]
        return try hijack(Request(.post, "/containers/\(name)/attach", query))
    }

    /// Tells a container's terminal its size.
    package func resizeContainer(_ name: String, rows: Int, columns: Int) throws {
        try post("/containers/\(name)/resize", ["h": "\(rows)", "w": "\(columns)"])
    }

    // MARK: Further programs

    package func createExec(in name: String, _ request: ExecCreateRequest) throws -> ExecCreateResponse {
        let body = try Self.json(request)
        return try post(ExecCreateResponse.self, "/containers/\(name)/exec", body: body)
    }

    /// Starts a program and connects to its streams.
    package func startExec(_ id: String, _ request: ExecStartRequest) throws -> HijackedStream {
        try hijack(Request(.post, "/exec/\(id)/start", body: try Self.json(request)))
    }

    /// Starts a program and leaves it alone.
    package func startDetachedExec(_ id: String, _ request: ExecStartRequest) throws {
        try post("/exec/\(id)/start", body: try Self.json(request))
    }

    package func resizeExec(_ id: String, rows: Int, columns: Int) throws {
        try post("/exec/\(id)/resize", ["h": "\(rows)", "w": "\(columns)"])
    }

    package func inspectExec(_ id: String) throws -> ExecInspection { try get(ExecInspection.self, "/exec/\(id)/json") }
}
