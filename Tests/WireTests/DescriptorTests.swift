import Testing

@testable import Wire

struct DescriptorTests {
    @Test func filesAreThoseOfProtos() {
        #expect(
            Set(Descriptors.files.map(\.name)) == [
                "grpc/health/v1/health.proto", "grpc/reflection/v1/reflection.proto",
                "ttrpc/envelope.proto", "voken/v1/admin.proto", "voken/v1/generation.proto",
                "voken/v1/pipeline.proto", "voken/v1/sessions.proto",
            ])
    }

    @Test func eachFileComesAfterThoseThatItImports() {
        var known: Set<String> = []
        for file in Descriptors.files {
            #expect(file.dependencies.allSatisfy(known.contains), "\(file.name)")
            known.insert(file.name)
        }
    }

    /// Every method that the server can be asked for is described, but for the older name.
    @Test func methodsAreDescribed() {
        let methods: [Wire.Method] = [
            .generate, .submit, .watch, .poll, .cancel, .listJobs, .getJob, .getArtifact,
            .createSession, .sendTurn, .submitTurn, .getSession, .listSessions, .forkSession,
            .truncateSession, .exportSession, .importSession, .deleteSession, .getPipeline,
            .validate, .watchGenerations, .listImplementations, .listStages, .listGenerations,
            .swap, .apply, .rollback, .status, .version, .stats, .metrics, .getDescriptors, .logs,
            .setLogLevel, .drain, .stop, .upgrade, .healthCheck, .healthWatch, .healthList,
            .reflection,
        ]
        let described = Descriptors.files.flatMap(\.services)
        #expect(Set(methods.map(\.service)) == Set(described))
        let symbols = Set(Descriptors.files.flatMap(\.symbols))
        for method in methods {
            #expect(symbols.contains("\(method.service).\(method.name)"), "\(method)")
        }
        let names = Set(methods.map { "\($0.service).\($0.name)" })
        let others = symbols.filter { symbol in
            described.contains { symbol.hasPrefix($0 + ".") } && !names.contains(symbol)
        }
        #expect(others == [])
    }

    @Test func nestedNamesAreQualified() throws {
        let health = try #require(
            Descriptors.files.first { $0.name == "grpc/health/v1/health.proto" })
        #expect(health.package == "grpc.health.v1")
        #expect(health.services == ["grpc.health.v1.Health"])
        #expect(health.symbols.contains("grpc.health.v1.HealthCheckResponse.ServingStatus"))
        #expect(health.symbols.contains("grpc.health.v1.Health.Check"))
        #expect(!health.symbols.contains("grpc.health.v1.Check"))
    }

    @Test func filesMakeUpTheSet() {
        var fields = FieldWriter()
        for file in Descriptors.files { fields.message(1, file.bytes) }
        #expect(fields.bytes == Descriptors.set)
    }

    @Test func damagedDescriptorsAreRefusedOrRead() {
        var random = SplitMix(seed: 3)
        for _ in 0..<300 {
            var bytes = Array(Descriptors.set.prefix(Int.random(in: 1...4000, using: &random)))
            let index = bytes.indices.randomElement(using: &random) ?? 0
            bytes[index] = UInt8(truncatingIfNeeded: random.next())
            _ = try? Descriptors.files(in: bytes)
        }
    }

    @Test func nestingIsBounded() {
        var message: [UInt8] = []
        for _ in 0..<40 {
            var outer = FieldWriter()
            outer.message(3, message)
            message = outer.bytes
        }
        var file = FieldWriter()
        file.message(4, message)
        var set = FieldWriter()
        set.message(1, file.bytes)
        #expect(throws: WireError.self) { try Descriptors.files(in: set.bytes) }
    }
}
