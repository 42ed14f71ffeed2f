"""A tiny feature mapper on torch.nn.Transformer, with random weights: Tests/Fixtures/models/mapper."""

import torch
from torch import nn

from stage_fixture import randomise, write

INPUT, WIDTH, HEADS, FEED, QUERIES, VOKENS = 14, 12, 3, 20, 7, 5


class Mapper(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(INPUT, WIDTH), nn.GELU(), nn.Linear(WIDTH, WIDTH))
        self.llm_to_t2i_mapping = nn.Transformer(
            WIDTH, HEADS, num_encoder_layers=2, num_decoder_layers=3, dim_feedforward=FEED,
            dropout=0.0, norm_first=True, batch_first=True, layer_norm_eps=0.04)
        self.t2i_decoder_prompt = nn.Parameter(torch.empty(1, QUERIES, WIDTH))

    def forward(self, hidden):
        prompt = self.t2i_decoder_prompt.expand(len(hidden), -1, -1)
        return self.llm_to_t2i_mapping(self.fc(hidden), prompt)


mapper = randomise(Mapper(), 3)
hidden = torch.randn(2, VOKENS, INPUT)
with torch.no_grad():
    mapped = mapper(hidden.double())
    unconditional = mapper(torch.zeros(1, VOKENS, INPUT).double())

config = {
    "input_dim": INPUT, "d_model": WIDTH, "heads": HEADS, "encoder_layers": 2,
    "decoder_layers": 3, "feed_forward": FEED, "queries": QUERIES, "vokens": VOKENS,
    "layer_norm_eps": 0.04,
}
write("mapper", config, mapper.state_dict(), {
    "hidden": hidden, "mapped": mapped, "unconditional": unconditional,
})
