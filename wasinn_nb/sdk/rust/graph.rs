//! The API of the crates `wasi-nn` 0.6 and, compiled with `--cfg wasmedge`, `wasmedge-wasi-nn` 0.8,
//! name for name.

use crate::error::{BackendError, Error};
use crate::raw;
use std::{fmt, fs, mem, path::Path, slice};

/// How a model's bytes are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub enum GraphEncoding {
    Openvino = 0,
    Onnx,
    Tensorflow,
    Pytorch,
    TensorflowLite,
    /// The published crates spell it so; see [`GraphEncoding::Autodetect`].
    Autodetec,
    Ggml,
    NeuralSpeed,
    Burn,
    Whisper,
    Mlx,
    Piper,
    ChatTTS,
    OpenvinoGenAI,
    BitNet,
}

#[allow(non_upper_case_globals)]
impl GraphEncoding {
    /// The host finds out.
    pub const Autodetect: Self = Self::Autodetec;
}

/// What a model runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub enum ExecutionTarget {
    CPU = 0,
    GPU,
    TPU,
    AUTO,
}

/// The type of a tensor's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub enum TensorType {
    F16 = 0,
    F32,
    F64,
    U8,
    I32,
    I64,
}

impl TensorType {
    /// Bytes of one element.
    pub fn byte_size(&self) -> usize {
        match self {
            Self::U8 => 1,
            Self::F16 => 2,
            Self::F32 | Self::I32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }
}

/// Says what a graph is made of. By default OpenVINO on the CPU.
#[derive(Debug, Clone)]
pub struct GraphBuilder {
    encoding: GraphEncoding,
    target: ExecutionTarget,
    config: Option<String>,
}

impl Default for GraphBuilder {
    fn default() -> Self {
        Self::new(GraphEncoding::Openvino, ExecutionTarget::CPU)
    }
}

impl GraphBuilder {
    #[must_use]
    pub fn new(encoding: GraphEncoding, target: ExecutionTarget) -> Self {
        Self {
            encoding,
            target,
            config: None,
        }
    }

    /// Settings as JSON, for [`GraphBuilder::build_from_cache`].
    #[must_use]
    pub fn config(mut self, config: String) -> Self {
        self.config = Some(config);
        self
    }

    #[must_use]
    pub fn encoding(mut self, encoding: GraphEncoding) -> Self {
        self.encoding = encoding;
        self
    }

    #[must_use]
    pub fn execution_target(mut self, execution_target: ExecutionTarget) -> Self {
        self.target = execution_target;
        self
    }

    #[must_use]
    pub fn cpu(self) -> Self {
        self.execution_target(ExecutionTarget::CPU)
    }

    #[must_use]
    pub fn gpu(self) -> Self {
        self.execution_target(ExecutionTarget::GPU)
    }

    #[must_use]
    pub fn tpu(self) -> Self {
        self.execution_target(ExecutionTarget::TPU)
    }

    /// Hand the parts of a model to the host.
    pub fn build_from_bytes<B>(self, bytes_array: impl AsRef<[B]>) -> Result<Graph, Error>
    where
        B: AsRef<[u8]>,
    {
        let parts: Vec<raw::Builder> = bytes_array
            .as_ref()
            .iter()
            .map(|part| raw::Builder {
                data: part.as_ref().as_ptr(),
                size: part.as_ref().len() as u32,
            })
            .collect();
        let mut handle = 0;
        let (encoding, target) = (self.encoding as u32, self.target as u32);
        done(unsafe {
            raw::load(
                parts.as_ptr(),
                parts.len() as u32,
                encoding,
                target,
                &mut handle,
            )
        })?;
        Ok(Graph {
            builder: self,
            handle,
        })
    }

    /// Read the parts of a model from files of the guest.
    pub fn build_from_files<P>(self, files: impl AsRef<[P]>) -> Result<Graph, Error>
    where
        P: AsRef<Path>,
    {
        let contents = files
            .as_ref()
            .iter()
            .map(fs::read)
            .collect::<Result<Vec<_>, _>>()?;
        self.build_from_bytes(contents)
    }

    /// A model that the host knows by name.
    pub fn build_from_cache(self, name: &str) -> Result<Graph, Error> {
        let mut handle = 0;
        done(match &self.config {
            Some(config) => unsafe {
                raw::load_by_name_with_config(
                    name.as_ptr(),
                    name.len() as u32,
                    config.as_ptr(),
                    config.len() as u32,
                    &mut handle,
                )
            },
            None => unsafe { raw::load_by_name(name.as_ptr(), name.len() as u32, &mut handle) },
        })?;
        Ok(Graph {
            builder: self,
            handle,
        })
    }
}

/// A model in the host.
pub struct Graph {
    builder: GraphBuilder,
    handle: u32,
}

impl Graph {
    pub fn encoding(&self) -> GraphEncoding {
        self.builder.encoding
    }

