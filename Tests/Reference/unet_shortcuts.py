"""What the two shortcuts of a UNet give, from their papers and diffusers' layers."""

import numpy
import torch


def reused(unet, first, later, conditioning):
    """DeepCache (Ma et al. 2024, section 3.3): the second call goes no deeper than the first layer of
    the finest level, and takes what the first call had below the last two layers up."""
    up, down = unet.up_blocks[-1], unet.down_blocks[0]
    place = len(up.resnets) - 2
    seen = []
    hook = up.resnets[place].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    unet(*first, conditioning)
    hook.remove()
    latents, timesteps = later
    time = unet.time_embedding(unet.time_proj(timesteps).double())

    def layer(block, index, x):
        x = block.resnets[index](x, time)
        return block.attentions[index](x, encoder_hidden_states=conditioning).sample

    start = unet.conv_in(latents)
    skips = [start, layer(down, 0, start)]
    # The layer was given the deep features and, behind them, its skip.
    x = seen[0][:, : seen[0].shape[1] - skips[1].shape[1]]
    for index in (place, place + 1):
        x = layer(up, index, torch.cat([x, skips.pop()], 1))
    return unet.conv_out(torch.nn.functional.silu(unet.conv_norm_out(x)))


def destinations(height, width, seed):
    """One token in each square of two by two, by the numbers of torch's generator."""
    raw = numpy.random.MT19937()
    raw._legacy_seeding(seed)
    chosen = []
    for top in range(0, height, 2):
        for left in range(0, width, 2):
            square = [(r, c) for r in (top, top + 1) for c in (left, left + 1) if r < height and c < width]
            r, c = square[int(raw.random_raw()) % len(square)]
            chosen.append(r * width + c)
    return sorted(chosen)


def merged(unet, latents, timesteps, conditioning, ratio, seed):
    """Token merging (Bolya and Hoffman 2023) in the self-attention of the finest level."""
    height, width = latents.shape[-2:]
    tokens = height * width
    kept = destinations(height, width, seed)
    others = [t for t in range(tokens) if t not in kept]

    def around(attention):
        plain = attention.forward

        def forward(x, *rest, **options):
            assert x.shape[1] == tokens
            results = []
            for sample in x:
                unit = torch.nn.functional.normalize(sample, dim=1)
                likeness, target = (unit[others] @ unit[kept].T).max(1)
                gone = likeness.argsort(descending=True)[: int(ratio * tokens)].tolist()
                # A token's row in the shorter sequence.
                row = {t: n for n, t in enumerate(t for n, t in enumerate(others) if n not in gone)}
                first = len(row)
                row |= {t: first + n for n, t in enumerate(kept)}
                row |= {others[n]: first + int(target[n]) for n in gone}
                matrix = torch.zeros(first + len(kept), tokens, dtype=x.dtype)
                for token, place in row.items():
                    matrix[place, token] = 1
                means = (matrix / matrix.sum(1, keepdim=True)) @ sample
                results.append(matrix.T @ plain(means[None], *rest, **options)[0])
            return torch.stack(results)

        attention.forward = forward
        return lambda: setattr(attention, "forward", plain)

    finest = list(unet.down_blocks[0].attentions) + list(unet.up_blocks[-1].attentions)
    undo = [around(block.attn1) for a in finest for block in a.transformer_blocks]
    output = unet(latents, timesteps, conditioning).sample
    for back in undo:
        back()
    return output
