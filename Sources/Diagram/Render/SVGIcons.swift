// SPDX-License-Identifier: Apache-2.0

/// The small drawings of the picture.
enum SVGIcons {
    /// A cylinder, 9 wide and 10 high.
    static func volume(at corner: Point) -> String {
        let (x, y) = (corner.x, corner.y)
        let number = SVGText.number
        return "<path class=\"icon\" d=\"M\(number(x)) \(number(y + 2))a4.5 1.8 0 0 1 9 0v6a4.5 1.8 0 0 1 -9 0z"
            + "m0 0a4.5 1.8 0 0 0 9 0\"/>"
    }

    /// The mark of a network: filled for the first ones of the palette, a ring in the second round.
    static func dot(_ network: Int, at centre: Point, title: String?) -> String {
        let isRing = network / SVGStyle.paletteSize % 2 == 1
        let place = "cx=\"\(SVGText.number(centre.x))\" cy=\"\(SVGText.number(centre.y))\""
        let radius = isRing ? "2.4" : "3.4"
        let colour = "n\(network % SVGStyle.paletteSize)"
        let classes = isRing ? "dot \(colour) ring" : colour
        let start = "<circle class=\"\(classes)\" \(place) r=\"\(radius)\""
        return title.map { "\(start)><title>\($0)</title></circle>" } ?? "\(start)/>"
    }
}
