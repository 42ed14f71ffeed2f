import Tensors

/// An operation at a shape of the pocket model or of the published ones.
struct Case {
    let name: String
    /// Multiplications and additions of a call; 0 where they are not what takes the time.
    let operations: Int
    /// Bytes that a call must at least read and write.
    let bytes: Int
    let run: () -> Void
}

private func noise(_ shape: Shape) -> Tensor {
    var generator = TorchGenerator(seed: 1)
    return generator.normal(shape)
}

private func linearCase(_ rows: Int, _ depth: Int, _ columns: Int, _ format: WeightFormat) -> Case {
    let x = noise([rows, depth])
    let weight = Weight(noise([columns, depth]), format: format)
    return Case(
        name: "linear \(rows)x\(depth) -> \(columns) \(format.rawValue)",
        operations: 2 * rows * depth * columns,
        bytes: weight.byteCount + 4 * rows * (depth + columns)
    ) { _ = linear(x, weight) }
}

private func convolutionCase(
    _ batch: Int, _ side: Int, _ inputs: Int, _ outputs: Int, _ format: WeightFormat
) -> Case {
    let x = noise([batch, side, side, inputs])
    let weight = Weight(noise([outputs, 3, 3, inputs]), format: format)
    return Case(
        name: "conv 3x3 \(batch)x\(side)x\(side)x\(inputs) -> \(outputs) \(format.rawValue)",
        operations: 2 * batch * side * side * 9 * inputs * outputs,
        bytes: weight.byteCount + 4 * batch * side * side * (inputs + outputs)
    ) { _ = conv2d(x, weight, bias: nil, padding: Padding(1)) }
}

/// The same as the layers do it, with a weight that was transformed when they were made;
/// counted as if every product were spelt out.
private func winogradCase(
    _ batch: Int, _ side: Int, _ inputs: Int, _ outputs: Int, _ format: Arithmetic = .float32
) -> Case {
    let x = noise([batch, side, side, inputs])
    let weight = WinogradWeight(
        Weight(noise([outputs, 3, 3, inputs]), format: .float16), format: format)
    return Case(
        name: "winograd 3x3 \(batch)x\(side)x\(side)x\(inputs) -> \(outputs)"
            + (format == .bfloat16 ? " in bf16" : ""),
        operations: 2 * batch * side * side * 9 * inputs * outputs,
        bytes: weight.byteCount + 4 * batch * side * side * (inputs + outputs)
    ) { _ = conv2d(x, weight, bias: nil, padding: Padding(1)) }
}

private func packedCase(_ rows: Int, _ depth: Int, _ columns: Int) -> Case {
    let x = noise([rows, depth])
    let weight = PackedWeight(Weight(noise([columns, depth]), format: .bfloat16))
    return Case(
        name: "linear \(rows)x\(depth) -> \(columns) in bf16",
        operations: 2 * rows * depth * columns,
        bytes: weight.byteCount + 4 * rows * (depth + columns)
    ) { _ = linear(x, weight) }
}

private func quantisedCase(
    _ rows: Int, _ depth: Int, _ columns: Int, _ format: QuantisedWeight.Format
) -> Case {
    let x = noise([rows, depth])
    let shape: Shape = [columns, depth]
    let bytes = QuantisedWeight.byteCount(shape, format)
    let weights = Ring(byteCount: bytes) { quantisedNoise(shape, format) }
    return Case(
        name: "linear \(rows)x\(depth) -> \(columns) in \(format.rawValue)",
        operations: 2 * rows * depth * columns, bytes: bytes + 4 * rows * (depth + columns)
    ) { _ = linear(x, weights.take()) }
}

private func packedConvolutionCase(
    _ batch: Int, _ side: Int, _ inputs: Int, _ outputs: Int
) -> Case {
    let x = noise([batch, side, side, inputs])
    let weight = PackedWeight(Weight(noise([outputs, 3, 3, inputs]), format: .bfloat16))
    return Case(
        name: "conv 3x3 \(batch)x\(side)x\(side)x\(inputs) -> \(outputs) in bf16",
        operations: 2 * batch * side * side * 9 * inputs * outputs,
        bytes: weight.byteCount + 4 * batch * side * side * (inputs + outputs)
    ) { _ = conv2d(x, weight, bias: nil, padding: Padding(1)) }
}

