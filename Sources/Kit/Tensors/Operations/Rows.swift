/// Calls `body` with runs of rows that one thread takes at a time, about 16 Ki elements each.
func forEachRun(of rows: Int, width: Int, _ body: (Range<Int>) -> Void) {
    ThreadPool.run(rows, grain: max(16 * 1024 / max(width, 1), 1), body)
}

/// Calls `body` with runs of elements that one thread takes at a time.
func forEachRun(of elements: Int, _ body: (Range<Int>) -> Void) {
    ThreadPool.run(elements, grain: 16 * 1024, body)
}
