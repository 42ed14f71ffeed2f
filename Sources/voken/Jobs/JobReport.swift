import Glibc
import Stories
import Wire

extension JobState {
    /// For people and programs.
    var name: String {
        switch self {
        case .queued: "queued"
        case .running: "running"
        case .finished: "finished"
        case .failed: "failed"
        case .cancelled: "cancelled"
        default: "unknown"
        }
    }
}

/// A job for programs.
struct JobReport: Encodable {
    struct Progress: Encodable {
        let scene, scenes, tokens, image, step, steps: Int

        init(_ progress: JobProgress) {
            scene = progress.scene
            scenes = progress.scenes
            tokens = progress.tokens
            image = progress.image
            step = progress.step
            steps = progress.steps
        }
    }

    struct Failed: Encodable {
        let code, message: String
    }

    let job, state, user, session, position: String
    let uid, priority, generation, ahead, submitted_unix_ms, waited_ms, ran_ms, left_ms: Int
    let last_seq: UInt64
    let watchers, images: Int
    let progress: Progress
    let failure: Failed?

    init(_ info: JobInfo) {
        job = info.job
        state = info.state.name
        user = userName(info.uid)
        session = info.session
        position = info.position
        uid = info.uid
        priority = info.priority
        generation = info.generation
        ahead = info.ahead
        submitted_unix_ms = info.submittedUnixMilliseconds
        waited_ms = info.waitedMilliseconds
        ran_ms = info.ranMilliseconds
        left_ms = info.leftMilliseconds
        last_seq = info.lastSeq
        watchers = info.watchers
        images = info.images
        progress = Progress(info.progress)
        failure = info.failure.map { Failed(code: $0.code, message: $0.message) }
    }
}

/// What became of a job that was to be cancelled, for programs.
struct CancelReport: Encodable {
    let job, state, position: String
    let cancelled: Bool
    let progress: JobReport.Progress
    let us: Int

    init(_ id: String, _ reply: CancelReply) {
        job = id
        state = reply.state.name
        position = reply.position
        cancelled = reply.known
        progress = JobReport.Progress(reply.progress)
        us = reply.microseconds
    }
}

extension CancelReply {
    /// For people: `job-7 cancelled after image 1, step 9 of 25 (38 ms)`.
    func line(_ job: String) -> String {
        guard known else { return "\(job) had ended already: \(state.name)" }
        let place = progress == JobProgress() ? "before it began" : "after \(position)"
        return "\(job) cancelled \(place) (\(seconds(microseconds / 1000)))"
    }
}

/// The name of a user of this machine, or the number.
func userName(_ uid: Int) -> String {
    var entry = unsafe passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16 << 10)
    let status = unsafe getpwuid_r(
        uid_t(truncatingIfNeeded: uid), &entry, &buffer, buffer.count, &found)
    guard status == 0, unsafe found != nil, let name = unsafe entry.pw_name else {
        return String(uid)
    }
    return unsafe String(cString: name)
}
