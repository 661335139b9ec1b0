//! The core wasi-nn interface as it is: functions and records. Every function returns an errno, 0
//! for success; what it makes goes through its last parameter.

#[link(wasm_import_module = "wasi_ephemeral_nn")]
extern "C" {
    pub fn load(
        parts: *const Builder,
        count: u32,
        encoding: u32,
        target: u32,
        graph: *mut u32,
    ) -> i32;
    pub fn load_by_name(name: *const u8, name_size: u32, graph: *mut u32) -> i32;
    pub fn init_execution_context(graph: u32, context: *mut u32) -> i32;
    pub fn set_input(context: u32, index: u32, tensor: *const Tensor) -> i32;
    pub fn compute(context: u32) -> i32;
    pub fn get_output(
        context: u32,
        index: u32,
        buffer: *mut u8,
        capacity: u32,
        size: *mut u32,
    ) -> i32;

    // Extensions, for runtimes with the language-model dialect.
    pub fn load_by_name_with_config(
        name: *const u8,
        name_size: u32,
        config: *const u8,
        config_size: u32,
        graph: *mut u32,
    ) -> i32;
    pub fn compute_single(context: u32) -> i32;
    pub fn get_output_single(
        context: u32,
        index: u32,
        buffer: *mut u8,
        capacity: u32,
        size: *mut u32,
    ) -> i32;
    pub fn fini_single(context: u32) -> i32;
    pub fn unload(graph: u32) -> i32;
    pub fn finalize_execution_context(context: u32) -> i32;
}

/// One part of a model for [`load`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Builder {
    pub data: *const u8,
    pub size: u32,
}

/// An input. The type fills a whole word: hosts read one byte or four of it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Tensor {
    pub dimensions: *const u32,
    pub rank: u32,
    pub kind: u32,
    pub data: *const u8,
    pub size: u32,
}

pub const SUCCESS: i32 = 0;
pub const INVALID_ARGUMENT: i32 = 1;
pub const INVALID_ENCODING: i32 = 2;
pub const MISSING_MEMORY: i32 = 3;
pub const BUSY: i32 = 4;
pub const RUNTIME_ERROR: i32 = 5;
pub const UNSUPPORTED_OPERATION: i32 = 6;
pub const TOO_LARGE: i32 = 7;
pub const NOT_FOUND: i32 = 8;
pub const END_OF_SEQUENCE: i32 = 100;
pub const CONTEXT_FULL: i32 = 101;
pub const PROMPT_TOO_LONG: i32 = 102;
pub const MODEL_NOT_FOUND: i32 = 103;

/// Outputs larger than this are not fetched.
pub(crate) const OUTPUT_LIMIT: usize = 256 << 20;

/// The record of an input. Dimensions and data must outlive its use.
pub(crate) fn tensor(dimensions: &[u32], kind: u32, data: &[u8]) -> Tensor {
    Tensor {
        dimensions: dimensions.as_ptr(),
        rank: dimensions.len() as u32,
        kind,
        data: data.as_ptr(),
        size: data.len() as u32,
    }
}

/// [`set_input`] for text or JSON: a one-dimensional tensor of bytes.
pub(crate) fn set_text(context: u32, index: u32, bytes: &[u8]) -> i32 {
    let dimensions = [bytes.len() as u32];
    let record = tensor(&dimensions, crate::TensorType::U8 as u32, bytes);
    unsafe { set_input(context, index, &record) }
}

pub(crate) type Getter = unsafe extern "C" fn(u32, u32, *mut u8, u32, *mut u32) -> i32;

/// Append an output, whatever the host does with small buffers: it may refuse and say the size,
/// refuse and say nothing, or cut and say the size.
pub(crate) fn read(
    get: Getter,
    context: u32,
    index: u32,
    first_room: usize,
    out: &mut Vec<u8>,
) -> crate::Result<()> {
    let start = out.len();
    let mut room = first_room;
    loop {
        out.resize(start + room, 0);
        let mut size = 0;
        let buffer = out[start..].as_mut_ptr();
        let errno = unsafe { get(context, index, buffer, room as u32, &mut size) };
        let size = size as usize;
        if errno == SUCCESS && size <= room {
            out.truncate(start + size);
            return Ok(());
        }
        out.truncate(start);
        if errno != SUCCESS && errno != TOO_LARGE {
            return crate::error::check(errno, || "reading an output".into());
        }
        room = if size > room { size } else { room * 2 };
        if room > OUTPUT_LIMIT {
            return crate::error::check(TOO_LARGE, || "reading an output".into());
        }
    }
}
