//! The functions that the crate `wasi-nn` had up to 0.5, for sources of that time:
//!
//!     use ::wasi_nn::generated as wasi_nn;
//!
//! They are unsafe because they were.

#![allow(clippy::missing_safety_doc)]

use crate::raw;
use std::{error, fmt, slice};

pub type Graph = u32;
pub type GraphExecutionContext = u32;
pub type BufferSize = u32;
pub type TensorDimensions<'a> = &'a [u32];
pub type TensorData<'a> = &'a [u8];
pub type GraphBuilder<'a> = &'a [u8];
pub type GraphBuilderArray<'a> = &'a [GraphBuilder<'a>];

macro_rules! number {
    ($name:ident: $of:ty { $($constant:ident = $value:literal,)* }) => {
        #[repr(transparent)]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($of);
        $(pub const $constant: $name = $name($value);)*

        impl $name {
            pub const fn raw(&self) -> $of {
                self.0
            }

            pub fn name(&self) -> &'static str {
                match self.0 {
                    $($value => stringify!($constant),)*
                    _ => "unknown",
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", self.name(), self.0)
            }
        }
    };
}

number!(NnErrno: u16 {
    NN_ERRNO_SUCCESS = 0,
    NN_ERRNO_INVALID_ARGUMENT = 1,
    NN_ERRNO_INVALID_ENCODING = 2,
    NN_ERRNO_MISSING_MEMORY = 3,
    NN_ERRNO_BUSY = 4,
    NN_ERRNO_RUNTIME_ERROR = 5,
    NN_ERRNO_UNSUPPORTED_OPERATION = 6,
    NN_ERRNO_TOO_LARGE = 7,
    NN_ERRNO_NOT_FOUND = 8,
});
number!(TensorType: u8 {
    TENSOR_TYPE_F16 = 0,
    TENSOR_TYPE_F32 = 1,
    TENSOR_TYPE_F64 = 2,
    TENSOR_TYPE_U8 = 3,
    TENSOR_TYPE_I32 = 4,
    TENSOR_TYPE_I64 = 5,
});
number!(GraphEncoding: u8 {
    GRAPH_ENCODING_OPENVINO = 0,
    GRAPH_ENCODING_ONNX = 1,
    GRAPH_ENCODING_TENSORFLOW = 2,
    GRAPH_ENCODING_PYTORCH = 3,
    GRAPH_ENCODING_TENSORFLOWLITE = 4,
    GRAPH_ENCODING_AUTODETECT = 5,
    GRAPH_ENCODING_GGML = 6,
});
number!(ExecutionTarget: u8 {
    EXECUTION_TARGET_CPU = 0,
    EXECUTION_TARGET_GPU = 1,
    EXECUTION_TARGET_TPU = 2,
});

impl fmt::Display for NnErrno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (error {})", self.name(), self.0)
    }
}

impl error::Error for NnErrno {}

#[derive(Clone, Copy, Debug)]
pub struct Tensor<'a> {
    pub dimensions: TensorDimensions<'a>,
    pub type_: TensorType,
    pub data: TensorData<'a>,
}

fn done<T>(errno: i32, value: T) -> Result<T, NnErrno> {
    match errno {
        0 => Ok(value),
        _ => Err(NnErrno(errno as u16)),
    }
}

pub unsafe fn load(
    builder: GraphBuilderArray<'_>,
    encoding: GraphEncoding,
    target: ExecutionTarget,
) -> Result<Graph, NnErrno> {
    let parts: Vec<raw::Builder> = builder
        .iter()
        .map(|part| raw::Builder {
            data: part.as_ptr(),
            size: part.len() as u32,
        })
        .collect();
    let mut graph = 0;
    let count = parts.len() as u32;
    let errno = raw::load(
        parts.as_ptr(),
        count,
        encoding.0.into(),
        target.0.into(),
        &mut graph,
    );
    done(errno, graph)
}

pub unsafe fn load_by_name(name: &str) -> Result<Graph, NnErrno> {
    let mut graph = 0;
    let errno = raw::load_by_name(name.as_ptr(), name.len() as u32, &mut graph);
    done(errno, graph)
}

pub unsafe fn init_execution_context(graph: Graph) -> Result<GraphExecutionContext, NnErrno> {
    let mut context = 0;
    let errno = raw::init_execution_context(graph, &mut context);
    done(errno, context)
}

pub unsafe fn set_input(
    context: GraphExecutionContext,
    index: u32,
    tensor: Tensor<'_>,
) -> Result<(), NnErrno> {
    let record = raw::tensor(tensor.dimensions, tensor.type_.0.into(), tensor.data);
    done(raw::set_input(context, index, &record), ())
}

pub unsafe fn compute(context: GraphExecutionContext) -> Result<(), NnErrno> {
    done(raw::compute(context), ())
}

pub unsafe fn get_output(
    context: GraphExecutionContext,
    index: u32,
    out_buffer: *mut u8,
    out_buffer_max_size: BufferSize,
) -> Result<BufferSize, NnErrno> {
    // the caller vouches for the buffer, as with the function of the host
    let buffer = slice::from_raw_parts_mut(out_buffer, out_buffer_max_size as usize);
    let mut size = 0;
    let errno = raw::get_output(
        context,
        index,
        buffer.as_mut_ptr(),
        out_buffer_max_size,
        &mut size,
    );
    done(errno, size)
}
