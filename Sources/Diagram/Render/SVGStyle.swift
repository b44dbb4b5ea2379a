// SPDX-License-Identifier: Apache-2.0

/// The colours and fonts of the picture, light and dark.
///
/// Plain class rules, overridden for dark screens: several viewers of SVG know no custom properties and ignore a media
/// query, and still show the light picture. Every rule is scoped, so that a page may hold the picture inline.
enum SVGStyle {
    /// How many networks have a colour of their own.
    static let paletteSize = 8

    static let sheet = """
        .wharf-graph{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
        .wharf-graph .page{fill:#fff}
        .wharf-graph .box{fill:#f6f8fa;stroke:#d0d7de;stroke-width:1}
        .wharf-graph .missing .box{fill:none;stroke-dasharray:4 3}
        .wharf-graph .project{font-size:18px;font-weight:600;fill:#1f2328}
        .wharf-graph .name{font-size:13px;font-weight:600;fill:#1f2328}
        .wharf-graph .image{font-size:11px;fill:#59636e}
        .wharf-graph .note{font-size:11px;fill:#59636e}
        .wharf-graph .volume{font-size:10.5px;fill:#59636e}
        .wharf-graph .icon{fill:none;stroke:#818b98;stroke-width:1.1}
        .wharf-graph .badge{fill:#ddf4ff;stroke:none}
        .wharf-graph .port{font-size:10px;fill:#0550ae;text-anchor:middle}
        .wharf-graph .line{fill:none;stroke-width:1.4}
        .wharf-graph .head{stroke:none}
        .wharf-graph .started .line{stroke:#9aa4af}
        .wharf-graph .started .head{fill:#9aa4af}
        .wharf-graph .healthy .line{stroke:#2f9e58}
        .wharf-graph .healthy .head{fill:#2f9e58}
        .wharf-graph .completed .line{stroke:#8b6fd0}
        .wharf-graph .completed .head{fill:#8b6fd0}
        .wharf-graph .other .line{stroke:#bf8700}
        .wharf-graph .other .head{fill:#bf8700}
        .wharf-graph .cyclic .line{stroke:#cf222e}
        .wharf-graph .cyclic .head{fill:#cf222e}
        .wharf-graph .optional .line{stroke-dasharray:6 4}
        .wharf-graph .implied .line{stroke-dasharray:1.5 3.5;stroke-linecap:round}
        .wharf-graph .direct{opacity:.35}
        .wharf-graph .edge:hover .line{stroke-width:2.6}
        .wharf-graph .plate{fill:#fff;opacity:.9}
        .wharf-graph .label{font-size:10px;fill:#59636e;text-anchor:middle}
        .wharf-graph .dot{stroke-width:2}
        .wharf-graph .n0{fill:#4e79a7;stroke:#4e79a7}
        .wharf-graph .n1{fill:#e08a2e;stroke:#e08a2e}
        .wharf-graph .n2{fill:#3f9b8f;stroke:#3f9b8f}
        .wharf-graph .n3{fill:#c9567f;stroke:#c9567f}
        .wharf-graph .n4{fill:#8d6bb0;stroke:#8d6bb0}
        .wharf-graph .n5{fill:#a88a1f;stroke:#a88a1f}
        .wharf-graph .n6{fill:#5a9a4a;stroke:#5a9a4a}
        .wharf-graph .n7{fill:#946b57;stroke:#946b57}
        .wharf-graph .ring{fill:none}
        @media (prefers-color-scheme:dark){
        .wharf-graph .page{fill:#0d1117}
        .wharf-graph .box{fill:#161b22;stroke:#3d444d}
        .wharf-graph .project,.wharf-graph .name{fill:#e6edf3}
        .wharf-graph .image,.wharf-graph .note,.wharf-graph .volume,.wharf-graph .label{fill:#9198a1}
        .wharf-graph .badge{fill:#12304f}
        .wharf-graph .port{fill:#79c0ff}
        .wharf-graph .plate{fill:#0d1117}
        .wharf-graph .started .line{stroke:#6e7681}
        .wharf-graph .started .head{fill:#6e7681}
        .wharf-graph .healthy .line{stroke:#3fb950}
        .wharf-graph .healthy .head{fill:#3fb950}
        .wharf-graph .completed .line{stroke:#a78bfa}
        .wharf-graph .completed .head{fill:#a78bfa}
        }

        """
}
