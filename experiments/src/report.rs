//! The report: a page of Markdown out of the records, with graphs beside it. `page.rs` writes it, `graph.rs` draws. Nothing
//! is measured here.

pub mod graph;
pub mod page;
