import Glibc

/// A place for one object of each thread, which is there while a call lasts.
@safe struct ThreadSlot<Object: AnyObject>: Sendable {
    private let key: pthread_key_t

    init() {
        var key = pthread_key_t()
        let status = unsafe pthread_key_create(&key, nil)
        precondition(status == 0, "no thread-local storage left")
        self.key = key
    }

    /// Of this thread.
    var current: Object? {
        guard let object = unsafe pthread_getspecific(key) else { return nil }
        return unsafe Unmanaged<Object>.fromOpaque(object).takeUnretainedValue()
    }

    /// Calls `body` with `object` in the slot of this thread, or with nothing in it.
    ///
    /// May be nested: afterwards, also after an error, what was there before is there again.
    func holding<Result, Failure: Error>(
        _ object: Object?, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let outer = unsafe pthread_getspecific(key)
        // Not retained: the caller's reference lasts as long as the call.
        unsafe put(object.map { unsafe Unmanaged.passUnretained($0).toOpaque() })
        defer {
            unsafe put(outer)
            extendLifetime(object)
        }
        return try body()
    }

    private func put(_ object: UnsafeRawPointer?) {
        let status = unsafe pthread_setspecific(key, object)
        precondition(status == 0, "out of memory: thread-local storage")
    }
}
