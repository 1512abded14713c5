//! Every target over random octets, on stable; proptest makes a finding smaller before it shows it.

use proptest::collection::vec;
use proptest::prelude::*;

/// Long enough for a history of some dozens of operations.
fn octets() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..400),
        // Small numbers are operations, mostly, and short lengths.
        vec(prop_oneof![4 => 0..24_u8, 1 => any::<u8>()], 0..400),
    ]
}

/// Operations of `session` that lead somewhere: two octets of a random history in three would be refused.
fn session_histories() -> impl Strategy<Value = Vec<u8>> {
    let step = prop_oneof![
        6 => Just(vec![8]),                                        // connected
        4 => (0..20_u8, 0..8_u8).prop_map(|(len, never)| vec![0, len, never]), // send
        6 => Just(vec![11, 255]),                                  // offer all of it
        2 => (0..40_u8).prop_map(|some| vec![11, some]),           // offer some of it
        4 => any::<u8>().prop_map(|octet| vec![20, 1, octet]),     // a message arrives
        4 => (0..9_u8).prop_map(|to| vec![21, to, 0]),             // a redirect without payload
        3 => (0..12_u8, any::<u8>()).prop_map(|(to, octet)| vec![22, to, 1, octet]), // one with payload
        3 => Just(vec![3, 0]),                                     // resend
        1 => Just(vec![4, 0]),                                     // drop
        3 => (0..3_u8).prop_map(|count| vec![2, count]),           // retire
        2 => (0..16_u8, any::<bool>()).prop_map(|(s, expires)| [&[18, s][..], if expires { &[19] } else { &[] }].concat()),
        1 => prop_oneof![Just(vec![5]), Just(vec![15]), Just(vec![6])], // half-close, settle
        1 => (0..3_u8).prop_map(|error| vec![10, error]),          // a connection cannot be made
        1 => (0..4_u8).prop_map(|loss| vec![17, loss]),            // a connection is lost
        1 => Just(vec![16]),                                       // FIN
        1 => Just(vec![14]),                                       // a write fails
        1 => (0..40_u8).prop_map(|octets| vec![13, octets]),       // take back
        1 => vec(any::<u8>(), 1..4),                               // anything
    ];
    // Tight bounds are chosen as often as wide ones, and the policy `paper` where it does not matter.
    let terms = (
        any::<u8>(),
        any::<u8>(),
        prop_oneof![Just(0), any::<u8>()],
        any::<u8>(),
    );
    (terms, vec(step, 0..60)).prop_map(|((kind, policy, count, time), steps)| {
        [vec![kind, policy, count, time], steps.concat()].concat()
    })
}

macro_rules! histories {
    ($($name:ident: $target:ident over $octets:ident;)+) => { $(
        proptest! {
            #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
            #[test]
            fn $name(data in $octets()) {
                eop_oracles::$target::check(&data);
            }
        }
    )+ };
}

histories! {
    decode: decode over octets;
    cuts: cuts over octets;
    roundtrip: roundtrip over octets;
    connection: connection over octets;
    client_ops: client_ops over octets;
    server_ops: server_ops over octets;
    pair: pair over octets;
    session: session over octets;
    session_that_goes_on: session over session_histories;
    vectors: vectors over octets;
    driver: driver over octets;
}
