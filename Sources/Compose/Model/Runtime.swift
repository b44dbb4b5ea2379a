// SPDX-License-Identifier: Apache-2.0

/// Whose cgroup namespace a container uses.
package enum CgroupNamespace: String, Codable, Sendable {
    case host
    case `private`
}

/// Limits of the traffic with block devices.
package struct BlockIO: ComposeObject {
    /// The weight against other containers, from 10 to 1000.
    package var weight: UInt16?
    /// Weights for single devices.
    package var weightDevices: [WeightDevice] = []
    /// Limits of reading, in bytes a second.
    package var readBytes: [ThrottleDevice] = []
    /// Limits of reading, in operations a second.
    package var readOperations: [ThrottleDevice] = []
    /// Limits of writing, in bytes a second.
    package var writeBytes: [ThrottleDevice] = []
    /// Limits of writing, in operations a second.
    package var writeOperations: [ThrottleDevice] = []

    package init() {}

    package static let fields: FieldTable<BlockIO> = [
        Field("weight", \.weight, .nonZero(.integer)),
        Field("weight_device", \.weightDevices, .list(.object)),
        Field("device_read_bps", \.readBytes, .list(.object)),
        Field("device_read_iops", \.readOperations, .list(.object)),
        Field("device_write_bps", \.writeBytes, .list(.object)),
        Field("device_write_iops", \.writeOperations, .list(.object)),
    ]
}

/// The weight of a container on one device.
package struct WeightDevice: ComposeObject {
    /// The device.
    package var path = ""
    /// The weight, from 10 to 1000.
    package var weight: UInt16 = 0

    package init() {}

    package static let fields: FieldTable<WeightDevice> = [
        Field("path", \.path, .string, omitted: .never, inJSON: "Path"),
        Field("weight", \.weight, .integer, omitted: .never, inJSON: "Weight"),
    ]
}

/// The limit of a container on one device.
package struct ThrottleDevice: ComposeObject {
    /// The device.
    package var path = ""
    /// Bytes or operations a second.
    package var rate: Int64 = 0

    package init() {}

    package static let fields: FieldTable<ThrottleDevice> = [
        Field("path", \.path, .string, omitted: .never, inJSON: "Path"),
        Field("rate", \.rate, .count, omitted: .never, inJSON: "Rate"),
    ]
}

/// A device of the host in a container.
package struct DeviceMapping: ComposeObject {
    /// The device of the host.
    package var source: String?
    /// The path in the container.
    package var target: String?
    /// `r`, `w` and `m`; nil: all of them.
    package var permissions: String?
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<DeviceMapping> = [
        Field("source", \.source, .text),
        Field("target", \.target, .text),
        Field("permissions", \.permissions, .text),
    ]
}

/// Devices of a kind, to be picked by a driver.
package struct DeviceRequest: ComposeObject {
    /// How many devices.
    package struct Count: Hashable, Sendable, Codable {
        /// The number; -1 for all, 0 where ``DeviceRequest/deviceIDs`` says which.
        package var number: Int

        package init(_ number: Int) {
            self.number = number
        }

        /// All that there are.
        package static let all = Count(-1)
    }

    /// What the devices must be capable of: `gpu`.
    package var capabilities: [String] = []
    /// The driver: `nvidia`.
    package var driver: String?
    /// How many; nil where ``deviceIDs`` says which.
    package var count: Count?
    /// The devices themselves.
    package var deviceIDs: [String] = []
    /// Options of the driver.
    package var options: [String: String] = [:]

    package init() {}

    package static let fields: FieldTable<DeviceRequest> = [
        Field("capabilities", \.capabilities, .strings),
        Field("driver", \.driver, .text),
        Field("count", \.count, .nonZero(.deviceCount)),
        Field("device_ids", \.deviceIDs, .strings),
        Field("options", \.options, .pairs),
    ]
}

/// The limits of one resource of a process.
package struct Ulimit: Hashable, Codable, Sendable {
    /// What the process starts with; -1: no limit.
    package var soft: Int
    /// What it may raise the limit to; -1: no limit.
    package var hard: Int
    /// Whether the file gives one number for both; only the printing depends on it.
    package var isSingle = false

    /// Makes a pair of limits.
    package init(soft: Int, hard: Int) {
        self.soft = soft
        self.hard = hard
    }

    /// Makes both limits of one number.
    package init(_ limit: Int) {
        soft = limit
        hard = limit
        // Docker Compose cannot tell a single 0 from a pair of zeros.
        isSingle = limit != 0
    }
}

/// Where the output of a container goes.
package struct Logging: ComposeObject {
    /// The driver; nil: the engine's default.
    package var driver: String?
    /// Options of the driver.
    package var options: [String: String] = [:]
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<Logging> = [
        Field("driver", \.driver, .text),
        Field("options", \.options, .pairs),
    ]
}

/// The credentials of a managed account; for Windows.
package struct CredentialSpec: ComposeObject {
    /// The config that holds them.
    package var config: String?
    /// The file that holds them.
    package var file: String?
    /// The key of the registry that holds them.
    package var registry: String?
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<CredentialSpec> = [
        Field("config", \.config, .text),
        Field("file", \.file, .text),
        Field("registry", \.registry, .text),
    ]
}

/// The program that provides a service in place of a container.
package struct Provider: ComposeObject {
    /// The name of the program.
    package var type: String?
    /// Options for it, each of which may have several values.
    package var options: [String: [String]] = [:]
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<Provider> = [
        Field("type", \.type, .text),
        Field("options", \.options, .multiOptions),
    ]
}

/// A file with variables.
package struct EnvFile: ComposeObject {
    /// Where it is.
    package var path: String?
    /// Whether it must exist.
    package var required = true
    /// `raw` for the plain format of `docker run`; nil: the usual one.
    package var format: String?

    package init() {}

    package static let fields: FieldTable<EnvFile> = [
        Field("path", \.path, .text),
        Field("required", \.required, .bool, omitted: .never),
        Field("format", \.format, .text),
    ]
}

/// A language model of the project.
package struct Model: ComposeObject {
    /// The name that the engine knows it by.
    package var name: String?
    /// The artifact that holds it.
    package var model: String?
    /// The size of the context, in tokens.
    package var contextSize: Int?
    /// Flags for the program that runs it.
    package var runtimeFlags: [String] = []
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<Model> = [
        Field("name", \.name, .text),
        Field("model", \.model, .text),
        Field("context_size", \.contextSize, .nonZero(.integer)),
        Field("runtime_flags", \.runtimeFlags, .strings),
    ]
}

/// How a service learns about a model.
package struct ServiceModel: ComposeObject {
    /// The variable that holds the address of the model.
    package var endpointVariable: String?
    /// The variable that holds the name of the model.
    package var modelVariable: String?
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<ServiceModel> = [
        Field("endpoint_var", \.endpointVariable, .text),
        Field("model_var", \.modelVariable, .text),
    ]
}
