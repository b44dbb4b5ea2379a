// SPDX-License-Identifier: Apache-2.0

extension Plan: CustomStringConvertible {
    /// A line for each action, `[1,2] -> #3 stop p-web-1 (reason; reason)`: the form in which plans are compared in tests.
    ///
    /// What is done only where others fail is `[4] !1,2 -> #5 …`.
    package var description: String {
        actions.map { action in
            let after = action.after.map(String.init).joined(separator: ",")
            let causes = action.causes.map(\.text).joined(separator: "; ")
            let failing = action.onFailureOf.map(String.init).joined(separator: ",")
            return "[\(after)]\(failing.isEmpty ? "" : " !" + failing) -> #\(action.id) \(action.operation)"
                + (causes.isEmpty ? "" : " (\(causes))")
        }.joined(separator: "\n")
    }
}

extension Operation: CustomStringConvertible {
    /// What is done to what, in a few words.
    package var description: String {
        switch self {
        case .createNetwork(_, let name): "create network \(name)"
        case .removeNetwork(_, let name): "remove network \(name)"
        case .createVolume(_, let name): "create volume \(name)"
        case .removeVolume(let name): "remove volume \(name)"
        case .removeImage(let reference): "remove image \(reference)"
        case .createContainer(let creation):
            "create \(creation.name)" + (creation.temporaryName.map { " as \($0)" } ?? "")
        case .adjustContainer(let container): "update \(container.name)"
        case .connect(let container, let network): "connect \(container.name) to \(network)"
        case .disconnect(let container, _): "disconnect \(container.name)"
        case .prepareService(let container): "prepare \(container.service)"
        case .startContainer(let container): "start \(container.name)"
        case .stopContainer(let container, _): "stop \(container.name)"
        case .restartContainer(let container, _): "restart \(container.name)"
        case .killContainer(let container, let signal): "kill \(container.name) by \(signal)"
        case .pauseContainer(let container): "pause \(container.name)"
        case .unpauseContainer(let container): "unpause \(container.name)"
        case .removeContainer(let container, _): "remove \(container.name)"
        case .renameContainer(_, let name): "rename to \(name)"
        case .awaitService(let expectation):
            expectation.description
        case .pause(let milliseconds): "wait for \(milliseconds) ms"
        }
    }
}

extension Expectation: CustomStringConvertible {
    /// What is waited for, in a few words.
    package var description: String {
        var text = "wait until \(service) is \(condition.rawValue)"
        if let monitor { text += " for \(monitor) ms" }
        if mayFail > 0 { text += " but for \(mayFail)" }
        return isOptional ? text + " if possible" : text
    }
}
