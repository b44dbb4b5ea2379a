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
        "an amount of memory beyond all bounds is refused": """
        Docker Compose lets the product of number and unit wrap around and goes on with an arbitrary amount.
        """,
        "a variable whose name starts like an extension is a variable": """
        Docker Compose collects such names into one variable '#extensions' that holds a printed map of Go.
        """,
        "an empty file name in the environment counts as none": """
        Docker Compose takes the empty text for the folder itself and fails to read that as a file.
        """,
        "a plain scalar that ends in a colon before a brace needs quotes": """
        libyaml reads the colon as the end of a key, as YAML 1.1 has it; go-yaml, which Docker Compose uses, as text.
        """,
        "hooks before the start are those of a later version": """
        Docker Compose has the key since 5.3, and its users ask for it.
        """,
        "an escaped slash is a slash": """
        YAML 1.2 has this escape for the sake of JSON (5.7), and encoders of JSON write it; go-yaml lacks it.
        """,
        "a bomb of aliases is refused": """
        Docker Compose expands the aliases until it runs out of memory.
        """,
    ]
}
