import Checkpoints
import Tokenizers

// Do a base model and a MiniGPT-5 checkpoint belong together?
extension StagePlan {
    /// Checks the sizes of a checkpoint's tables, then that they were trained from the base's, and
    /// takes them.
    mutating func takeTables(of checkpoint: PublishedPart, base: PublishedPart) throws {
        let origins = checkpoint.origins.mapValues { $0 }
        func table(_ role: MiniGPT5Names.Role) throws -> TensorOrigin {
            let found = origins.first { MiniGPT5Names.role(MiniGPT5Names.plain($0.key)) == role }
            guard let found, found.value.extents.count == 2 else {
                throw ImportError.refused(
                    "\(checkpoint.text) has no \(role == .head ? "lm_head" : "embed_tokens") table")
            }
            return found.value
        }
        let (embeddings, head) = (try table(.embeddings), try table(.head))
        guard let own = tensors["model.embed_tokens.weight"], own.extents.count == 2 else {
            throw ImportError.refused("\(base.text) has no model.embed_tokens.weight")
        }
        let (rows, width) = (embeddings.extents[0], embeddings.extents[1])
        guard own.extents[1] == width else {
            throw ImportError.refused(
                "\(checkpoint.path) was trained for a model of \(width) channels, \(base.path) has "
                    + "\(own.extents[1]): take the 7B model of 4096 for MiniGPT-5's published "
                    + "checkpoints")
        }
        guard head.extents == embeddings.extents else {
            throw ImportError.refused(
                "\(checkpoint.path): embed_tokens is \(embeddings.extents), lm_head "
                    + "\(head.extents); they must be alike")
        }
        let pieces = try pieceCount(base)
        // Nine tokens are added, after a [PAD] where the tokenizer's folder declares one.
        guard (9...10).contains(rows - pieces) else {
            throw ImportError.refused(
                "\(checkpoint.path) has a vocabulary of \(rows) rows, and \(base.path) a tokenizer "
                    + "of \(pieces) pieces, to which MiniGPT-5 adds 9 ([IMG0]…[IMG7], <ImageHere>), or "
                    + "10 with [PAD]: they do not belong together")
        }
        guard (pieces...rows).contains(own.extents[0]) else {
            throw ImportError.refused(
                "\(base.path) has an embedding table of \(own.extents[0]) rows for a tokenizer of "
                    + "\(pieces) pieces: not a base of \(checkpoint.path), whose table has \(rows)")
        }
        try requireKinship(embeddings, own, pieces, checkpoint, base)
    }

    private mutating func requireKinship(
        _ trained: TensorOrigin, _ own: TensorOrigin, _ pieces: Int,
        _ checkpoint: PublishedPart, _ base: PublishedPart
    ) throws {
        guard case .elements? = own.file.tensors[own.name]?.format else {
            notes.append(
                "\(base.path) is quantised, so whether \(checkpoint.path) was trained from this very "
                    + "model cannot be told from its tables")
            return
        }
        let kinship = try TableKinship(base: own, trained: trained, rows: pieces)
        guard kinship.belongs else {
            let remedy =
                own.extents[0] == pieces
                ? "its table has \(pieces) rows, as LLaMA's and Vicuna v1.1's; MiniGPT-5's published "
                    + "checkpoints belong to Vicuna-7B v0, whose table has one more ([PAD])"
                : "MiniGPT-5's published checkpoints belong to Vicuna-7B v0"
            throw ImportError.refused(
                "\(checkpoint.path) was not trained from \(base.path): \(kinship.text); \(remedy)")
        }
        notes.append("\(checkpoint.path) was trained from \(base.path): \(kinship.text)")
    }

    private func pieceCount(_ base: PublishedPart) throws -> Int {
        guard let pieces else {
            throw ImportError.refused(
                "\(base.text) has no SentencePiece tokenizer (tokenizer.model), as MiniGPT-5's base "
                    + "has")
        }
        return pieces
    }

    /// Of a SentencePiece tokenizer, without added tokens.
    var pieces: Int? {
        guard let path = tokenizer, path.hasSuffix(".model"),
            let file = files.first(where: { $0.path == path })
        else { return nil }
        return try? LlamaTokenizer(model: file.contents, rows: BytePairTokenizer.maximumCount)
            .pieces
    }
}
