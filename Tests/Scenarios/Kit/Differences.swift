// SPDX-License-Identifier: Apache-2.0

/// Where wharf leaves another state than Docker Compose 2.40.3 on purpose, and why.
///
/// A scenario that shows one names it in a line `differs:`, and has the values that differ in `--- %differences`.
package enum DeliberateDifferences {
    package static let reasons: [String: String] = [
        "adjusted in place": """
        A change of limits, of the restart policy, of networks or of what only labels tell needs no new container: it is made
        to the one that runs.
        """,
        "one-shots run once": """
        A service that others wait for until it has completed is not run again by every `up`, only after a change.
        """,
        "a failed up takes back": """
        Containers that were made and never started, and networks that nobody uses, do not stay behind.
        """,
        "names stay on a changed network": """
        Docker Compose connects containers to the new network without their names, so that services do not find each other
        any more, and restarts them for it.
        """,
        "unused networks go": """
        A network of the project that no service names any more is removed by `up` and `down`.
        """,
        "free numbers are used": """
        A container that is missing among several comes back under its own number.
        """,
        "labels tell the file": """
        The label of the dependencies tells what the file says also where `--no-deps` was given, since later commands order
        containers by it.
        """,
        "dependants are restarted": """
        `restart: true` means a dependant that runs, whether or not the command names it.
        """,
        "anonymous volumes are handed over by the engine": """
        The new container has the volumes of the old one in the same places; Docker Compose writes their identifiers into
        the request.
        """,
        "renewed volumes go": """
        With `-V` the anonymous volumes that are given up are removed and do not stay without a name.
        """,
        "a volume without a name is a new one": """
        Where one stands in the place of a folder or of a volume with a name, it is what the file says; Docker Compose goes on
        mounting the folder.
        """,
        "volumes_from keeps its mode": """
        Docker Compose loses the `ro`.
        """,
        "sharing containers follow": """
        A container that has another one's volumes or namespaces is recreated with it, or it would hold on to what is gone.
        """,
        "containers are known by name": """
        `network_mode: container:NAME` keeps the name, which stays true when that container is recreated.
        """,
        "pausing twice is no error": """
        What is as it is wanted needs nothing to be done; Docker Compose fails half-way.
        """,
        "half seconds of grace are not none": """
        Docker Compose cuts off the fraction of a grace period, and kills at once; wharf rounds up.
        """,
        "127 means not found": """
        As in shells and in later versions of Docker; 126 is a program that cannot be run.
        """,
        "tmpfs is a mount": """
        An inspection lists a tmpfs among the mounts whichever key asked for it.
        """,
        "logs keep standard error apart": """
        `logs` writes what a container wrote to standard error there, as `up` and `docker logs` do.
        """,
        "unfinished lines are shown": """
        Docker Compose drops what a container wrote after its last line feed.
        """,
        "wait knows those that have ended": """
        `wait` gives the status of a service that has ended before; Docker Compose fails.
        """,
        "usage errors are 64": """
        A command line that cannot be understood can be told from a command that failed.
        """,
        "secrets are not bind mounts": """
        Files of secrets and configs are kept for the container, with their owner and mode, and not the user's own files.
        """,
        "contents count": """
        What configs, secrets and bound files hold is compared as well: a container whose files have changed is replaced.
        """,
        "a dry run is the plan": """
        What would be done, and why, is what a dry run prints; Docker Compose has it among its messages.
        """,
        "an older engine": """
        Docker 20.10 has no annotations; wharf has those of newer versions.
        """,
        "no health check is none": """
        With `--wait` a service whose check is switched off counts as one without; Docker Compose fails for it.
        """,
        "up tells of what ends at once": """
        A container that fails right after its start makes `up` fail, which says why.
        """,
    ]
}
