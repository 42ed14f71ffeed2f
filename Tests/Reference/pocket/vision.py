"""Image encoder: EVA ViT, ln_vision, Q-Former and projection, with the published key names."""
import torch
import torch.nn as nn
import torch.nn.functional as F

from parts import QUERIES, WIDTH

IMAGE, PATCH, DEPTH, HEADS, HIDDEN = 64, 8, 4, 4, 512
QFORMER_LAYERS, CROSS_EVERY = 2, 2


def attend(q, k, v, heads):
    b, n, d = q.shape
    q, k, v = (t.view(b, -1, heads, d // heads).transpose(1, 2) for t in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, d)


class EvaAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.q_bias, self.v_bias = nn.Parameter(torch.zeros(WIDTH)), nn.Parameter(torch.zeros(WIDTH))
        self.proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        bias = torch.cat([self.q_bias, torch.zeros_like(self.q_bias), self.v_bias])  # EVA has no key bias
        return self.proj(attend(*F.linear(x, self.qkv.weight, bias).chunk(3, -1), HEADS))


class EvaMlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class EvaBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(WIDTH, eps=1e-6), EvaAttention()
        self.norm2, self.mlp = nn.LayerNorm(WIDTH, eps=1e-6), EvaMlp()

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Eva(nn.Module):
    def __init__(self):
        super().__init__()
        self.cls_token = nn.Parameter(.02 * torch.randn(1, 1, WIDTH))
        self.pos_embed = nn.Parameter(.1 * torch.randn(1, (IMAGE // PATCH) ** 2 + 1, WIDTH))
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(3, WIDTH, PATCH, PATCH)
        self.blocks = nn.ModuleList(EvaBlock() for _ in range(DEPTH))

    def forward(self, x):
        x = self.patch_embed.proj(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return x


class Add(nn.Module):
    """BERT's output part: dense, residual, LayerNorm (post-norm)."""

    def __init__(self, inner):
        super().__init__()
        self.dense, self.LayerNorm = nn.Linear(inner, WIDTH), nn.LayerNorm(WIDTH, eps=1e-12)

    def forward(self, x, residual):
        return self.LayerNorm(self.dense(x) + residual)


class BertAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.self = nn.Module()
        self.self.query, self.self.key, self.self.value = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.output = Add(WIDTH)

    def forward(self, x, memory):
        s = self.self
        return self.output(attend(s.query(x), s.key(memory), s.value(memory), HEADS), x)


class QformerLayer(nn.Module):
    def __init__(self, cross):
        super().__init__()
        self.attention = BertAttention()
        if cross:
            self.crossattention = BertAttention()
        self.intermediate_query = nn.Module()
        self.intermediate_query.dense = nn.Linear(WIDTH, HIDDEN)
        self.output_query = Add(HIDDEN)

    def forward(self, x, memory):
        x = self.attention(x, x)
        if hasattr(self, "crossattention"):
            x = self.crossattention(x, memory)
        return self.output_query(F.gelu(self.intermediate_query.dense(x)), x)


class ImageEncoder(nn.Module):
    def __init__(self, output):
        super().__init__()
        self.visual_encoder = Eva()
        self.ln_vision = nn.LayerNorm(WIDTH)
        self.query_tokens = nn.Parameter(torch.randn(1, QUERIES, WIDTH))
        self.Qformer = nn.Module()
        self.Qformer.bert = nn.Module()
        self.Qformer.bert.embeddings, self.Qformer.bert.encoder = nn.Module(), nn.Module()
        self.Qformer.bert.embeddings.LayerNorm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.Qformer.bert.encoder.layer = nn.ModuleList(QformerLayer(i % CROSS_EVERY == 0) for i in range(QFORMER_LAYERS))
        self.llama_proj = nn.Linear(WIDTH, output)

    def queries(self, x):
        """CLIP-normalised pictures to Q-Former states."""
        memory = self.ln_vision(self.visual_encoder(x))
        bert = self.Qformer.bert
        h = bert.embeddings.LayerNorm(self.query_tokens).expand(len(x), -1, -1)
        for layer in bert.encoder.layer:
            h = layer(h, memory)
        return h

    def forward(self, x):
        return self.llama_proj(self.queries(x))
