import Daemon
import EventLoop
import Glibc
import Testing

struct AccessPolicyTests {
    private func peer(_ user: UInt32, _ group: UInt32 = 9_000, _ groups: [UInt32] = []) -> Peer {
        Peer(process: 1, user: user, group: group, groups: groups)
    }

    @Test func ownerAndRootMayAdministerByDefault() throws {
        let stranger = peer(geteuid() + 4_711)
        for policy in [
            AccessPolicy.owner, try AccessPolicy(administer: ["@owner"], generate: ["@owner"]),
        ] {
            #expect(policy.access(of: peer(geteuid())) == .administer)
            #expect(policy.access(of: peer(0)) == .administer)
            #expect(policy.access(of: stranger) == .none)
        }
    }

    @Test func rootMayAlwaysAdministerAndNobodyElseNeedBeAbleTo() throws {
        let policy = try AccessPolicy(administer: [], generate: [])
        #expect(policy.access(of: peer(0)) == .administer)
        #expect(policy.access(of: peer(4_711)) == .none)
    }

    @Test func usersAndGroupsByNumberAndName() throws {
        let policy = try AccessPolicy(
            administer: ["4711", "%5000"], generate: ["4712", "%5001", "root", "%root"])
        #expect(policy.access(of: peer(4_711)) == .administer)
        #expect(policy.access(of: peer(1, 5_000)) == .administer, "by the primary group")
        #expect(policy.access(of: peer(1, 9, [7, 5_000])) == .administer, "by another")
        #expect(policy.access(of: peer(4_712)) == .generate)
        #expect(policy.access(of: peer(1, 9, [5_001])) == .generate)
        #expect(policy.access(of: peer(1, 0)) == .generate)
        #expect(policy.access(of: peer(5_000)) == .none, "a group's number is no user's")
        #expect(policy.access(of: peer(1, 4_711, [4_711])) == .none)
        #expect(
            policy.access(of: peer(4_711, 5_001)) == .administer, "the most of what applies counts")
    }

    @Test(
        arguments: [
            ("no-such-user-4711", "no user"), ("%no-such-group-4711", "no group"), ("", "missing"),
            ("%", "missing"), ("@nobody", "@owner"), ("-1", "no user"),
            ("4294967295", "neither"), ("99999999999", "neither"), ("12x", "neither"),
            ("%4294967295", "neither"), ("root\u{0}x", "neither"),
        ])
    func entriesThatMeanNobodyAreNamed(_ entry: String, _ why: String) {
        let administer = #expect(throws: AccessError.self) {
            _ = try AccessPolicy(administer: ["@owner", entry], generate: [])
        }
        #expect(administer?.key == "swap.uids" && administer?.entry == entry)
        #expect(administer?.description.contains(why) == true)
        let generate = #expect(throws: AccessError.self) {
            _ = try AccessPolicy(administer: [], generate: [entry])
        }
        #expect(generate?.key == "access.generate")
    }

    @Test func accessIsOrdered() {
        #expect(Access.none < .generate && .generate < .administer)
    }
}
