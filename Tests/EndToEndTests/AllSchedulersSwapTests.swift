import Foundation
import Testing

/// The swap contract, over all schedulers: under load nothing fails, and every story is told by
/// the one scheduler that it began with.
@Suite struct AllSchedulersSwapTests {
    /// Those whose runs begin with a picture are left out.
    static let names = [
        "ddim", "ddpm", "deis", "dpm2", "dpm2_a", "dpmpp_2m", "dpmpp_2m_sde", "dpmpp_2s",
        "dpmpp_2s_a", "dpmpp_3m_sde", "dpmpp_sde", "euler", "euler_a", "heun", "ipndm", "lcm",
        "lms", "pndm", "sa_solver", "tcd", "unipc",
    ]

    @Test func everySchedulerIsSwappedInUnderLoad() throws {
        let served = try ServedPipeline()
        var stories: [Program] = []
        for name in Self.names {
            stories.append(try served.begin(["--steps", "4"]))
            let outcome = try served.swap("swap", "scheduler", name)
            #expect(outcome.last.committed == true, "\(name): \(outcome.result)")
        }
        var told: [String: Set<[String]>] = [:]
        for story in stories {
            let story = try ToldStory(story.finish())
            #expect(story.result.status == 0, "\(story.result)")
            told[try #require(story.scheduler), default: []].insert(story.pictures)
        }
        // Whichever of them were told by one scheduler are the same story.
        #expect(told.values.allSatisfy { $0.count == 1 })
        #expect(told.count > 5, "\(told.keys)")

        // Each by its name, for one request: the very picture that it draws when it serves.
        for (scheduler, pictures) in told {
            let name = String(scheduler.prefix { $0 != "," })
            let again = try served.story(["--steps", "4", "--scheduler", name])
            #expect(again.pictures == pictures.first, "\(scheduler)")
        }
        #expect(try served.status().generation == Self.names.count + 1)
    }
}
