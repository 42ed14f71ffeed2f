import Testing

/// gRPC's interoperability cases that ttrpc can serve, and those of Go's ttrpc, for a client of
/// ours. `Tests/Interop/go` has the same for a client of Go's.
enum InteropCase: String, CaseIterable, CustomTestStringConvertible {
    // One request, one answer.
    case emptyUnary = "empty_unary"
    case largeUnary = "large_unary"
    case concurrentLargeUnary = "concurrent_large_unary"
    case echo
    case statusCodeAndMessage = "status_code_and_message"
    case specialStatusMessage = "special_status_message"
    case unimplementedMethod = "unimplemented_method"
    case unimplementedService = "unimplemented_service"
    case timeoutOnSleepingServer = "timeout_on_sleeping_server"
    case deadlineThatIsKept = "deadline_that_is_kept"
    case customMetadata = "custom_metadata"
    case oversizeRequest = "oversize_request"
    case oversizeResponse = "oversize_response"
    case largestRequestAndResponse = "largest_request_and_response"
    case cancelOfAUnaryCall = "cancel_of_a_unary_call"

    // Streams.
    case clientStreaming = "client_streaming"
    case serverStreaming = "server_streaming"
    case pingPong = "ping_pong"
    case emptyStream = "empty_stream"
    case statusOfAStream = "status_code_and_message_of_a_stream"
    case serverEndsFirst = "server_ends_first"
    case unimplementedStream = "unimplemented_stream"
    case timeoutOnAStream = "timeout_on_a_stream"
    case cancelAfterBegin = "cancel_after_begin"
    case cancelAfterFirstResponse = "cancel_after_first_response"
    case manyStreams = "many_streams_at_once"
    case oversizeResponseOfAStream = "oversize_response_of_a_stream"
    case echoStream = "echo_stream"
    case sumStream = "sum_stream"
    case divideStream = "divide_stream"
    case echoNull = "echo_null"
    case echoNullStream = "echo_null_stream"
    case emptyPayloadStream = "empty_payload_stream"

    static let withoutStreams = allCases.filter { !$0.needsStreams }

    var testDescription: String { rawValue }

    private var needsStreams: Bool {
        switch self {
        case .emptyUnary, .largeUnary, .concurrentLargeUnary, .echo, .statusCodeAndMessage,
            .specialStatusMessage, .unimplementedMethod, .unimplementedService,
            .timeoutOnSleepingServer, .deadlineThatIsKept, .customMetadata, .oversizeRequest,
            .oversizeResponse, .largestRequestAndResponse, .cancelOfAUnaryCall:
            false
        default: true
        }
    }

    func run(_ caller: Caller) throws {
        switch self {
        case .emptyUnary: try caller.emptyUnary()
        case .largeUnary: try caller.unary(up: 271_828, down: 314_159)
        case .concurrentLargeUnary: try caller.concurrentLargeUnary()
        case .echo: try caller.echo()
        case .statusCodeAndMessage: try caller.statusCodeAndMessage()
        case .specialStatusMessage: try caller.specialStatusMessage()
        case .unimplementedMethod: try caller.unimplementedMethod()
        case .unimplementedService: try caller.unimplementedService()
        case .timeoutOnSleepingServer: try caller.timeoutOnSleepingServer()
        case .deadlineThatIsKept: try caller.deadlineThatIsKept()
        case .customMetadata: try caller.customMetadata()
        case .oversizeRequest: try caller.oversizeRequest()
        case .oversizeResponse: try caller.oversizeResponse()
        case .largestRequestAndResponse: try caller.largestRequestAndResponse()
        case .cancelOfAUnaryCall: try caller.cancelOfAUnaryCall()
        case .clientStreaming: try caller.clientStreaming()
        case .serverStreaming: try caller.serverStreaming()
        case .pingPong: try caller.pingPong()
        case .emptyStream: try caller.emptyStream()
        case .statusOfAStream: try caller.statusOfAStream()
        case .serverEndsFirst: try caller.serverEndsFirst()
        case .unimplementedStream: try caller.unimplementedStream()
        case .timeoutOnAStream: try caller.timeoutOnAStream()
        case .cancelAfterBegin: try caller.cancelAfterBegin()
        case .cancelAfterFirstResponse: try caller.cancelAfterFirstResponse()
        case .manyStreams: try caller.manyStreams()
        case .oversizeResponseOfAStream: try caller.oversizeResponseOfAStream()
        case .echoStream: try caller.echoStream()
        case .sumStream: try caller.sumStream()
        case .divideStream: try caller.divideStream()
        case .echoNull: try caller.echoNull()
        case .echoNullStream: try caller.echoNullStream()
        case .emptyPayloadStream: try caller.emptyPayloadStream()
        }
    }
}
