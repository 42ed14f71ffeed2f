import Tensors

/// The jobs that run, step by step in turns: what the inference thread does.
///
/// A step is the work that one job needs from one stage. The turn is of the user whose jobs have
/// been given least time, and of that user's job that has been given least: so a short text is not
/// held up by a long picture, nor one user's job by several of another's. Work of other jobs that
/// the same call can do is done with it.
struct Rotation {
    private struct Runner {
        let job: Job
        let generation: Generation
        var task: StoryTask
        /// What it needs next; `nil` until that is found out.
        var work: StageWork?
        /// Of the inference thread, in nanoseconds.
        var service = 0
        /// ``service``, and what its user's other jobs had been given when it began.
        var given: Int
    }

    private let engine: Engine
    private var runners: [Runner] = []

    init(_ engine: Engine) { self.engine = engine }

    /// Runs jobs until the engine is shut down and no job is left.
    mutating func run() {
        while true {
            while let job = engine.state.withLock({ $0.begin() }) { begin(job) }
            if !runners.isEmpty {
                step()
            } else if engine.state.withLock(\.isOver) {
                return
            } else {
                engine.news.wait()
            }
        }
    }

    private mutating func begin(_ job: Job) {
        guard let order = job.takeOrder() else { preconditionFailure("a job runs once") }
        if let error = interruption(of: job) {
            let memory = order.context.memory
            return engine.end(job, .failed(error), TurnResult(memory: memory), service: 0)
        }
        let others = runners.lazy.filter { $0.job.user == job.user }.map(\.given).min()
        runners.append(
            Runner(
                job: job, generation: order.generation,
                task: StoryTask(order, engine.prompts, emit: { job.emit($0) }), given: others ?? 0))
    }

    private func interruption(of job: Job) -> RequestError? {
        if let error = job.interruption { return error }
        guard engine.state.withLock(\.isStopping) else { return nil }
        return RequestError(.shuttingDown, "the engine was shut down before the story's end")
    }

    /// One call of a stage, and what goes before and after it.
    private mutating func step() {
        for index in runners.indices.reversed() {
            if let error = interruption(of: runners[index].job) {
                end(index, .failed(error))
            } else if runners[index].work == nil {
                prepare(index)
            }
        }
        let group = nextGroup()
        guard !group.isEmpty else { return }
        let start = ContinuousClock.now
        let answers = answers(for: group)
        let share = (ContinuousClock.now - start) / group.count
        // From behind, so that those before stay where they are when one ends.
        for (index, answer) in zip(group, answers).sorted(by: { $0.0 > $1.0 }) {
            charge(index, share)
            take(answer, index)
        }
    }

    /// Finds out what a job needs; ends it if that is nothing.
    private mutating func prepare(_ index: Int) {
        let start = ContinuousClock.now
        do throws(RequestError) {
            runners[index].work = try runners[index].task.work()
            charge(index, ContinuousClock.now - start)
            if runners[index].work == nil { end(index, .finished(runners[index].task.summary)) }
        } catch {
            end(index, .failed(error))
        }
    }

    private mutating func take(_ answer: StageCall.Answer, _ index: Int) {
        let start = ContinuousClock.now
        do throws(RequestError) {
            runners[index].work = nil
            try runners[index].task.take(answer.get())
            let task = runners[index].task
            runners[index].job.note(
                tokens: task.tokens, reusedPositions: task.reusedPositions)
            charge(index, ContinuousClock.now - start)
        } catch {
            end(index, .failed(error))
        }
    }

    /// The job whose turn it is, and those whose work can be done with its own.
    private func nextGroup() -> [Int] {
        let order = engine.state.withLock { state in
            let ranks = runners.map { runner in
                (state.queue.service(of: runner.job.user), runner.given, runner.job.ticket.number)
            }
            let order = runners.indices.sorted { ranks[$0] < ranks[$1] }
            if let lead = order.first { state.turn(of: runners[lead].job) }
            return order
        }
        guard let lead = order.first, let work = runners[lead].work else { return [] }
        guard let company = WorkCompany(work, runners[lead].generation) else { return [lead] }
        var group = [lead]
        var items = work.items
        for index in order.dropFirst() {
            guard let other = runners[index].work, items + other.items <= company.limit,
                WorkCompany(other, runners[index].generation) == company
            else { continue }
            group.append(index)
            items += other.items
        }
        return group
    }

    private func answers(for group: [Int]) -> [StageCall.Answer] {
        let call = StageCall(
            generation: runners[group[0]].generation, works: group.compactMap { runners[$0].work })
        do throws(RequestError) {
            try engine.keeper.admit(
                call.works[0].kind, of: call.generation, arena: engine.arena.counts.byteCount)
            return call.answers(engine.meter, in: engine.arena)
        } catch {
            return group.map { _ in .failure(error) }
        }
    }

    private mutating func charge(_ index: Int, _ time: Duration) {
        runners[index].service += time.nanoseconds
        runners[index].given += time.nanoseconds
        engine.state.withLock { $0.charge(time.nanoseconds, to: runners[index].job.user) }
    }

    private mutating func end(_ index: Int, _ event: StoryEvent) {
        let (job, service) = (runners[index].job, runners[index].service)
        let result = runners[index].task.turnResult(event.failure)
        // When the end is told nothing of the job is left, its hold on its generation included.
        runners.remove(at: index)
        engine.end(job, event, result, service: service)
    }
}

extension StoryEvent {
    var failure: RequestError? { if case .failed(let error) = self { error } else { nil } }
}
