// SPDX-License-Identifier: Apache-2.0

import YAML

extension VolumeSpecification {
    /// The long form of the volume.
    func node(at origin: Origin) -> Node {
        let text = { (value: String) in Node(value, at: origin) }
        let flag = { (value: Bool) in Node(.bool(value), at: origin) }
        var mapping: Mapping = ["type": text(kind.rawValue)]
        if !source.isEmpty {
            mapping["source"] = text(source)
        }
        if !target.isEmpty {
            mapping["target"] = text(target)
        }
        if isReadOnly {
            mapping["read_only"] = flag(true)
        }
        if let bind {
            var options = Mapping()
            if !bind.selinux.isEmpty {
                options["selinux"] = text(bind.selinux)
            }
            if !bind.propagation.isEmpty {
                options["propagation"] = text(bind.propagation)
            }
            if bind.createHostPath {
                options["create_host_path"] = flag(true)
            }
            mapping["bind"] = Node(.mapping(options), at: origin)
        }
        if let volume {
            mapping["volume"] = Node(.mapping(volume.nocopy ? ["nocopy": flag(true)] : [:]), at: origin)
        }
        return Node(.mapping(mapping), at: origin)
    }
}
