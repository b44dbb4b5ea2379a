// SPDX-License-Identifier: Apache-2.0

/// One service: a container image and how to run it.
///
/// A property that is nil, empty or false was not set; the default in the comment is what the engine then does.
package struct Service: ComposeObject {
    /// The profiles that enable the service; none: it is always enabled.
    package var profiles: [String] = []
    /// Annotations of the container, given to the runtime.
    package var annotations: [String: String] = [:]
    /// Whether an attached `up` shows its output; nil: it does.
    package var attach: Bool?
    /// How to build the image.
    package var build: Build?
    /// What to do when source files change.
    package var develop: Develop?
    /// Limits of block devices.
    package var blockIO: BlockIO?
    /// Capabilities to add to the default set.
    package var capAdd: [String] = []
    /// Capabilities to take away from the default set.
    package var capDrop: [String] = []
    /// The parent of the container's cgroup.
    package var cgroupParent: String?
    /// Whose cgroup namespace to use; nil: the engine's default.
    package var cgroup: CgroupNamespace?
    /// How many processors are usable; for Windows.
    package var cpuCount: Int?
    /// How much of the processors is usable, in percent; for Windows.
    package var cpuPercent: Float?
    /// The period of the scheduler's quota, in microseconds.
    package var cpuPeriod: Int?
    /// The time within a period, in microseconds.
    package var cpuQuota: Int?
    /// The period of the realtime scheduler, in microseconds.
    package var cpuRealtimePeriod: Int?
    /// The time within a realtime period, in microseconds.
    package var cpuRealtimeRuntime: Int?
    /// How many processors are usable; fractions count.
    package var cpus: Float?
    /// The processors to run on: `0-2,4`.
    package var cpuset: String?
    /// The weight against other containers; the engine's default is 1024.
    package var cpuShares: Int?
    /// The command; nil: that of the image; empty: none.
    package var command: [String]?
    /// The configs to mount.
    package var configs: [FileReference] = []
    /// The name of the container; nil: project, service and number.
    package var containerName: String?
    /// Credentials of a managed account; for Windows.
    package var credentialSpec: CredentialSpec?
    /// The services to start first, by their names.
    package var dependsOn: [String: Dependency] = [:]
    /// Replicas, resources and how to replace containers.
    package var deploy: Deploy?
    /// Rules of the device cgroup: `c 1:3 mr`.
    package var deviceCgroupRules: [String] = []
    /// Devices of the host.
    package var devices: [DeviceMapping] = []
    /// Name servers.
    package var dns: [String] = []
    /// Options of the resolver.
    package var dnsOptions: [String] = []
    /// Search domains of the resolver.
    package var dnsSearch: [String] = []
    /// The NIS domain name.
    package var domainName: String?
    /// The entry point; nil: that of the image; empty: none.
    package var entrypoint: [String]?
    /// The program that provides the service in place of a container.
    package var provider: Provider?
    /// The variables; nil where the variable is not set and hides one of the image.
    package var environment: [String: String?] = [:]
    /// Files with more variables, until they have been read into ``environment``.
    package var envFiles: [EnvFile] = []
    /// Ports that the image listens on, for information.
    package var expose: [String] = []
    /// Links to containers outside of the project: `container:alias`.
    package var externalLinks: [String] = []
    /// Additional hosts and their addresses.
    package var extraHosts: [String: [String]] = [:]
    /// Additional groups, by name or number.
    package var groupAdd: [String] = []
    /// Graphics processors.
    package var gpus: [DeviceRequest] = []
    /// The host name; nil: the identifier of the container.
    package var hostname: String?
    /// How to find out whether the container works.
    package var healthcheck: Healthcheck?
    /// The image; nil: the one that ``build`` makes.
    package var image: ImageReference?
    /// Whether to run a small init as process 1; nil: the engine's default.
    package var initProcess: Bool?
    /// Whose IPC namespace to use: `private`, `shareable`, `host`, `service:NAME`, `container:NAME`.
    package var ipc: String?
    /// The isolation technology; for Windows.
    package var isolation: String?
    /// Labels of the container.
    package var labels: [String: String] = [:]
    /// Files with more labels, until they have been read into ``labels``.
    package var labelFiles: [String] = []
    /// Services that are reachable under another name: `service:alias`.
    package var links: [String] = []
    /// Where the output goes.
    package var logging: Logging?
    /// The limit of memory.
    package var memoryLimit: ByteCount?
    /// The memory that is kept for the container when it becomes scarce.
    package var memoryReservation: ByteCount?
    /// The limit of memory and swap together; -1: no limit.
    package var memorySwapLimit: ByteCount?
    /// How eagerly pages are swapped out, from 0 to 100.
    package var memorySwappiness: Int64?
    /// The hardware address on the first network.
    package var macAddress: String?
    /// The models that the service uses.
    package var models: [String: ServiceModel?] = [:]
    /// The network namespace: `none`, `host`, `bridge`, `service:NAME`, `container:NAME`; excludes ``networks``.
    package var networkMode: String?
    /// The networks to join, by their keys in the project.
    package var networks: [String: ServiceNetwork?] = [:]
    /// Whether the out-of-memory killer leaves the container alone.
    package var oomKillDisable = false
    /// The container's inclination to be killed when memory runs out, from -1000 to 1000.
    package var oomScoreAdjustment: Int?
    /// Whose process namespace to use: `host`, `service:NAME`, `container:NAME`; nil: its own.
    package var pid: String?
    /// The limit of processes; -1: no limit.
    package var pidsLimit: Int?
    /// The platform of the image: `linux/arm64/v8`.
    package var platform: String?
    /// The published ports.
    package var ports: [Port] = []
    /// Whether the container has all capabilities and devices.
    package var privileged = false
    /// When to pull the image; nil: when it is missing.
    package var pullPolicy: PullPolicy?
    /// Whether the root file system is read-only.
    package var readOnly = false
    /// When to restart: `no`, `always`, `unless-stopped`, `on-failure`, `on-failure:3`; nil: never.
    package var restart: String?
    /// The runtime: the name of an OCI runtime known to the engine.
    package var runtime: String?
    /// How many containers; nil: one.
    package var scale: Int?
    /// The secrets to mount.
    package var secrets: [FileReference] = []
    /// Options of security modules: `no-new-privileges:true`, `seccomp=FILE`.
    package var securityOptions: [String] = []
    /// The size of `/dev/shm`; nil: 64 MiB.
    package var shmSize: ByteCount?
    /// Whether standard input is open.
    package var stdinOpen = false
    /// How long to wait between the stop signal and the kill; nil: ten seconds.
    package var stopGracePeriod: Duration?
    /// The signal to stop with; nil: that of the image or SIGTERM.
    package var stopSignal: String?
    /// Options of the storage driver.
    package var storageOptions: [String: String] = [:]
    /// Kernel parameters of the container's namespaces.
    package var sysctls: [String: String] = [:]
    /// Paths to mount an empty memory file system at, each with options: `/run:size=64m`.
    package var tmpfs: [String] = []
    /// Whether there is a terminal.
    package var tty = false
    /// Resource limits of the processes, by their names: `nofile`.
    package var ulimits: [String: Ulimit] = [:]
    /// Whether the engine's socket and credentials are mounted.
    package var useAPISocket = false
    /// The user, by name or number, with a group after a colon.
    package var user: String?
    /// Whose user namespace to use: `host`.
    package var userNamespaceMode: String?
    /// Whose UTS namespace to use: `host`.
    package var uts: String?
    /// The mounts.
    package var volumes: [Mount] = []
    /// Services or containers whose mounts to take over: `service:ro`, `container:NAME:rw`.
    package var volumesFrom: [String] = []
    /// The working directory; nil: that of the image.
    package var workingDirectory: String?
    /// Commands to run before the service starts, each in a container of its own; of Docker Compose 5.3.
    package var preStart: [StartHook] = []
    /// Commands to run in the container once it has started.
    package var postStart: [Hook] = []
    /// Commands to run in the container before it is stopped.
    package var preStop: [Hook] = []
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}
}
