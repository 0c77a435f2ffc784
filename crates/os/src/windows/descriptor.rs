//! Flags of handles.

use crate::wait::Readable;

/// Nothing: Windows hands on only what is marked to be.
pub(crate) const fn keep_from_children() {}

pub(crate) fn never_block(_file: impl Readable) {}

pub(crate) fn widen_pipe(_pipe: impl Readable, _bytes: usize) {}