private func attentionCase(
    _ batch: Int, _ queries: Int, _ keys: Int, _ heads: Int, _ width: Int, causal: Bool = false,
    _ arithmetic: Arithmetic = .float32
) -> Case {
    let query = noise([batch, queries, heads * width])
    let key = noise([batch, keys, heads * width])
    return Case(
        name: "attention \(batch)x\(queries)x\(keys), \(heads) heads of \(width)"
            + (causal ? ", causal" : "") + (arithmetic == .bfloat16 ? ", in bf16" : ""),
        operations: 4 * batch * heads * queries * keys * width,
        bytes: 8 * batch * (queries + keys) * heads * width
    ) {
        _ = attention(
            query: query, key: key, value: key, heads: heads,
            causalOffset: causal ? keys - queries : nil, arithmetic: arithmetic)
    }
}

private func elementCase(
    _ name: String, _ shape: Shape, arrays: Int = 2, _ run: @escaping (Tensor) -> Tensor
) -> Case {
    let x = noise(shape)
    return Case(name: "\(name) \(shape)", operations: 0, bytes: 4 * arrays * x.count) { _ = run(x) }
}

/// Convolutions of the UNet and of the autoencoder: transformed in 32-bit floats and in bf16, and
/// as a plain product in bf16.
private func fullSizeConvolutions() -> [Case] {
    [
        (2, 64, 320, 320), (2, 32, 640, 640), (2, 16, 1280, 1280), (2, 8, 1280, 1280),
        (2, 64, 640, 320), (2, 32, 1280, 640), (1, 128, 512, 512), (1, 256, 512, 256),
        (1, 512, 128, 128),
    ].flatMap { batch, side, inputs, outputs in
        [
            winogradCase(batch, side, inputs, outputs),
            winogradCase(batch, side, inputs, outputs, .bfloat16),
            packedConvolutionCase(batch, side, inputs, outputs),
        ]
    }
}

/// Attention of the UNet, of the image encoder and of the language model.
private func fullSizeAttention() -> [Case] {
    [Arithmetic.float32, .bfloat16].flatMap {
        [
            attentionCase(1, 4096, 4096, 10, 64, $0), attentionCase(1, 1024, 1024, 20, 64, $0),
            attentionCase(2, 256, 256, 20, 64, $0), attentionCase(1, 4096, 77, 10, 64, $0),
            attentionCase(1, 257, 257, 16, 88, $0),
            attentionCase(1, 512, 512, 32, 128, causal: true, $0),
            attentionCase(2, 4096, 4096, 8, 40, $0), attentionCase(2, 1024, 77, 8, 80, $0),
        ]
    }
}

func products() -> [Case] {
    [
        convolutionCase(2, 16, 64, 64, .float16), convolutionCase(2, 16, 128, 64, .float16),
        convolutionCase(2, 8, 128, 128, .float16), convolutionCase(2, 4, 256, 256, .float16),
        convolutionCase(1, 16, 64, 64, .float16), convolutionCase(1, 32, 64, 32, .float16),
        convolutionCase(1, 64, 32, 16, .float16), convolutionCase(1, 64, 16, 3, .float16),
        convolutionCase(2, 64, 320, 320, .float32), convolutionCase(2, 64, 320, 320, .float16),
        convolutionCase(2, 8, 1280, 1280, .float16),
        winogradCase(2, 16, 64, 64), winogradCase(2, 8, 128, 128), winogradCase(2, 4, 256, 256),
        winogradCase(1, 32, 64, 32), winogradCase(2, 16, 64, 64, .bfloat16),
        winogradCase(2, 8, 128, 128, .bfloat16), winogradCase(1, 32, 64, 32, .bfloat16),
        packedConvolutionCase(2, 16, 64, 64), packedConvolutionCase(2, 8, 128, 128),
        packedConvolutionCase(1, 32, 64, 32),
        linearCase(512, 64, 512, .float16), linearCase(512, 256, 64, .float16),
        linearCase(128, 128, 1024, .float16), linearCase(150, 192, 512, .float16),
        linearCase(150, 256, 768, .float32), linearCase(8192, 320, 320, .float16),
        linearCase(512, 1280, 1280, .float16), linearCase(64, 4096, 11008, .float16),
        attentionCase(2, 256, 256, 4, 16), attentionCase(2, 64, 64, 4, 32),
        attentionCase(2, 256, 77, 4, 16), attentionCase(1, 150, 150, 4, 48, causal: true),
        packedCase(8192, 320, 320), packedCase(2048, 640, 640), packedCase(512, 1280, 1280),
        packedCase(257, 1408, 6144), packedCase(64, 4096, 11008), packedCase(128, 4096, 11008),
        packedCase(512, 4096, 11008),
        quantisedCase(64, 4096, 11008, .q8_0), quantisedCase(512, 4096, 11008, .q8_0),
        quantisedCase(64, 4096, 11008, .q4), quantisedCase(128, 4096, 11008, .q4),
        quantisedCase(512, 4096, 11008, .q4), quantisedCase(128, 11008, 4096, .q4),
    ] + fullSizeConvolutions() + fullSizeAttention()
}

