//! Section 8 for clients: where a REDIRECT may lead. Believed addresses are mapped to the runner's own (`dial=`), so that
//! any address can be tried and no octet leaves the machine.

use std::net::SocketAddrV4;

use crate::case::Case;
use crate::feature::Feature;
use crate::octets::r;
use crate::stage::ClientStage;
use crate::verdict::{Step, Stop};

/// Why moves that `secure` refuses are played in cleartext alone.
const CLEARTEXT: &str = "`secure` refuses moves in cleartext alone (EOP-POL-6)";

/// One choice of addresses and settings.
struct Attempt<'a> {
    home: &'a str,
    targets: &'a [&'a str],
    settings: &'a str,
}

impl Attempt<'_> {
    /// The last target is refused for `reason` and not connected to; each one before is followed. Without a `reason`
    /// all are followed.
    fn play(&self, s: &ClientStage<'_>, reason: Option<&str>) -> Step {
        let home = s.endpoint("home")?;
        let target = s.endpoint("target")?;
        let mut map = format!("dial={}>{}", self.home, home.address());
        for believed in self.targets {
            map += &format!(",{believed}>{}", target.address());
        }
        let mut session = s.session(self.home, &format!("{map} {}", self.settings));
        let mut link = home.accept()?;
        session.expect(&format!("connected {} hop=0", self.home))?;
        session.say("send 71");
        link.expect_n("q")?;
        for (index, believed) in self.targets.iter().enumerate() {
            let to = believed
                .parse()
                .map_err(|_| Stop::Harness(format!("{believed} is no endpoint")))?;
            link.send(r(to))?;
            if index + 1 == self.targets.len()
                && let Some(reason) = reason
            {
                let ended =
                    session.expect(&format!("ended RedirectRefused target={believed} owed=1"))?;
                target.nobody().map_err(|stop| stop.against("EOP-POL-5"))?;
                if ended.key("reason") == reason {
                    return Ok(());
                }
                let expected = format!("reason={reason}");
                return Err(Stop::messages(expected, ended.to_string()).against("EOP-POL-5"));
            }
            session.expect(&format!("redirected {believed} owed=1"))?;
            link = target.accept()?;
            session.expect(&format!("connected {believed}"))?;
        }
        Ok(())
    }
}

/// Each of `targets` is refused for `reason`; the control `allowed` is followed.
fn refused(
    s: &ClientStage<'_>,
    home: &str,
    settings: &str,
    allowed: &str,
    targets: &[&str],
    reason: &str,
) -> Step {
    if s.control() {
        return Attempt {
            home,
            targets: &[allowed],
            settings,
        }
        .play(s, None);
    }
    targets.iter().try_for_each(|target| {
        Attempt {
            home,
            targets: &[target],
            settings,
        }
        .play(s, Some(reason))
    })
}

/// Each of `pairs` (home, target) is followed.
fn followed(s: &ClientStage<'_>, settings: &str, pairs: &[(&str, &str)]) -> Step {
    pairs.iter().try_for_each(|(home, target)| {
        Attempt {
            home,
            targets: &[target],
            settings,
        }
        .play(s, None)
    })
}

const GLOBAL: &str = "8.8.8.8:9000";
const PAPER: &str = "policy=paper";

