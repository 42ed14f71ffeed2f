import Checkpoints
import Glibc
import PluginHost
import Stages
import Tensors
import Testing

@Suite struct LoadingTests {
    @Test func loadsAStageByItsName() throws {
        let host = try PluginHost(
            .init(
                directories: [PluginHost.directoryOfProgram()],
                stateDirectory: "/tmp/voken-tests-\(getpid())"))
        let loaded = try host.load(
            .featureMapper, named: "echo",
            StageContext(model: nil, settings: Settings(["input_width": .integer(3)])))
        let mapper = try #require(loaded.stage as? any FeatureMapper)
        #expect(mapper.inputWidth == 3)
        #expect(mapper.map(Tensor([1, 8, 3], repeating: 0)).shape == [1, 77, 8])
    }
}