func reading() -> [Case] {
    var cases: [Case] = []
    for format in QuantisedWeight.Format.allCases {
        cases.append(quantisedCase(1, 256, 768, format))
        cases.append(quantisedCase(1, 11008, 4096, format))
        for rows in [1, 2, 4, 8] { cases.append(quantisedCase(rows, 4096, 11008, format)) }
        cases.append(quantisedCase(1, 4096, 32000, format))
    }
    for format in WeightFormat.allCases {
        cases.append(linearCase(1, 256, 768, format))
        cases.append(linearCase(1, 4096, 11008, format))
    }
    cases += [
        linearCase(4, 4096, 11008, .float16), linearCase(8, 4096, 11008, .float16),
        linearCase(2, 4096, 11008, .bfloat16), linearCase(4, 4096, 11008, .bfloat16),
        packedCase(1, 4096, 11008), packedCase(2, 4096, 11008), packedCase(4, 4096, 11008),
        packedCase(8, 4096, 11008),
        attentionCase(1, 1, 300, 4, 64, causal: true),
        attentionCase(1, 1, 2000, 32, 128, causal: true),
    ]
    let (scale, shift) = (noise([64]), noise([64]))
    let wide = [noise([320]), noise([128]), noise([1280])]
    cases += [
        elementCase("groupNorm", [2, 16, 16, 64], arrays: 3) {
            groupNorm($0, groups: 32, weight: scale, bias: shift, epsilon: 1e-5)
        },
        elementCase("groupNorm", [1, 256, 256, 64], arrays: 3) {
            groupNorm($0, groups: 32, weight: scale, bias: shift, epsilon: 1e-5)
        },
        elementCase("groupNorm", [2, 64, 64, 320], arrays: 3) {
            groupNorm($0, groups: 32, weight: wide[0], bias: wide[0], epsilon: 1e-5)
        },
        elementCase("groupNorm, silu", [2, 64, 64, 320], arrays: 3) {
            groupNorm(
                $0, groups: 32, weight: wide[0], bias: wide[0], epsilon: 1e-5, activation: .silu)
        },
        elementCase("groupNorm, silu", [1, 512, 512, 128], arrays: 3) {
            groupNorm(
                $0, groups: 32, weight: wide[1], bias: wide[1], epsilon: 1e-5, activation: .silu)
        },
        elementCase("layerNorm", [2, 4096, 320]) {
            layerNorm($0, weight: wide[0], bias: wide[0], epsilon: 1e-5)
        },
        elementCase("layerNorm", [2, 4096, 1280]) {
            layerNorm($0, weight: wide[2], bias: wide[2], epsilon: 1e-5)
        },
        elementCase("geglu", [2, 4096, 2560], geglu),
        elementCase("silu", [1, 512, 512, 128], silu),
        elementCase("layerNorm", [512, 64]) {
            layerNorm($0, weight: scale, bias: shift, epsilon: 1e-5)
        },
        elementCase("silu", [2, 16, 16, 64], silu), elementCase("silu", [1, 256, 256, 64], silu),
        elementCase("gelu", [512, 512], gelu), elementCase("geglu", [2, 256, 512], geglu),
        elementCase("softmax", [512, 512], softmax),
        elementCase("+", [2, 16, 16, 64], arrays: 3) { $0 + $0 },
        elementCase("+", [1, 256, 256, 64], arrays: 3) { $0 + $0 },
        elementCase("upsample", [1, 128, 128, 64], arrays: 5) { upsampleNearest($0, by: 2) },
        elementCase("channelsOutermost", [1, 128, 128, 64]) { $0.channelsOutermost() },
    ]
    return cases
}
