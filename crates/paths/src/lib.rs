//! Where a user's data are.
//!
//! # Theory of operation
//!
//! [`Paths`] names every file of one data directory. The environment decides which directory that is
//! ([`Paths::from_env`]). Engine and client use the same paths, so this crate is below both, and it
//! depends on neither a database nor a runtime.
//!
//! Some of the files decide which programs run in the user's name, so [`Paths::from_env`] refuses a data
//! directory that belongs to another user or that other users can write to, and [`read_own`] reads only
//! files of this user.
//!
//! [`user_home`] and [`expand_home`] give `~` one meaning everywhere.

mod home;
mod own_file;
mod paths;
mod shell_word;

pub use home::{expand_home, user_home};
pub use own_file::read_own;
pub use paths::Paths;
pub use shell_word::{shell_word, shell_words};
