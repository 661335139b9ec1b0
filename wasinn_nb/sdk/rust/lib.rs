//! wasi-nn for guests in Rust, in three layers over the same twelve functions of the host.
//!
//! Language models and typed tensors, by name:
//!
//!     use wasi_nn::{Model, Options};
//!
//!     let mut context = Model::load("default")?.open()?;
//!     for piece in context.generate("Once upon a time", Options::default().max_tokens(64))? {
//!         print!("{}", piece?);
//!     }
//!
//! The API of the crates `wasi-nn` 0.6 and `wasmedge-wasi-nn` 0.8 ([`GraphBuilder`], [`Graph`],
//! [`GraphExecutionContext`], [`Error`]): sources that were written for them compile as they are. For
//! the second one this crate is compiled again under its name, with `--cfg wasmedge`.
//! [`generated`] has the functions of `wasi-nn` up to 0.5.
//!
//! And [`raw`], the functions themselves.
//!
//! Only functions that a guest really calls become imports of its module. The crate needs Rust 1.63.

pub mod generated;
pub mod json;
pub mod math;
pub mod raw;

mod chat;
mod config;
mod error;
mod exchange;
mod graph;
mod image;
mod model;
mod stream;
mod tensor;
mod text;

pub use chat::{Chat, Message, Role, Style, Turn};
pub use config::{Config, Options};
pub use error::{BackendError, Error, Failure, Result};
pub use exchange::{read_array, write_array, write_bytes, write_image, Array, DType};
pub use graph::{
    ExecutionTarget, Graph, GraphBuilder, GraphEncoding, GraphExecutionContext, TensorType,
};
pub use image::{Format, Image, Layout, Packing};
pub use model::{Context, Description, Model, Usage};
pub use stream::{Finish, Stream};
pub use tensor::{Element, F16};
