//! Every target over random octets, on stable; proptest makes a finding smaller before it shows it.

use proptest::prelude::*;

/// Long enough for a history of some dozens of operations.
fn octets() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..400),
        // Small numbers are operations, mostly, and short lengths.
        proptest::collection::vec(prop_oneof![4 => 0..24_u8, 1 => any::<u8>()], 0..400),
    ]
}

macro_rules! histories {
    ($($target:ident),+) => { $(
        proptest! {
            #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
            #[test]
            fn $target(data in octets()) {
                eop_oracles::$target::check(&data);
            }
        }
    )+ };
}

histories!(
    decode, cuts, roundtrip, connection, client_ops, server_ops, pair, session, vectors, driver
);
