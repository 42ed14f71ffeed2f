internal import CProtobufC

/// What `voken.v1.Admin/Metrics` answers.
public struct MetricsReply: Message {
    /// In the text format of Prometheus, version 0.0.4.
    public var text: String

    public init(text: String) {
        self.text = text
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__metrics_reply__unpack) {
            message throws(WireError) in
            unsafe MetricsReply(text: try validText(message.text, "text", limit: TextLimit.file))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__metrics_reply__init) { message, arena in
            unsafe message.text = arena.string(text)
        }
    }
}

/// What `voken.v1.Admin/GetDescriptors` answers.
public struct GetDescriptorsReply: Message {
    /// A `google.protobuf.FileDescriptorSet`: see ``Descriptors``.
    public var fileDescriptorSet: [UInt8]

    public init(fileDescriptorSet: [UInt8]) {
        self.fileDescriptorSet = fileDescriptorSet
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__get_descriptors_reply__unpack) {
            message throws(WireError) in
            unsafe GetDescriptorsReply(fileDescriptorSet: [UInt8](message.file_descriptor_set))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__get_descriptors_reply__init) { message, arena in
            unsafe message.file_descriptor_set = arena.bytes(fileDescriptorSet)
        }
    }
}

/// What `voken.v1.Admin/Drain` answers.
public struct DrainReply: Message {
    /// That wait or run.
    public var jobs: Int

    public init(jobs: Int) {
        self.jobs = jobs
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__drain_reply__unpack) {
            message throws(WireError) in
            unsafe DrainReply(jobs: Int(message.jobs))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__drain_reply__init) { message, _ in
            unsafe message.jobs = UInt32(clamping: jobs)
        }
    }
}

/// What `voken.v1.Admin/Stop` answers.
public struct StopReply: Message {
    /// That are cancelled.
    public var jobs: Int

    public init(jobs: Int) {
        self.jobs = jobs
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__stop_reply__unpack) {
            message throws(WireError) in
            unsafe StopReply(jobs: Int(message.jobs))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__stop_reply__init) { message, _ in
            unsafe message.jobs = UInt32(clamping: jobs)
        }
    }
}
