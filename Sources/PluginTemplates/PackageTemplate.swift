func manifest(_ name: PluginName, kit: String) -> String {
    #"""
    // swift-tools-version: 6.2
    import PackageDescription

    // Kit is linked as the one shared library that the daemon has loaded already.
    let kit: Target.Dependency = .product(name: "VokenKit", package: "Kit")

    let package = Package(
        name: "\#(name.text)",
        products: [.library(name: "\#(name.text)", type: .dynamic, targets: ["\#(name.module)"])],
        dependencies: [.package(path: \#(literal(kit)))],
        targets: [
            .target(name: "\#(name.module)", dependencies: [kit]),
            .testTarget(name: "\#(name.module)Tests", dependencies: ["\#(name.module)", kit]),
        ]
    )

    """#
}

func entryPoint(_ name: PluginName, type: String) -> String {
    #"""
    import Stages

    @c(voken_plugin) public func plugin() -> UnsafeMutableRawPointer {
        unsafe exportPlugin("\#(name.text)", [\#(type).self])
    }

    """#
}

func readme(_ template: PluginTemplate) -> String {
    #"""
    # \#(template.name.text)

    A stage for Voken: a plugin of kind `\#(template.kind.rawValue)`.

    ```sh
    \#(PluginTemplate.build)
    \#(PluginTemplate.test)
    \#(template.swap)
    ```

    The swap replaces the stage of a running daemon; requests that run keep the stage they
    began with. This does so whenever the plugin is built again:

    ```sh
    \#(template.watch)
    ```

    A daemon loads only what was built against its own Kit by its own compiler: build again
    after an upgrade of Voken. *Writing a stage*, an article in Kit's `Stages/Stages.docc`,
    explains the code.

    """#
}

/// A Swift string literal.
private func literal(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar in
        switch scalar {
        case "\\", "\"": "\\\(scalar)"
        case _ where scalar.value < 0x20: "\\u{\(String(scalar.value, radix: 16))}"
        default: String(scalar)
        }
    }
    return "\"" + escaped.joined() + "\""
}
