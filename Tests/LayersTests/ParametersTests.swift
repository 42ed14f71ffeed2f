import Layers
import Testing

struct ParametersTests {
    @Test func errorsNameTheParameterAndBothShapes() {
        let error = ParameterError(
            .shapeMismatch, name: "mid.0.weight", expected: [2, 3], found: [3, 2])
        #expect(error.description.contains("mid.0.weight"))
        #expect(error.description.contains("[2, 3]") && error.description.contains("[3, 2]"))
    }
}
