internal import CUV

/// Calls back before and after each time that a loop sleeps, without keeping the loop alive.
final class TurnHandles {
    private let before: Before
    private let after: After

    init(loop: Loop, _ turn: @escaping () -> Void) {
        before = Before(loop: loop, turn)
        after = After(loop: loop, turn)
    }

    private final class Before: LoopHandle {
        private let turn: () -> Void

        init(loop: Loop, _ turn: @escaping () -> Void) {
            self.turn = turn
            unsafe super.init(loop: loop, uv_prepare_t.self)
            unsafe uv_prepare_init(loop.uv, raw(uv_prepare_t.self))
            adopt()
            unsafe uv_prepare_start(raw(uv_prepare_t.self)) { handle in
                (unsafe LoopHandle.from(UnsafeMutableRawPointer(handle)) as? Before)?.turn()
            }
            unsafe uv_unref(raw(uv_handle_t.self))
        }
    }

    private final class After: LoopHandle {
        private let turn: () -> Void

        init(loop: Loop, _ turn: @escaping () -> Void) {
            self.turn = turn
            unsafe super.init(loop: loop, uv_check_t.self)
            unsafe uv_check_init(loop.uv, raw(uv_check_t.self))
            adopt()
            unsafe uv_check_start(raw(uv_check_t.self)) { handle in
                (unsafe LoopHandle.from(UnsafeMutableRawPointer(handle)) as? After)?.turn()
            }
            unsafe uv_unref(raw(uv_handle_t.self))
        }
    }
}
