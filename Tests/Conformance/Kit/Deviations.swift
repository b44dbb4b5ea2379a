// SPDX-License-Identifier: Apache-2.0

/// Where wharf differs from Docker Compose 2.40.3 on purpose, and why.
///
/// Each entry bears the name of the case that shows it; the case says what wharf does instead.
package enum Deviations {
    package static let reasons: [String: String] = [
        "a single letter is the name of a volume": """
        Docker Compose takes the letter for the drive of a Windows path and makes 'v:/data' one anonymous volume.
        """,
        "a single letter is the name of a volume with options": """
        Docker Compose takes the letter for the drive of a Windows path and mounts 'v:/v' at the target 'ro'.
        """,
        "an empty pair of braces is a default value": """
        Docker Compose counts the closing brace of the default as part of the text that follows.
        """,
        "a null process namespace is none": """
        Docker Compose accepts the null by its schema and crashes on it afterwards.
        """,
        "keys of ssh with paths have a form in JSON": """
        Docker Compose fails with a message about its own JSON encoder; the same project is fine as YAML.
        """,
        "a bomb of aliases is refused": """
        Docker Compose expands the aliases until it runs out of memory.
        """,
    ]
}
