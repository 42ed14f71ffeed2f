internal import CProtobufC

/// One message of the stream that `grpc.reflection.v1.ServerReflection/ServerReflectionInfo` takes.
public struct ReflectionRequest: StreamEvent {
    public enum Query: Sendable, Equatable {
        case fileByName(String)
        /// The file that defines a service, method or message.
        case fileContainingSymbol(String)
        case fileContainingExtension(type: String, number: Int32)
        case extensionNumbers(ofType: String)
        case services
        /// Of a newer client.
        case unknown
    }

    public var host: String
    public var query: Query

    public init(host: String = "", query: Query) {
        self.host = host
        self.query = query
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(
            bytes, with: grpc__reflection__v1__server_reflection_request__unpack
        ) { message throws(WireError) in try unsafe ReflectionRequest(message) }
    }

    fileprivate init(_ message: Grpc__Reflection__V1__ServerReflectionRequest) throws(WireError) {
        unsafe self.init(
            host: try validText(message.host, "host", limit: TextLimit.name),
            query: try Query(message))
    }

    public var bytes: [UInt8] {
        unsafe packing(grpc__reflection__v1__server_reflection_request__init) {
            unsafe fill(&$0, &$1)
        }
    }

    fileprivate func packed(
        _ arena: inout Arena
    ) -> UnsafeMutablePointer<Grpc__Reflection__V1__ServerReflectionRequest>? {
        unsafe arena.message(grpc__reflection__v1__server_reflection_request__init) {
            unsafe fill(&$0, &$1)
        }
    }

    private func fill(
        _ message: inout Grpc__Reflection__V1__ServerReflectionRequest, _ arena: inout Arena
    ) {
        unsafe message.host = arena.string(host)
        switch query {
        case .fileByName(let name):
            unsafe message.message_request_case =
                GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME
            unsafe message.file_by_filename = arena.string(name)
        case .fileContainingSymbol(let symbol):
            unsafe message.message_request_case =
                GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL
            unsafe message.file_containing_symbol = arena.string(symbol)
        case .fileContainingExtension(let type, let number):
            unsafe message.message_request_case =
                GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_EXTENSION
            unsafe message.file_containing_extension = arena.message(
                grpc__reflection__v1__extension_request__init
            ) { request, arena in
                unsafe request.containing_type = arena.string(type)
                unsafe request.extension_number = number
            }
        case .extensionNumbers(let type):
            unsafe message.message_request_case =
                GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_ALL_EXTENSION_NUMBERS_OF_TYPE
            unsafe message.all_extension_numbers_of_type = arena.string(type)
        case .services:
            unsafe message.message_request_case =
                GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES
            unsafe message.list_services = arena.string("*")
        case .unknown:
            break
        }
    }
}

extension ReflectionRequest.Query {
    fileprivate init(_ message: Grpc__Reflection__V1__ServerReflectionRequest) throws(WireError) {
        let limit = TextLimit.name
        switch unsafe message.message_request_case {
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME:
            self = .fileByName(
                try unsafe validText(message.file_by_filename, "file_by_filename", limit: limit))
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL:
            self = .fileContainingSymbol(
                try unsafe validText(
                    message.file_containing_symbol, "file_containing_symbol", limit: limit))
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_EXTENSION:
            let request = unsafe message.file_containing_extension.pointee
            self = unsafe .fileContainingExtension(
                type: try validText(request.containing_type, "containing_type", limit: limit),
                number: request.extension_number)
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_ALL_EXTENSION_NUMBERS_OF_TYPE:
            self = .extensionNumbers(
                ofType: try unsafe validText(
                    message.all_extension_numbers_of_type, "all_extension_numbers_of_type",
                    limit: limit))
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES:
            self = .services
        default:
            self = .unknown
        }
    }
}

/// One message of the stream that it answers.
public struct ReflectionResponse: StreamEvent {
    public enum Answer: Sendable, Equatable {
        /// Each a `google.protobuf.FileDescriptorProto`.
        case files([[UInt8]])
        case extensionNumbers(ofType: String, [Int32])
        /// By their fully qualified names.
        case services([String])
        case error(Status.Code, String)
        /// Of a newer server.
        case unknown
    }

