import Images
import Tensors
import TestSupport
import Testing

struct ResizeTests {
    let image: Image

    init() throws { image = try expectedImage("noise") }

    @Test(arguments: [(5, 7), (11, 17), (23, 9), (64, 41), (22, 18), (1, 1), (100, 3)])
    func equalsPillow(width: Int, height: Int) throws {
        expectClose(
            image.resized(width: width, height: height),
            try expectedImage("resize-\(width)x\(height)"))
    }

    @Test(arguments: [10, 17, 32])
    func preparesAsTheReference(side: Int) throws {
        expectClose(image.prepared(side: side), try expectedImage("crop-\(side)"))
        expectClose(image.prepared(side: side, fit: .pad), try expectedImage("pad-\(side)"))
        // A quarter turn to the left, as the script's.
        let turned = transposed(image)
        expectClose(turned.prepared(side: side), try expectedImage("crop-portrait-\(side)"))
    }

    @Test(arguments: [(23, 17), (17, 23), (5, 200), (200, 5), (9, 9)])
    func preparingEqualsItsSteps(width: Int, height: Int) {
        let image = image.resized(width: width, height: height)
        for side in [7, 16] {
            expectClose(
                image.prepared(side: side),
                image.resizedShorterSide(to: side).centreCropped(width: side, height: side))
            expectClose(
                image.prepared(side: side, fit: .pad),
                image.paddedToSquare().resizedShorterSide(to: side))
        }
    }

    /// By its steps the first would take 2.5 GB and the second 0.8 GB.
    @Test func preparesExtremeShapes() {
        let line = Image(width: 16_384, height: 1, red: 10, green: 20, blue: 30)
        let square = line.prepared(side: 224)
        #expect(square == Image(width: 224, height: 224, red: 10, green: 20, blue: 30))
        let padded = Image(width: 1, height: 16_384, red: 0, green: 0, blue: 0)
            .prepared(side: 32, fit: .pad)
        #expect(padded.pixels.prefix(3) == [255, 255, 255])
    }

    @Test func padsWithWhiteBelowAndRight() {
        let black = Image(width: 4, height: 1, red: 0, green: 0, blue: 0)
        let rows = black.paddedToSquare().pixels
        #expect(
            Array(rows) == [UInt8](repeating: 255, count: 12) + [UInt8](repeating: 0, count: 12)
                + [UInt8](repeating: 255, count: 24))
    }

    @Test func tensorsAndBack() throws {
        let tensor = image.tensor()
        #expect(tensor.shape == [1, image.height, image.width, 3])
        #expect(tensor.values[5] == Float(image.pixels[5]) / 255)
        #expect(Image(tensor) == image)
        #expect(Image(tensor.reshaped([image.height, image.width, 3])) == image)
    }

    @Test func roundsAndClampsTensors() {
        let values: [Float] = [-1, 0.5, 2, .nan, .infinity, -.infinity, 0.00196, 0.00197, 1]
        #expect(Image(Tensor([1, 1, 3, 3], values)).pixels == [0, 128, 255, 0, 255, 0, 0, 1, 255])
    }

    /// Columns to rows, the last column first.
    private func transposed(_ image: Image) -> Image {
        var pixels: [UInt8] = []
        for x in (0..<image.width).reversed() {
            for y in 0..<image.height {
                let start = (y * image.width + x) * 3
                pixels += image.pixels[start..<start + 3]
            }
        }
        return Image(width: image.height, height: image.width, pixels: pixels)
    }
}
