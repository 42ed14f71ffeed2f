import Checkpoints
import Testing

struct SettingsTests {
    private enum Colour: String, CaseIterable { case red, blue }

    let settings = Settings(
        [
            "name": .string("pocket"), "steps": .integer(20), "guidance": .number(7.5),
            "whole": .number(4), "faithful": .boolean(true), "colour": .string("blue"),
            "sizes": .array([.integer(1), .integer(2)]), "mixed": .array([.integer(1), .null]),
            "words": .array([.string("a")]), "nothing": .null,
            "scheduler": .table(["order": .integer(2)]),
        ], path: "stage")

    @Test func remembersDefaults() throws {
        let settings = Settings(["steps": .integer(3)])
        #expect(settings.defaults.isEmpty)
        _ = try settings.integer("steps", default: 50)
        _ = try settings.number("eta", default: 0)
        _ = try settings.boolean("clip", default: true)
        _ = try settings.string("type", default: "epsilon")
        settings.note("sigmas", default: nil)
        settings.note("eta", default: nil)
        #expect(
            settings.defaults == [
                "steps": .integer(50), "eta": .number(0), "clip": .boolean(true),
                "type": .string("epsilon"), "sigmas": .null,
            ])
        #expect(settings.readKeys == ["steps"])
    }

    @Test func readsByKind() throws {
        #expect(try settings.string("name") == "pocket")
        #expect(try settings.integer("steps") == 20)
        #expect(try settings.integer("whole") == 4)
        #expect(try settings.number("guidance") == 7.5)
        #expect(try settings.number("steps") == 20)
        #expect(try settings.boolean("faithful"))
        #expect(try settings.choice("colour") as Colour == .blue)
        #expect(try settings.integers("sizes") == [1, 2])
        #expect(try settings.strings("words") == ["a"])
        #expect(try settings.table("scheduler").integer("order") == 2)
    }

    @Test func fallsBackWhereAbsentOrNull() throws {
        #expect(try settings.integer("absent", default: 3) == 3)
        #expect(try settings.string("nothing", default: "x") == "x")
        #expect(try settings.table("absent").keys.isEmpty)
        expect("stage.absent: missing; expected an integer") { try settings.integer("absent") }
        expect("stage.nothing: missing; expected a string") { try settings.string("nothing") }
    }

    @Test func namesKeyAndKinds() {
        expect("stage.name: expected an integer, found a string") { try settings.integer("name") }
        expect("stage.guidance: expected an integer, found a number") {
            try settings.integer("guidance")
        }
        expect("stage.steps: expected true or false, found an integer") {
            try settings.boolean("steps")
        }
        expect("stage.mixed: expected integers, found null") { try settings.integers("mixed") }
        expect("stage.name: expected a table, found a string") { try settings.table("name") }
        expect("stage.name: \"pocket\" is not one of red, blue") {
            try settings.choice("name") as Colour
        }
        expect("stage.steps: 20 is outside 1...10") { try settings.integer("steps", in: 1...10) }
        expect("stage.guidance: 7.5 is outside 0.0...1.0") {
            try settings.number("guidance", in: 0...1)
        }
    }

    @Test func namesUnknownKeysAndTheNearest() throws {
        let settings = Settings([
            "stpes": .integer(1), "scheduler": .table(["odrer": .integer(2)]),
        ])
        _ = try settings.integer("steps", default: 20)
        let scheduler = try settings.table("scheduler")
        expect("stpes: unknown key; did you mean \"steps\"?") { try settings.requireAllRead() }
        _ = try settings.integer("stpes")
        expect("scheduler.odrer: unknown key; known here: ") { try settings.requireAllRead() }
        _ = try scheduler.integer("order", default: 1)
        expect("scheduler.odrer: unknown key; did you mean \"order\"?") {
            try settings.requireAllRead()
        }
        _ = try scheduler.integer("odrer")
        try settings.requireAllRead()
    }

    @Test func toleratesUnreadKeysOfTheTopTable() throws {
        let settings = Settings([
            "order": .integer(1), "plugin": .string("x"),
            "below": .table(["plugin": .string("y")]), "unread": .table(["z": .integer(3)]),
        ])
        _ = try settings.integer("order")
        let below = try settings.table("below")
        expect("plugin: unknown key; known here: below, order") {
            try settings.requireAllRead(except: ["unread"])
        }
        expect("below.plugin: unknown key; known here: ") {
            try settings.requireAllRead(except: ["plugin", "unread"])
        }
        _ = try below.string("plugin")
        try settings.requireAllRead(except: ["plugin", "unread", "absent"])
        // A table that was read answers for its keys, whether or not its own key is tolerated.
        _ = try settings.table("unread")
        expect("unread.z: unknown key; known here: ") {
            try settings.requireAllRead(except: ["plugin", "unread"])
        }
    }

    @Test func listsTheKeysThatWereRead() throws {
        #expect(settings.readKeys.isEmpty)
        _ = try settings.string("name")
        _ = try settings.integer("absent", default: 1)
        _ = try settings.string("nothing", default: "x")
        _ = settings.value("mixed")
        let below = try settings.table("scheduler")
        #expect(throws: SettingError.self) { try settings.integer("guidance") }
        #expect(settings.readKeys == ["name", "mixed", "scheduler", "guidance"])
        #expect(below.readKeys.isEmpty)
    }

    @Test func suggestsOnlyWhatIsNear() {
        #expect(nearest(to: "guidence", in: ["steps", "guidance"]) == "guidance")
        #expect(nearest(to: "seed", in: ["scheduler", "guidance"]) == nil)
        #expect(nearest(to: "seed", in: []) == nil)
        #expect(nearest(to: "", in: ["a", "abc"]) == "a")
    }

    private func expect(
        _ description: String, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () throws -> some Any
    ) {
        #expect(sourceLocation: sourceLocation) {
            _ = try body()
        } throws: { error in
            (error as? SettingError)?.description == description
        }
    }
}
