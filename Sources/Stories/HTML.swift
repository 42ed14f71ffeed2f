import Pipelines

// What all pages are made of.

/// - Parameter body: HTML.
func page(title: String, _ body: String) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(escaped(title))</title>
    <style>
    body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem; color: #222;
           background: #fdfcf9; font: 1.15rem/1.6 Georgia, serif; }
    section { margin: 0 0 2.5rem; }
    section.user { margin: 0 0 1rem; color: #777; font-style: italic; }
    figure { margin: 1rem 0; }
    img { width: 100%; max-width: 24rem; height: auto; border-radius: 8px; display: block; }
    img.small { image-rendering: pixelated; }
    details { font: .8rem/1.5 ui-monospace, monospace; color: #777; margin-top: .4rem; }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: 0; }
    dd { margin: 0; overflow-wrap: anywhere; }
    footer { color: #777; font-size: .85rem; border-top: 1px solid #ddd; padding-top: 1rem; }
    </style>
    </head>
    <body>
    \(body)</body>
    </html>

    """
}

/// - Parameter source: a file's name, or a `data:` URL.
func pictureFigure(
    source: String, size: (width: Int, height: Int), number: Int, recipe: [RecipeEntry]
) -> String {
    // Pictures of the pocket model are magnified: show their pixels rather than a blur.
    let small = size.width < 256 ? " class=\"small\"" : ""
    let entries = recipe.map { "<dt>\(escaped($0.key))</dt><dd>\(escaped($0.value))</dd>" }
    let details =
        "<details><summary>picture \(number)</summary><dl>\(entries.joined())</dl></details>"
    return """
        <figure><img\(small) src="\(escaped(source))" \
        width="\(size.width)" height="\(size.height)" alt="Picture \(number)">
        \(recipe.isEmpty ? "" : details)</figure>

        """
}

func paragraph(_ text: String) -> String { "<p>\(escaped(String(text.trimmed)))</p>\n" }

func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
        switch character {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        default: result.unicodeScalars.append(character)
        }
    }
    return result
}

extension String {
    var trimmed: Substring {
        var part = self[...]
        while part.first?.isWhitespace == true { part.removeFirst() }
        while part.last?.isWhitespace == true { part.removeLast() }
        return part
    }
}