    public var host: String
    public var request: ReflectionRequest?
    public var answer: Answer

    public init(host: String = "", request: ReflectionRequest?, answer: Answer) {
        self.host = host
        self.request = request
        self.answer = answer
    }

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(
            bytes, with: grpc__reflection__v1__server_reflection_response__unpack
        ) { message throws(WireError) in
            unsafe ReflectionResponse(
                host: try validText(message.valid_host, "host", limit: TextLimit.name),
                request: try part(message.original_request) { request throws(WireError) in
                    try unsafe ReflectionRequest(request)
                },
                answer: try Answer(message))
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(grpc__reflection__v1__server_reflection_response__init) { message, arena in
            unsafe message.valid_host = arena.string(host)
            unsafe message.original_request = request?.packed(&arena)
            unsafe answer.fill(&message, &arena)
        }
    }
}

extension ReflectionResponse.Answer {
    fileprivate init(_ message: Grpc__Reflection__V1__ServerReflectionResponse) throws(WireError) {
        switch unsafe message.message_response_case {
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE:
            let files = unsafe message.file_descriptor_response.pointee
            self = unsafe .files(
                values(files.file_descriptor_proto, files.n_file_descriptor_proto) {
                    unsafe [UInt8]($0)
                })
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ALL_EXTENSION_NUMBERS_RESPONSE:
            let numbers = unsafe message.all_extension_numbers_response.pointee
            self = unsafe .extensionNumbers(
                ofType: try validText(
                    numbers.base_type_name, "base_type_name", limit: TextLimit.name),
                values(numbers.extension_number, numbers.n_extension_number) { $0 })
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE:
            let services = unsafe message.list_services_response.pointee
            self = unsafe .services(
                try elements(services.service, services.n_service) { service throws(WireError) in
                    try unsafe validText(service.name, "a service's name", limit: TextLimit.name)
                })
        case GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE:
            let error = unsafe message.error_response.pointee
            self = unsafe .error(
                Status.Code(rawValue: error.error_code),
                try validText(error.error_message, "error_message", limit: TextLimit.message))
        default:
            self = .unknown
        }
    }

    fileprivate func fill(
        _ message: inout Grpc__Reflection__V1__ServerReflectionResponse, _ arena: inout Arena
    ) {
        switch self {
        case .files(let files):
            unsafe message.message_response_case =
                GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE
            unsafe message.file_descriptor_response = arena.message(
                grpc__reflection__v1__file_descriptor_response__init
            ) { response, arena in
                unsafe response.n_file_descriptor_proto = files.count
                unsafe response.file_descriptor_proto = arena.list(files) { unsafe $1.bytes($0) }
            }
        case .extensionNumbers(let type, let numbers):
            unsafe message.message_response_case =
                GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ALL_EXTENSION_NUMBERS_RESPONSE
            unsafe message.all_extension_numbers_response = arena.message(
                grpc__reflection__v1__extension_number_response__init
            ) { response, arena in
                unsafe response.base_type_name = arena.string(type)
                unsafe response.n_extension_number = numbers.count
                unsafe response.extension_number = arena.list(numbers) { number, _ in number }
            }
        case .services(let names):
            unsafe message.message_response_case =
                GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE
            unsafe message.list_services_response = arena.message(
                grpc__reflection__v1__list_service_response__init
            ) { response, arena in
                unsafe response.n_service = names.count
                unsafe response.service = arena.list(names) { name, arena in
                    unsafe arena.message(grpc__reflection__v1__service_response__init) {
                        service, arena in unsafe service.name = arena.string(name)
                    }
                }
            }
        case .error(let code, let text):
            unsafe message.message_response_case =
                GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE
            unsafe message.error_response = arena.message(
                grpc__reflection__v1__error_response__init
            ) { error, arena in
                unsafe error.error_code = code.rawValue
                unsafe error.error_message = arena.string(text)
            }
        case .unknown:
            break
        }
    }
}