    pub fn execution_target(&self) -> ExecutionTarget {
        self.builder.target
    }

    /// A line of work on this graph.
    #[cfg(wasmedge)]
    pub fn init_execution_context(&self) -> Result<GraphExecutionContext, Error> {
        let handle = self.open()?;
        Ok(GraphExecutionContext { handle })
    }

    /// A line of work on this graph.
    #[cfg(not(wasmedge))]
    pub fn init_execution_context(&self) -> Result<GraphExecutionContext<'_>, Error> {
        let handle = self.open()?;
        Ok(GraphExecutionContext {
            graph: self,
            handle,
        })
    }

    fn open(&self) -> Result<u32, Error> {
        let mut handle = 0;
        done(unsafe { raw::init_execution_context(self.handle, &mut handle) })?;
        Ok(handle)
    }

    /// Free the model's memory in the host.
    pub fn unload(&self) -> Result<(), Error> {
        done(unsafe { raw::unload(self.handle) })
    }
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Graph#{}", self.handle)
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.handle)
    }
}

/// Inputs and outputs of a [`Graph`].
#[cfg(wasmedge)]
pub struct GraphExecutionContext {
    handle: u32,
}

/// Inputs and outputs of a [`Graph`].
#[cfg(not(wasmedge))]
pub struct GraphExecutionContext<'a> {
    graph: &'a Graph,
    handle: u32,
}

#[cfg(not(wasmedge))]
impl GraphExecutionContext<'_> {
    pub fn graph(&self) -> &Graph {
        self.graph
    }
}

// The crates differ in this type's parameter, and in nothing else.
macro_rules! context {
    ($($context:tt)+) => {
        impl $($context)+ {
            /// Give an input: elements of any type, as the bytes that they are.
            pub fn set_input<T: Sized>(
                &mut self,
                index: usize,
                tensor_type: TensorType,
                dimensions: &[usize],
                data: impl AsRef<[T]>,
            ) -> Result<(), Error> {
                let dimensions: Vec<u32> = dimensions.iter().map(|&one| one as u32).collect();
                let data = data.as_ref();
                let bytes = unsafe {
                    slice::from_raw_parts(data.as_ptr().cast::<u8>(), mem::size_of_val(data))
                };
                let record = raw::tensor(&dimensions, tensor_type as u32, bytes);
                done(unsafe { raw::set_input(self.handle, index as u32, &record) })
            }

            /// Run the model on its inputs.
            pub fn compute(&mut self) -> Result<(), Error> {
                done(unsafe { raw::compute(self.handle) })
            }

            /// Run the model for one token.
            pub fn compute_single(&mut self) -> Result<(), Error> {
                done(unsafe { raw::compute_single(self.handle) })
            }

            /// End the generation of single tokens.
            pub fn fini_single(&mut self) -> Result<(), Error> {
                done(unsafe { raw::fini_single(self.handle) })
            }

            /// Copy an output into `out_buffer`; how many bytes it has.
            pub fn get_output<T: Sized>(
                &self,
                index: usize,
                out_buffer: &mut [T],
            ) -> Result<usize, Error> {
                self.fetch(raw::get_output, index, out_buffer)
            }

            /// Copy what belongs to the last single token into `out_buffer`; how many bytes it has.
            pub fn get_output_single<T: Sized>(
                &self,
                index: usize,
                out_buffer: &mut [T],
            ) -> Result<usize, Error> {
                self.fetch(raw::get_output_single, index, out_buffer)
            }

            fn fetch<T>(
                &self,
                get: raw::Getter,
                index: usize,
                buffer: &mut [T],
            ) -> Result<usize, Error> {
                let mut size = 0;
                let capacity = mem::size_of_val(buffer) as u32;
                let buffer = buffer.as_mut_ptr().cast::<u8>();
                done(unsafe { get(self.handle, index as u32, buffer, capacity, &mut size) })?;
                Ok(size as usize)
            }
        }

        impl fmt::Display for $($context)+ {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "GraphExecutionContext#{}", self.handle)
            }
        }

        impl fmt::Debug for $($context)+ {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.handle)
            }
        }
    };
}

#[cfg(wasmedge)]
context!(GraphExecutionContext);
#[cfg(not(wasmedge))]
context!(GraphExecutionContext<'_>);

fn done(errno: i32) -> Result<(), Error> {
    match errno {
        0 => Ok(()),
        _ => Err(BackendError::from(errno).into()),
    }
}
