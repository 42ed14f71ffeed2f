import Stages

@c(voken_plugin) public func plugin() -> UnsafeMutableRawPointer {
    unsafe exportPlugin("stable_diffusion_unet", [StableDiffusionUNetStage.self])
}
