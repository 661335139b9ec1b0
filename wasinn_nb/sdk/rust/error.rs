//! What the host answers when it says no.

use std::{error, fmt, io};

/// The host's errno. `UnknownError` is one that no published dialect has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BackendError {
    InvalidArgument,
    InvalidEncoding,
    MissingMemory,
    Busy,
    RuntimeError,
    UnsupportedOperation,
    TooLarge,
    NotFound,
    EndOfSequence,
    ContextFull,
    PromptTooLong,
    ModelNotFound,
    UnknownError(i32),
}

impl BackendError {
    /// A few words: `"prompt too long"`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid argument",
            Self::InvalidEncoding => "invalid encoding",
            Self::MissingMemory => "missing memory",
            Self::Busy => "busy",
            Self::RuntimeError => "runtime error",
            Self::UnsupportedOperation => "unsupported operation",
            Self::TooLarge => "too large",
            Self::NotFound => "not found",
            Self::EndOfSequence => "end of sequence",
            Self::ContextFull => "context full",
            Self::PromptTooLong => "prompt too long",
            Self::ModelNotFound => "model not found",
            Self::UnknownError(_) => "unknown error",
        }
    }

    /// The number.
    pub fn errno(&self) -> i32 {
        match *self {
            Self::InvalidArgument => 1,
            Self::InvalidEncoding => 2,
            Self::MissingMemory => 3,
            Self::Busy => 4,
            Self::RuntimeError => 5,
            Self::UnsupportedOperation => 6,
            Self::TooLarge => 7,
            Self::NotFound => 8,
            Self::EndOfSequence => 100,
            Self::ContextFull => 101,
            Self::PromptTooLong => 102,
            Self::ModelNotFound => 103,
            Self::UnknownError(number) => number,
        }
    }
}

impl From<i32> for BackendError {
    fn from(errno: i32) -> Self {
        match errno {
            1 => Self::InvalidArgument,
            2 => Self::InvalidEncoding,
            3 => Self::MissingMemory,
            4 => Self::Busy,
            5 => Self::RuntimeError,
            6 => Self::UnsupportedOperation,
            7 => Self::TooLarge,
            8 => Self::NotFound,
            100 => Self::EndOfSequence,
            101 => Self::ContextFull,
            102 => Self::PromptTooLong,
            103 => Self::ModelNotFound,
            other => Self::UnknownError(other),
        }
    }
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (error {})", self.name(), self.errno())
    }
}

impl error::Error for BackendError {}

/// What the calls of [`crate::Graph`] and [`crate::GraphExecutionContext`] return.
#[derive(Debug)]
pub enum Error {
    IoError(io::Error),
    BackendError(BackendError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IoError(inner) => write!(f, "IO Error: {}", inner),
            Self::BackendError(inner) => write!(f, "Backend Error: {}", inner),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::IoError(inner) => Some(inner),
            Self::BackendError(inner) => Some(inner),
        }
    }
}

impl From<io::Error> for Error {
    fn from(inner: io::Error) -> Self {
        Self::IoError(inner)
    }
}

impl From<BackendError> for Error {
    fn from(inner: BackendError) -> Self {
        Self::BackendError(inner)
    }
}

/// A call that failed: the errno, and what was being done. `main` may return it, and prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure {
    code: BackendError,
    message: String,
}

/// A [`Failure`] unless another error is named.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    pub(crate) fn new(code: BackendError, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// What kind of failure it is.
    pub fn code(&self) -> BackendError {
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() {
            return write!(f, "{}", self.code);
        }
        write!(f, "{}: {}", self.message, self.code)
    }
}

// `fn main() -> wasi_nn::Result<()>` prints this
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl error::Error for Failure {}

impl From<BackendError> for Failure {
    fn from(code: BackendError) -> Self {
        Self::new(code, "")
    }
}

impl From<Error> for Failure {
    fn from(inner: Error) -> Self {
        match inner {
            Error::IoError(inner) => inner.into(),
            Error::BackendError(code) => code.into(),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(inner: io::Error) -> Self {
        let code = match inner.kind() {
            io::ErrorKind::NotFound => BackendError::NotFound,
            _ => BackendError::RuntimeError,
        };
        Self::new(code, inner.to_string())
    }
}

/// Turn an errno into a result; `doing` says what was tried.
pub(crate) fn check(errno: i32, doing: impl FnOnce() -> String) -> Result<()> {
    match errno {
        0 => Ok(()),
        _ => Err(Failure::new(errno.into(), doing())),
    }
}

pub(crate) fn refuse<T>(problem: impl Into<String>) -> Result<T> {
    Err(Failure::new(BackendError::InvalidArgument, problem))
}
