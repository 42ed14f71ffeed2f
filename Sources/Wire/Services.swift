// Each service's methods, as `Protos/` names them.

extension Method {
    public static let generate = Method("voken.v1.Generation", "Generate", .serverStreaming)
    public static let submit = Method("voken.v1.Generation", "Submit", .unary)
    public static let watch = Method("voken.v1.Generation", "Watch", .serverStreaming)
    public static let poll = Method("voken.v1.Generation", "Poll", .unary)
    public static let cancel = Method("voken.v1.Generation", "Cancel", .unary)
    public static let listJobs = Method("voken.v1.Generation", "ListJobs", .unary)
    public static let getJob = Method("voken.v1.Generation", "GetJob", .unary)
    public static let getArtifact = Method("voken.v1.Generation", "GetArtifact", .serverStreaming)
}

extension Method {
    public static let createSession = Method("voken.v1.Sessions", "Create", .unary)
    public static let sendTurn = Method("voken.v1.Sessions", "Send", .serverStreaming)
    public static let submitTurn = Method("voken.v1.Sessions", "Submit", .unary)
    public static let getSession = Method("voken.v1.Sessions", "Get", .unary)
    public static let listSessions = Method("voken.v1.Sessions", "List", .unary)
    public static let forkSession = Method("voken.v1.Sessions", "Fork", .unary)
    public static let truncateSession = Method("voken.v1.Sessions", "Truncate", .unary)
    public static let exportSession = Method("voken.v1.Sessions", "Export", .serverStreaming)
    public static let importSession = Method("voken.v1.Sessions", "Import", .clientStreaming)
    public static let deleteSession = Method("voken.v1.Sessions", "Delete", .unary)
}

extension Method {
    public static let getPipeline = Method("voken.v1.Pipeline", "Get", .unary)
    public static let validate = Method("voken.v1.Pipeline", "Validate", .unary)
    public static let watchGenerations = Method("voken.v1.Pipeline", "Watch", .serverStreaming)
    public static let listImplementations = Method(
        "voken.v1.Pipeline", "ListImplementations", .unary)
    public static let listStages = Method("voken.v1.Pipeline", "ListStages", .unary)
    public static let listGenerations = Method("voken.v1.Pipeline", "ListGenerations", .unary)
    public static let swap = Method("voken.v1.Pipeline", "Swap", .serverStreaming)
    public static let apply = Method("voken.v1.Pipeline", "Apply", .serverStreaming)
    public static let rollback = Method("voken.v1.Pipeline", "Rollback", .serverStreaming)
}

extension Method {
    public static let status = Method("voken.v1.Admin", "Status", .unary)
    public static let version = Method("voken.v1.Admin", "Version", .unary)
    public static let stats = Method("voken.v1.Admin", "Stats", .unary)
    public static let metrics = Method("voken.v1.Admin", "Metrics", .unary)
    public static let getDescriptors = Method("voken.v1.Admin", "GetDescriptors", .unary)
    public static let logs = Method("voken.v1.Admin", "Logs", .serverStreaming)
    public static let setLogLevel = Method("voken.v1.Admin", "SetLogLevel", .unary)
    public static let drain = Method("voken.v1.Admin", "Drain", .unary)
    public static let stop = Method("voken.v1.Admin", "Stop", .unary)
    public static let upgrade = Method("voken.v1.Admin", "Upgrade", .serverStreaming)
}

extension Method {
    public static let healthCheck = Method("grpc.health.v1.Health", "Check", .unary)
    public static let healthWatch = Method("grpc.health.v1.Health", "Watch", .serverStreaming)
    public static let healthList = Method("grpc.health.v1.Health", "List", .unary)

    public static let reflection = Method(
        "grpc.reflection.v1.ServerReflection", "ServerReflectionInfo", .bidirectional)
    /// The same messages under the name that older tools ask for.
    public static let reflectionAlpha = Method(
        "grpc.reflection.v1alpha.ServerReflection", "ServerReflectionInfo", .bidirectional)
}
