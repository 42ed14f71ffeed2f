import Wire

/// The methods of `Tests/Interop/protos`.
enum TestMethods {
    private static let testing = "grpc.testing.TestService"
    private static let streaming = "ttrpc.integration.streaming.Streaming"
    private static let extra = "voken.interop.Extra"

    static let emptyCall = Method(testing, "EmptyCall", .unary)
    static let unaryCall = Method(testing, "UnaryCall", .unary)
    static let streamingOutputCall = Method(testing, "StreamingOutputCall", .serverStreaming)
    static let streamingInputCall = Method(testing, "StreamingInputCall", .clientStreaming)
    static let fullDuplexCall = Method(testing, "FullDuplexCall", .bidirectional)

    static let echo = Method(streaming, "Echo", .unary)
    static let echoStream = Method(streaming, "EchoStream", .bidirectional)
    static let sumStream = Method(streaming, "SumStream", .clientStreaming)
    static let divideStream = Method(streaming, "DivideStream", .serverStreaming)
    static let echoNull = Method(streaming, "EchoNull", .clientStreaming)
    static let echoNullStream = Method(streaming, "EchoNullStream", .bidirectional)
    static let emptyPayloadStream = Method(streaming, "EmptyPayloadStream", .serverStreaming)

    static let sleep = Method(extra, "Sleep", .unary)
    static let listMetadata = Method(extra, "ListMetadata", .unary)

    static let all = [
        emptyCall, unaryCall, streamingOutputCall, streamingInputCall, fullDuplexCall, echo,
        echoStream, sumStream, divideStream, echoNull, echoNullStream, emptyPayloadStream, sleep,
        listMetadata,
    ]

    /// No server has these.
    static let unimplementedCall = Method(testing, "UnimplementedCall", .unary)
    static let unimplementedService = Method(
        "grpc.testing.UnimplementedService", "UnimplementedCall", .unary)
    static let unimplementedStream = Method(testing, "UnimplementedStream", .bidirectional)
}
