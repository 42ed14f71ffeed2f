"""Two tiny UNets by diffusers, with random weights: Tests/Fixtures/models/unet-*."""

import torch
from diffusers import UNet2DConditionModel

from stage_fixture import innermost, randomise, write
from unet_shortcuts import merged, reused

COMMON = dict(in_channels=4, out_channels=4, norm_num_groups=2, cross_attention_dim=10, norm_eps=0.03)
UNETS = {
    # The layout of Stable Diffusion 2: linear projections, heads by level, a level without attention.
    "unet-linear": dict(
        COMMON, sample_size=6, block_out_channels=(6, 8), layers_per_block=2,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), attention_head_dim=(3, 4),
        use_linear_projection=True),
    # The layout of Stable Diffusion 1: 1x1 convolutions, one head count for all levels.
    "unet-conv": dict(
        COMMON, sample_size=8, block_out_channels=(4, 6, 8), layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        attention_head_dim=2, use_linear_projection=False, flip_sin_to_cos=False, freq_shift=1),
}

for seed, (name, sizes) in enumerate(UNETS.items()):
    unet = randomise(UNet2DConditionModel(**sizes), seed)
    # Odd extents: every level is cropped on the way up.
    latents = torch.randn(2, 4, 5, 7)
    timesteps = torch.tensor([981.0, 3.0])
    conditioning = torch.randn(2, 3, 10)
    later, later_timesteps = torch.randn(2, 4, 5, 7), torch.tensor([941.0, 1.0])
    with torch.no_grad():
        first = (latents.double(), timesteps.double())
        output = unet(*first, conditioning.double()).sample
        again = reused(unet, first, (later.double(), later_timesteps.double()), conditioning.double())
        short = merged(unet, *first, conditioning.double(), ratio=0.5, seed=7)
    config = {k: v for k, v in unet.config.items() if not k.startswith("_")}
    write(name, config, unet.state_dict(), {
        "latents": innermost(latents), "timesteps": timesteps, "conditioning": conditioning,
        "output": innermost(output), "later_latents": innermost(later),
        "later_timesteps": later_timesteps, "reused": innermost(again), "merged": innermost(short),
    }, weights="diffusion_pytorch_model.safetensors")