pub(super) const CASES: &[Case] = &[
    Case::client("pol.port-zero", &["EOP-POL-1", "EOP-POL-5"], "port 0 is refused", |s| {
        refused(s, GLOBAL, PAPER, "8.8.4.4:9001", &["8.8.4.4:0"], "forbidden")
    })
    .negative(),
    Case::client("pol.this-network", &["EOP-POL-1", "EOP-POL-5"], "addresses in 0.0.0.0/8 are refused", |s| {
        refused(s, GLOBAL, PAPER, "1.0.0.0:9001", &["0.0.0.0:9001", "0.1.2.3:9001", "0.255.255.255:9001"], "forbidden")
    })
    .negative(),
    Case::client("pol.multicast", &["EOP-POL-1"], "multicast addresses are refused", |s| {
        refused(s, GLOBAL, PAPER, "223.255.255.255:9001", &["224.0.0.0:9001", "224.0.0.1:9001", "239.255.255.255:9001"], "forbidden")
    })
    .negative(),
    Case::client("pol.reserved", &["EOP-POL-1"], "addresses in 240.0.0.0/4 and the broadcast address are refused", |s| {
        refused(s, GLOBAL, PAPER, "223.255.255.255:9001", &["240.0.0.1:9001", "250.1.2.3:9001", "255.255.255.255:9001"], "forbidden")
    })
    .negative(),
    Case::client("pol.forbidden-on-loopback", &["EOP-POL-1"], "0.0.0.0 is refused for a loopback home too", |s| {
        refused(s, "127.0.0.1:9000", "", "127.0.0.2:9001", &["0.0.0.0:9001"], "forbidden")
    })
    .negative(),
    Case::client("pol.forbidden-though-allowed", &["EOP-POL-1"], "no allow-list entry lets a forbidden address pass", |s| {
        let targets = ["0.0.0.0:9001", "224.0.0.1:9001", "255.255.255.255:9001", "10.0.0.1:0"];
        refused(s, GLOBAL, "allow=0.0.0.0/0:*", "10.0.0.1:9001", &targets, "forbidden")
    })
    .negative()
    .needs(Feature::Policy),
    Case::client("pol.scope-global", &["EOP-POL-2", "EOP-POL-5"], "a global home may not lead to private, link-local or loopback addresses", |s| {
        let targets = [
            "10.0.0.0:9001",
            "10.255.255.255:9001",
            "172.16.0.0:9001",
            "172.31.255.255:9001",
            "192.168.0.0:9001",
            "192.168.255.255:9001",
            "100.64.0.0:9001",
            "100.127.255.255:9001",
            "169.254.0.0:9001",
            "169.254.169.254:9001",
            "169.254.255.255:9001",
            "127.0.0.1:9001",
            "127.255.255.255:9001",
        ];
        refused(s, GLOBAL, PAPER, "8.8.4.4:9001", &targets, "scope")
    })
    .negative(),
    Case::client("pol.scope-neighbours", &["EOP-POL-10", "EOP-POL-2", "EOP-POL-7"], "addresses next to the private, link-local and loopback ranges are global", |s| {
        let targets = [
            "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
            "100.63.255.255", "100.128.0.0", "169.253.255.255", "169.255.0.0", "126.255.255.255", "128.0.0.0",
        ];
        let targets: Vec<_> = targets.iter().map(|address| format!("{address}:9001")).collect();
        let pairs: Vec<_> = targets.iter().map(|target| (GLOBAL, target.as_str())).collect();
        followed(s, PAPER, &pairs)
    })
    .whole(),
    Case::client("pol.scope-private", &["EOP-POL-2"], "a private home may lead to private and global addresses, and not to loopback", |s| {
        if s.control() {
            return followed(s, PAPER, &[("10.0.0.1:9000", "192.168.9.9:9001"), ("10.0.0.1:9000", "8.8.8.8:9001")]);
        }
        refused(s, "10.0.0.1:9000", PAPER, "", &["127.0.0.1:9001", "169.254.1.1:9001"], "scope")
    })
    .negative(),
    Case::client("pol.scope-link-local", &["EOP-POL-2"], "link-local lies between loopback and private: such a home may lead to itself and wider, not to loopback", |s| {
        let home = "169.254.1.1:9000";
        if s.control() {
            return followed(s, PAPER, &[(home, "169.254.2.2:9001"), (home, "10.0.0.1:9001"), (home, "8.8.8.8:9001")]);
        }
        refused(s, home, PAPER, "", &["127.0.0.1:9001"], "scope")
    })
    .negative(),
    Case::client("pol.scope-of-home-suffices", &["EOP-POL-10", "EOP-POL-2"], "private home, global B, back to a private address: not narrower than home, so followed", |s| {
        Attempt { home: "10.0.0.1:9000", targets: &["8.8.8.8:9001", "10.9.9.9:9002"], settings: PAPER }.play(s, None)
    }),
    Case::client("pol.scope-of-connection-suffices", &["EOP-POL-10", "EOP-POL-2"], "global home, private B by the allow-list, then another private address: not narrower than B, so followed", |s| {
        let settings = "policy=paper allow=10.1.0.1/32:*";
        Attempt { home: GLOBAL, targets: &["10.1.0.1:9001", "10.9.9.9:9002"], settings }.play(s, None)
    })
    .needs(Feature::Policy),
    Case::client("pol.wider", &["EOP-POL-10", "EOP-POL-7"], "under `paper` every scope may lead to itself and to a wider one", |s| {
        let scopes = ["127.0.0.1", "169.254.1.1", "10.0.0.1", "8.8.8.8"];
        let neighbours = ["127.0.0.2", "169.254.1.2", "10.0.0.2", "8.8.4.4"];
        for (place, home) in scopes.iter().enumerate() {
            for target in neighbours.iter().skip(place) {
                followed(s, PAPER, &[(&format!("{home}:9000"), &format!("{target}:9001"))])?;
            }
        }
        Ok(())
    })
    .whole(),
    Case::client("pol.every-hop", &["EOP-POL-8", "EOP-POL-2"], "the second target of a chain is checked like the first", |s| {
        let targets = s.pick(["8.8.4.4:9001", "1.1.1.1:9002"], ["8.8.4.4:9001", "10.0.0.1:9002"]);
        Attempt { home: GLOBAL, targets: &targets, settings: PAPER }.play(s, s.pick(None, Some("scope")))
    })
    .negative(),
    Case::client("pol.low-port", &["EOP-POL-3", "EOP-POL-5"], "a port below 1024 that is not home's is refused", |s| {
        refused(s, GLOBAL, PAPER, "8.8.4.4:1024", &["8.8.4.4:1023", "8.8.4.4:22", "8.8.4.4:1"], "port")
    })
    .negative(),
    Case::client("pol.home-port", &["EOP-POL-10", "EOP-POL-3"], "home's own low port is followed", |s| followed(s, PAPER, &[("8.8.8.8:443", "8.8.4.4:443")])),
    Case::client("pol.port-of-the-connection", &["EOP-POL-3"], "the low port of a connection that an allow-list entry led to is not home's, and refused", |s| {
        let targets = s.pick(["8.8.4.4:443", "1.1.1.1:1024"], ["8.8.4.4:443", "1.1.1.1:443"]);
        Attempt { home: GLOBAL, targets: &targets, settings: "policy=paper allow=8.8.4.4/32:*" }.play(s, s.pick(None, Some("port")))
    })
    .negative()
    .needs(Feature::Policy),
    Case::client("pol.special-neighbours", &["EOP-POL-10", "EOP-POL-4"], "addresses next to the reserved ranges are followed", |s| {
        let targets = [
            "192.0.1.0", "192.0.1.255", "192.0.3.0", "191.255.255.255", "198.51.99.255", "198.51.101.0", "203.0.112.255",
            "203.0.114.0", "198.17.255.255", "198.20.0.0",
        ];
        let targets: Vec<_> = targets.iter().map(|address| format!("{address}:9001")).collect();
        let pairs: Vec<_> = targets.iter().map(|target| (GLOBAL, target.as_str())).collect();
        followed(s, PAPER, &pairs)
    })
    .whole(),
    Case::client("pol.first-reason", &["EOP-POL-5"], "the first check that refuses gives the reason: forbidden, scope, port, special, insecure", |s| {
        let secure = "policy=secure";
        if s.control() {
            return refused(s, GLOBAL, PAPER, "8.8.4.4:9001", &[], "");
        }
        refused(s, GLOBAL, secure, "", &["10.0.0.1:0", "0.0.0.0:22"], "forbidden")?;
        refused(s, GLOBAL, secure, "", &["10.0.0.1:22", "127.0.0.1:22"], "scope")?;
        refused(s, GLOBAL, secure, "", &["192.0.2.1:22", "8.8.4.4:22"], "port")?;
        refused(s, GLOBAL, secure, "", &["192.0.2.1:9001"], "special")
    })
    .negative(),
    Case::client("pol.special", &["EOP-POL-4", "EOP-POL-5"], "addresses for documentation, benchmarking and protocol assignments are refused", |s| {
        let targets = [
            "192.0.2.0:9001",
            "192.0.2.255:9001",
            "198.51.100.0:9001",
            "198.51.100.255:9001",
            "203.0.113.0:9001",
            "203.0.113.255:9001",
            "198.18.0.0:9001",
            "198.19.255.255:9001",
            "192.0.0.0:9001",
            "192.0.0.255:9001",
        ];
        refused(s, GLOBAL, PAPER, "198.20.0.0:9001", &targets, "special")
    })
    .negative(),
    Case::client("pol.secure", &["EOP-POL-6", "EOP-POL-5"], "`secure` refuses a cleartext move between global addresses, which `paper` follows", |s| {
        refused(s, GLOBAL, s.pick(PAPER, "policy=secure"), "8.8.4.4:9001", &["8.8.4.4:9001"], "insecure")
    })
    .negative()
    .in_cleartext(CLEARTEXT),
    Case::client("pol.secure-is-default", &["EOP-POL-6"], "without a setting the policy is `secure`", |s| {
        refused(s, GLOBAL, s.pick(PAPER, ""), "8.8.4.4:9001", &["8.8.4.4:9001"], "insecure")
    })
    .negative()
    .in_cleartext(CLEARTEXT),
    Case::client("pol.secure-mixed", &["EOP-POL-6"], "`secure` refuses a cleartext move from a private to a global address", |s| {
        refused(s, "10.0.0.1:9000", "policy=secure", "10.0.0.2:9001", &["8.8.4.4:9001"], "insecure")
    })
    .negative()
    .in_cleartext(CLEARTEXT),
    Case::client("pol.secure-link-local", &["EOP-POL-6"], "`secure` refuses a cleartext move between link-local addresses", |s| {
        refused(s, "169.254.1.1:9000", s.pick(PAPER, "policy=secure"), "169.254.1.2:9001", &["169.254.1.2:9001"], "insecure")
    })
    .negative()
    .in_cleartext(CLEARTEXT),
    Case::client("pol.secure-loopback-to-private", &["EOP-POL-6"], "`secure` refuses a cleartext move from a loopback to a private address", |s| {
        refused(s, "127.0.0.1:9000", "policy=secure", "127.0.0.2:9001", &["10.0.0.2:9001", "192.168.0.1:9001"], "insecure")
    })
    .negative()
    .in_cleartext(CLEARTEXT),
    Case::client("pol.secure-current", &["EOP-POL-6"], "`secure` looks at the connection, not at home: from a global one it refuses the way back to a private address", |s| {
        let settings = s.pick("policy=paper", "policy=secure allow=8.8.8.8/32:*");
        Attempt { home: "10.0.0.1:9000", targets: &["8.8.8.8:9001", "10.9.9.9:9002"], settings }.play(s, s.pick(None, Some("insecure")))
    })
    .negative()
    .needs(Feature::Policy)
    .in_cleartext(CLEARTEXT),
    Case::client("pol.secure-after-a-fallback", &["EOP-POL-10", "EOP-POL-6"], "after a fallback the connection is home's: from a private one `secure` follows a move to a private address", |s| {
        let (home, global, private) = (s.endpoint("home")?, s.refusing("global")?, s.endpoint("private")?);
        let dial = format!("dial=10.0.0.1:9000>{},8.8.8.8:9001>{},10.9.9.9:9002>{}", home.address(), global.address(), private.address());
        let mut session = s.session("10.0.0.1:9000", &format!("{dial} fallback=home resend=automatic allow=8.8.8.8/32:*"));
        let mut link = home.accept()?;
        session.expect("connected 10.0.0.1:9000 hop=0")?;
        super::scenes::ask(&mut session, &mut link)?;
        link.send(r(SocketAddrV4::new([8, 8, 8, 8].into(), 9001)))?;
        session.expect("redirected 8.8.8.8:9001 owed=1")?;
        let mut link = home.accept()?;
        session.expect("connected 10.0.0.1:9000 hop=2")?;
        link.expect_n("q")?;
        link.send(r(SocketAddrV4::new([10, 9, 9, 9].into(), 9002)))?;
        session.expect("redirected 10.9.9.9:9002 owed=1")?;
        private.accept().map(drop)
    })
    .needs(Feature::Fallback),
    Case::client("pol.secure-private", &["EOP-POL-10", "EOP-POL-6"], "`secure` follows moves among private and among loopback addresses", |s| {
        let private = ["10.0.0.1:9000", "172.16.0.1:9001", "192.168.1.1:9001", "100.64.0.1:9001", "10.0.0.1:9000"];
        let mut pairs: Vec<_> = private.into_iter().zip(private.into_iter().skip(1)).collect();
        pairs.push(("127.0.0.1:9000", "127.9.9.9:9001"));
        followed(s, "policy=secure", &pairs)
    }),
    Case::client("pol.allow", &["EOP-POL-6", "EOP-POL-2"], "an allow-list entry lets pass what scope, port and `secure` refuse, inside its prefix and ports only", |s| {
        let settings = "policy=secure allow=10.1.0.0/16:80-90,8.8.4.4/32:*";
        if s.control() {
            return followed(s, settings, &[(GLOBAL, "10.1.255.255:80"), (GLOBAL, "10.1.0.0:90"), (GLOBAL, "8.8.4.4:22")]);
        }
        refused(s, GLOBAL, settings, "", &["10.2.0.0:85", "10.0.255.255:85", "10.1.0.1:79", "10.1.0.1:91"], "scope")
    })
    .negative()
    .needs(Feature::Policy),
    Case::client("pol.allow-entry", &["EOP-POL-2", "EOP-POL-10"], "an allow-list entry of one port and of a prefix with bits behind its length matches all it names, and skips every check but the first", |s| {
        let settings = "policy=secure allow=10.1.200.7/16:443,192.0.2.0/24:*";
        if s.control() {
            return followed(s, settings, &[(GLOBAL, "10.1.0.1:443"), (GLOBAL, "10.1.255.255:443"), (GLOBAL, "192.0.2.1:22")]);
        }
        refused(s, GLOBAL, settings, "", &["10.1.0.1:442", "10.1.0.1:444", "10.2.200.7:443"], "scope")
    })
    .negative()
    .needs(Feature::Policy),
    Case::client("pol.allow-prefix", &["EOP-POL-2", "EOP-POL-6"], "the prefix of an allow-list entry ends at any bit", |s| {
        let settings = "policy=secure allow=10.1.16.0/20:*,8.8.4.2/31:*";
        if s.control() {
            return followed(s, settings, &[(GLOBAL, "10.1.16.0:9001"), (GLOBAL, "10.1.31.255:9001"), (GLOBAL, "8.8.4.3:9001")]);
        }
        refused(s, GLOBAL, settings, "", &["10.1.15.255:9001", "10.1.32.0:9001"], "scope")
    })
    .negative()
    .needs(Feature::Policy),
    Case::client("pol.allow-secure", &["EOP-POL-6", "EOP-POL-2"], "outside the allow-list `secure` refuses a cleartext move between global addresses", |s| {
        let settings = "policy=secure allow=8.8.4.2/31:*,8.8.4.6/32:*";
        if s.control() {
            return followed(s, settings, &[(GLOBAL, "8.8.4.2:9001"), (GLOBAL, "8.8.4.3:9001"), (GLOBAL, "8.8.4.6:9001")]);
        }
        refused(s, GLOBAL, settings, "", &["8.8.4.1:9001", "8.8.4.4:9001", "8.8.4.7:9001"], "insecure")
    })
    .negative()
    .needs(Feature::Policy)
    .in_cleartext(CLEARTEXT),
    Case::client("pol.before-bounds", &["EOP-POL-9"], "a forbidden target is RedirectRefused also where none is followed", |s| {
        if s.control() {
            let home = s.endpoint("home")?;
            let target = s.endpoint("target")?;
            let (mut session, mut h) = super::scenes::asked(s, &home, "max-redirects=0")?;
            h.send(r(target.address()))?;
            return session.expect(&format!("ended NotFollowed target={} owed=1", target.address())).map(drop);
        }
        refused(s, GLOBAL, "policy=paper max-redirects=0", "", &["0.0.0.0:9001"], "forbidden")
    })
    .negative(),
    Case::client("pol.octet-order", &["EOP-FRM-1"], "address and port of a target are read in network byte order", |s| {
        followed(s, PAPER, &[(GLOBAL, "1.2.3.4:4660"), (GLOBAL, "200.1.100.2:65280")])
    }),
];
