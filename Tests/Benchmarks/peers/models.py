"""The models of the peers at the sizes of MiniGPT-5, with the random weights that their libraries give."""

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import nn

TYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


def unet():
    """Stable Diffusion 2.1-base's UNet; its inputs are two latents, for guidance."""
    model = UNet2DConditionModel(
        sample_size=64, in_channels=4, out_channels=4, layers_per_block=2,
        block_out_channels=(320, 640, 1280, 1280), attention_head_dim=(5, 10, 20, 20),
        cross_attention_dim=1024, use_linear_projection=True,
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
    )
    return Outputs(model).eval(), (
        torch.randn(2, 4, 64, 64), torch.tensor([500.0, 500.0]), torch.randn(2, 77, 1024),
    )


def vae():
    """The decoder of Stable Diffusion 2.1-base's autoencoder, to 512x512 pixels."""
    model = AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=4, layers_per_block=2,
        block_out_channels=(128, 256, 512, 512), norm_num_groups=32,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )
    return Decoder(model).eval(), (torch.randn(1, 4, 64, 64),)


def encode():
    """EVA ViT-g with 39 blocks, BLIP-2's Q-Former and the projection, as transformers has them."""
    from transformers import Blip2QFormerConfig, Blip2QFormerModel, Blip2VisionConfig, Blip2VisionModel

    vision = Blip2VisionModel(Blip2VisionConfig(
        hidden_size=1408, intermediate_size=6144, num_hidden_layers=39, num_attention_heads=16,
        image_size=224, patch_size=14, hidden_act="gelu", attn_implementation="sdpa"))
    former = Blip2QFormerModel(Blip2QFormerConfig(
        hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072,
        encoder_hidden_size=1408, cross_attention_frequency=2))
    return Encoder(vision, former).eval(), (torch.randn(1, 3, 224, 224),)


STAGES = {"unet": unet, "vae": vae, "encode": encode}


def typed(model, inputs, name):
    """A model and its inputs in a type; inputs that are small numbers stay as they are."""
    kind = TYPES[name]
    return model.to(kind), tuple(x.to(kind) if x.dim() > 1 else x for x in inputs)


class Outputs(nn.Module):
    """A model of diffusers that returns a plain tensor."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, *inputs):
        return self.model(*inputs, return_dict=False)[0]


class Decoder(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, latent):
        return self.model.decode(latent / 0.18215, return_dict=False)[0]


class Encoder(nn.Module):
    def __init__(self, vision, former):
        super().__init__()
        self.vision = vision
        self.former = former
        self.queries = nn.Parameter(torch.randn(1, 32, 768))
        self.projection = nn.Linear(768, 4096)

    def forward(self, pixels):
        seen = self.vision(pixels, return_dict=False)[0]
        told = self.former(
            query_embeds=self.queries.expand(pixels.shape[0], -1, -1), encoder_hidden_states=seen,
            return_dict=False)[0]
        return self.projection(told)
