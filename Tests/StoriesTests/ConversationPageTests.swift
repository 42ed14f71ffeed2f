import Foundation
import Images
import Stories
import Testing

struct ConversationPageTests {
    private let picture = Image(width: 4, height: 3, red: 1, green: 2, blue: 3)

    @Test func piecesComeInOrderWithTheirPictures() throws {
        let file = picture.png(text: [(key: "seed", value: "7 & <8>")])
        var page = ConversationPage(title: "<mia>")
        page.add(user: [.text("See:"), .picture(file)], answer: [.text(" A <ball>. ")])
        page.add(user: [], answer: [.text("More.")])
        let html = page.html
        #expect(html.contains("<title>&lt;mia&gt;</title>"))
        let parts = [
            "<section class=\"user\">", "<p>See:</p>",
            "src=\"data:image/png;base64,\(Data(file).base64EncodedString())\"",
            "width=\"4\" height=\"3\"", "<dd>7 &amp; &lt;8&gt;</dd>", "<p>A &lt;ball&gt;.</p>",
            "<p>More.</p>",
        ]
        var rest = html[...]
        for part in parts {
            let found = try #require(rest.firstRange(of: part), "\(part)")
            rest = rest[found.upperBound...]
        }
        #expect(html.matches(of: /<section class="user">/).count == 1, "nothing was said there")
    }

    /// Whoever made the file, nothing of it gets into the page but as data.
    @Test func fileThatIsNoPictureIsSaidSo() {
        var page = ConversationPage(title: "t")
        page.add(user: [.picture(Array("<script>".utf8))], answer: [])
        #expect(page.html.contains("picture 1 cannot be read"))
        #expect(!page.html.contains("<script>"))
    }
}
