// SPDX-License-Identifier: Apache-2.0

extension Engine {
    /// Tells those who listen to events that something happened now.
    ///
    /// - Parameters:
    ///   - type: What it happened to, such as `image`.
    ///   - action: What happened.
    ///   - id: The object.
    ///   - attributes: The labels of the object, and what the action adds to them.
    func emit(_ type: String, _ action: String, id: String, attributes: [String: String]) {
        hub.publish(type, action, id: id, attributes: attributes)
    }
}
