"""A tiny image encoder, with random weights: Tests/Fixtures/models/image-encoder.

The reference is transformers' BLIP-2, whose vision model and Q-Former descend from the same code;
its parameters are renamed to those of EVA's and LAVIS's files.
"""

import torch
from torch import nn
from transformers import Blip2QFormerConfig, Blip2VisionConfig
from transformers.models.blip_2.modeling_blip_2 import Blip2QFormerModel, Blip2VisionModel

from stage_fixture import randomise, write

IMAGE, PATCH, WIDTH, HEADS, MLP, DEPTH = 12, 4, 10, 2, 14, 3
Q_WIDTH, Q_LAYERS, Q_HEADS, Q_MLP, QUERIES, OUTPUT = 12, 3, 3, 16, 5, 9
EPS, NORM_EPS, Q_EPS = 0.02, 0.05, 0.1
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073], dtype=torch.double).view(1, 3, 1, 1)
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711], dtype=torch.double).view(1, 3, 1, 1)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.vision = Blip2VisionModel(Blip2VisionConfig(
            image_size=IMAGE, patch_size=PATCH, hidden_size=WIDTH, intermediate_size=MLP,
            num_hidden_layers=DEPTH, num_attention_heads=HEADS, layer_norm_eps=EPS,
            hidden_act="gelu", qkv_bias=True, attn_implementation="eager"))
        self.ln_vision = nn.LayerNorm(WIDTH, eps=NORM_EPS)
        self.qformer = Blip2QFormerModel(Blip2QFormerConfig(
            hidden_size=Q_WIDTH, num_hidden_layers=Q_LAYERS, num_attention_heads=Q_HEADS,
            intermediate_size=Q_MLP, encoder_hidden_size=WIDTH, cross_attention_frequency=2,
            layer_norm_eps=Q_EPS, hidden_act="gelu", attn_implementation="eager"))
        self.query_tokens = nn.Parameter(torch.empty(1, QUERIES, Q_WIDTH))
        self.llama_proj = nn.Linear(Q_WIDTH, OUTPUT)

    def forward(self, pixels):
        x = self.vision.embeddings((pixels.double() - MEAN) / STD)
        picture = self.ln_vision(self.vision.encoder(inputs_embeds=x).last_hidden_state)
        queries = self.qformer(
            query_embeds=self.query_tokens.expand(len(pixels), -1, -1),
            encoder_hidden_states=picture).last_hidden_state
        return self.llama_proj(queries)


encoder = randomise(Encoder(), 4)
with torch.no_grad():
    for layer in encoder.vision.encoder.layers:
        layer.self_attn.qkv.bias[WIDTH:2 * WIDTH] = 0  # EVA has no bias of keys
    encoder.vision.embeddings.class_embedding.mul_(3)
    encoder.query_tokens.mul_(3)

VISION = [
    ("embeddings.class_embedding", "cls_token"), ("embeddings.position_embedding", "pos_embed"),
    ("embeddings.patch_embedding", "patch_embed.proj"), ("encoder.layers", "blocks"),
    ("layer_norm", "norm"), ("self_attn.qkv.weight", "attn.qkv.weight"),
    ("self_attn.projection", "attn.proj"),
]
QFORMER = [
    ("layernorm.", "embeddings.LayerNorm."), ("attention.attention.", "attention.self."),
]
tensors = {}
for key, value in encoder.state_dict().items():
    if key.startswith("vision.post_layernorm"):
        continue
    if key.startswith("vision."):
        key = key.removeprefix("vision.")
        for old, new in VISION:
            key = key.replace(old, new)
        if key.endswith("self_attn.qkv.bias"):
            stem = key.replace("self_attn.qkv.bias", "attn.")
            tensors[stem + "q_bias"] = value[:WIDTH]
            tensors[stem + "v_bias"] = value[2 * WIDTH:]
            continue
    elif key.startswith("qformer."):
        key = key.removeprefix("qformer.")
        if ".intermediate." in key or ".output." in key and "attention" not in key:
            continue  # the text half
        for old, new in QFORMER:
            key = key.replace(old, new)
        key = "Qformer.bert." + key
    tensors[key] = value

pixels = torch.rand(2, 3, IMAGE, IMAGE)
with torch.no_grad():
    output = encoder(pixels)
config = {
    "image_size": IMAGE, "patch_size": PATCH, "width": WIDTH, "depth": DEPTH, "heads": HEADS,
    "mlp_hidden": MLP, "layer_norm_eps": EPS, "ln_vision_eps": NORM_EPS,
    "projection_dim": OUTPUT,
    "qformer": {
        "hidden_size": Q_WIDTH, "num_hidden_layers": Q_LAYERS, "num_attention_heads": Q_HEADS,
        "intermediate_size": Q_MLP, "layer_norm_eps": Q_EPS, "query_tokens": QUERIES,
        "cross_attention_frequency": 2,
    },
}
write("image-encoder", config, tensors, {
    "pixels": pixels.permute(0, 2, 3, 1), "output": output,
})
