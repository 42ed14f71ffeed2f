import Stages

@c(voken_plugin) public func plugin() -> UnsafeMutableRawPointer {
    unsafe exportPlugin("autoencoder_kl", [AutoencoderKLStage.self])
}
