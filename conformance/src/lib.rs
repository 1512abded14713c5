//! Judges implementations of EOP over TCP or TLS, in both roles.
//!
//! The judge knows the wire format (`eop-wire`'s raw headers) and the specification's text, and nothing else: it never
//! asks the reference machines what is right. The built-in peer and the mutants are other packages, started as processes
//! like any testee.
//!
//! ```
//! use eop_conformance::{cases, requirement};
//!
//! let case = cases::all().into_iter().find(|case| case.id == "frm.empty-message").unwrap();
//! assert_eq!(case.requirements, ["EOP-FRM-8"]);
//! assert!(requirement::find("EOP-FRM-8").unwrap().sentence.contains("slen 0"));
//! ```
//!
//! From the outside in: `schedule` plays `cases` on a `stage`; a stage is made of `link`s, endpoints and a `testee`;
//! `verdict` is what comes out, `baseline` what was expected of it, and `report` tells it. `matrix` and `fuzz` play what no
//! case says: clients to servers, and sessions drawn at random.

pub mod authority;
pub mod baseline;
pub mod case;
pub mod cases;
pub mod feature;
pub mod fuzz;
pub mod link;
pub mod matrix;
pub mod nearest;
pub mod octets;
pub mod pace;
pub mod report;
pub mod requirement;
pub mod schedule;
pub mod segmentation;
pub mod sock_diag;
pub mod stage;
pub mod testee;
pub mod timeline;
pub mod verdict;
