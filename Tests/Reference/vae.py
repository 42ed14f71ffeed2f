"""A tiny autoencoder by diffusers, with random weights, under the names of both epochs of
published files: Tests/Fixtures/models/vae and vae-old-names."""

import torch
from diffusers import AutoencoderKL

from stage_fixture import innermost, randomise, write

vae = randomise(AutoencoderKL(
    block_out_channels=(4, 8, 12), layers_per_block=1, norm_num_groups=2, latent_channels=3,
    down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3,
    sample_size=20, scaling_factor=0.31), 2)
# Outside of -30...20 somewhere, so that the clamp is seen.
with torch.no_grad():
    vae.quant_conv.bias[3:] = torch.tensor([-30.0, 0.0, 20.0])

latents = torch.randn(2, 3, 5, 7)
pixels = torch.rand(1, 3, 12, 20) * 2 - 1
with torch.no_grad():
    decoded = vae.decode(latents.double() / vae.config.scaling_factor).sample
    posterior = vae.encode(pixels.double()).latent_dist
clamped = (posterior.logvar == -30).double().mean() + (posterior.logvar == 20).double().mean()
assert 0.1 < clamped < 0.9, clamped

config = {k: v for k, v in vae.config.items() if not k.startswith("_")}
expected = {
    "latents": innermost(latents), "decoded": innermost(decoded), "pixels": innermost(pixels),
    "mean": innermost(posterior.mean), "log_variance": innermost(posterior.logvar),
}
tensors = vae.state_dict()
write("vae", config, tensors, expected, weights="diffusion_pytorch_model.safetensors")

FORMER = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
old = {}
for key, value in tensors.items():
    if ".attentions.0.to_" in key:
        for new, former in FORMER.items():
            key = key.replace(f".{new}.", f".{former}.")
        # The oldest files have 1x1 convolutions here; one half stays a matrix.
        if key.startswith("encoder") and key.endswith("weight"):
            value = value[:, :, None, None]
    old[key] = value
write("vae-old-names", config, old, expected, weights="diffusion_pytorch_model.safetensors")
