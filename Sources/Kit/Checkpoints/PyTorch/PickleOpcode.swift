/// The operations of the pickle machine that are read, of protocols 2 to 5: those with which
/// Python writes dictionaries, lists, tuples, strings, numbers and references to classes
/// (PEP 307, PEP 3154; CPython's `pickletools` has the list). There is none here that looks
/// anything up, or calls anything, that this reader does not itself know.
enum PickleOpcode: UInt8 {
    case protocolVersion = 0x80
    case frame = 0x95
    case stop = 0x2e  // .

    case mark = 0x28  // (
    case pop = 0x30  // 0
    case popMark = 0x31  // 1

    case put = 0x71  // q
    case longPut = 0x72  // r
    case memoize = 0x94
    case get = 0x68  // h
    case longGet = 0x6a  // j

    case none = 0x4e  // N
    case yes = 0x88
    case no = 0x89
    case integer8 = 0x4b  // K
    case integer16 = 0x4d  // M
    case integer32 = 0x4a  // J
    case long = 0x8a
    case number = 0x47  // G

    case text8 = 0x8c
    case text32 = 0x58  // X
    case text64 = 0x8d
    /// Bytes, and what Python 2 called a string: of no use to a state dictionary.
    case bytes8 = 0x43  // C
    case bytes32 = 0x42  // B
    case string8 = 0x55  // U
    case string32 = 0x54  // T

    case emptyTuple = 0x29  // )
    case tuple = 0x74  // t
    case tuple1 = 0x85
    case tuple2 = 0x86
    case tuple3 = 0x87
    case emptyList = 0x5d  // ]
    case append = 0x61  // a
    case appends = 0x65  // e
    case emptyDictionary = 0x7d  // }
    case setItem = 0x73  // s
    case setItems = 0x75  // u

    case global = 0x63  // c
    case stackGlobal = 0x93
    case persistent = 0x51  // Q
    case reduce = 0x52  // R
    case newObject = 0x81
    case newObjectWithKeywords = 0x92
    case build = 0x62  // b
}
