extension Method {
    public static let generate = Method("voken.v1.Generation", "Generate", .serverStreaming)
    public static let cancel = Method("voken.v1.Generation", "Cancel", .unary)
    public static let listStages = Method("voken.v1.Pipeline", "ListStages", .unary)
    public static let listGenerations = Method("voken.v1.Pipeline", "ListGenerations", .unary)
    public static let swap = Method("voken.v1.Pipeline", "Swap", .serverStreaming)
    public static let apply = Method("voken.v1.Pipeline", "Apply", .serverStreaming)
    public static let rollback = Method("voken.v1.Pipeline", "Rollback", .serverStreaming)
    public static let status = Method("voken.v1.Admin", "Status", .unary)
    public static let version = Method("voken.v1.Admin", "Version", .unary)
    public static let upgrade = Method("voken.v1.Admin", "Upgrade", .serverStreaming)
    public static let healthCheck = Method("grpc.health.v1.Health", "Check", .unary)
}
