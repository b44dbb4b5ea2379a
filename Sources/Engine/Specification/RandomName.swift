// SPDX-License-Identifier: Apache-2.0

/// Names for containers that nobody has named: an adjective and somebody to whom science owes something.
enum RandomName {
    /// A name.
    ///
    /// - Parameters:
    ///   - attempt: How often a name was taken already; from the first repetition on a number makes the next one likelier
    ///     to be free.
    ///   - generator: Where the random bits come from.
    /// - Returns: The name, such as `calm_noether`.
    static func make(attempt: Int = 0, using generator: inout some RandomNumberGenerator) -> String {
        let adjective = adjectives[Int.random(in: 0..<adjectives.count, using: &generator)]
        let scientist = scientists[Int.random(in: 0..<scientists.count, using: &generator)]
        let name = "\(adjective)_\(scientist)"
        return attempt == 0 ? name : name + "\(Int.random(in: 0..<10 << min(attempt, 20), using: &generator))"
    }

    static let adjectives = words(
        """
        able airy amber ample apt ardent astute balmy bold brave breezy bright brisk calm candid careful cheery civil
        clear clever cool cosy crisp curious daring deft devoted diligent eager earnest easy fair famed fervent fine firm
        fleet fond frank fresh friendly gallant gentle glad golden graceful grand handy happy hardy hearty helpful honest
        humble jolly jovial just keen kind lively loyal lucid lucky mellow merry mild mindful modest neat nimble noble
        patient peaceful placid plucky polite proud prudent quick quiet ready regal robust rosy sane serene sharp silent
        sincere sleek smart snug sober solid sound spry stable steady stellar sterling sturdy subtle sunny sure swift
        tactful tender thrifty tidy tireless tranquil trusty upbeat valiant vivid warm wise witty zesty
        """
    )

    static let scientists = words(
        """
        abel agnesi ampere archimedes aryabhata avogadro babbage banach bassi becquerel bernoulli bessel bohr boltzmann
        boole bose boyle brahe brahmagupta cannon cantor carson cauchy cavendish celsius chandrasekhar chatelet copernicus
        coulomb crick curie dalton darwin descartes dijkstra dirac einstein engelbart eratosthenes euclid euler faraday
        fermat fermi feynman fibonacci fourier franklin galilei galois gauss germain gibbs goodall hamilton hawking
        heisenberg herschel hertz hilbert hodgkin hooke hopper hubble huygens hypatia jacobi jemison joule kelvin kepler
        khayyam kirchhoff knuth kovalevskaya lagrange landau laplace lavoisier leavitt leibniz liskov lorentz lovelace
        mandelbrot maxwell mayer mcclintock meitner mendel mendeleev mirzakhani mitchell moebius montalcini napier nash
        newton nightingale nobel noether ohm pascal pasteur pauli peano planck poincare ptolemy pythagoras raman
        ramanujan riemann ritchie roentgen rubin rutherford sagan salk schroedinger shannon somerville tesla thales
        thompson torricelli turing volta wallace watt weierstrass weyl wiles wu yalow zhukovsky zuse
        """
    )

    private static func words(_ text: String) -> [String] { text.split { $0.isWhitespace }.map(String.init) }
}
