//! Arrays and pictures from the notebook and back. A value NAME is the file `/in/NAME`, raw,
//! row-major, little-endian; `/in/NAME.json` says its dtype, its shape and, of a picture, its mode.

use crate::error::{refuse, BackendError, Failure, Result};
use crate::json::{self, Value};
use crate::model::{count, refuse_count};
use crate::tensor::{bytes, F16};
use crate::{Format, Image};
use std::{fs, io, mem, path::Path};

const MAX_SIDECAR: u64 = 4096;

macro_rules! dtypes {
    ($($variant:ident, $name:literal, $size:literal;)*) => {
        /// Element types by numpy's names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum DType {
            /// No array: a file on its own.
            Bytes,
            $($variant,)*
        }

        impl DType {
            pub fn name(self) -> &'static str {
                match self {
                    Self::Bytes => "bytes",
                    $(Self::$variant => $name,)*
                }
            }

            /// Bytes of one element.
            pub fn size(self) -> usize {
                match self {
                    Self::Bytes => 1,
                    $(Self::$variant => $size,)*
                }
            }

            fn parse(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

dtypes! {
    Bool, "bool", 1;
    Int8, "int8", 1;
    Int16, "int16", 2;
    Int32, "int32", 4;
    Int64, "int64", 8;
    UInt8, "uint8", 1;
    UInt16, "uint16", 2;
    UInt32, "uint32", 4;
    UInt64, "uint64", 8;
    Float16, "float16", 2;
    Float32, "float32", 4;
    Float64, "float64", 8;
    Complex64, "complex64", 8;
    Complex128, "complex128", 16;
}

mod sealed {
    pub trait Sealed: Copy + Default {
        const DTYPE: super::DType;
    }
}

/// The types that arrays have elements of.
pub trait Number: sealed::Sealed {}

macro_rules! numbers {
    ($($of:ty, $variant:ident;)*) => {
        $(
            impl sealed::Sealed for $of {
                const DTYPE: DType = DType::$variant;
            }
            impl Number for $of {}
        )*
    };
}

numbers! {
    bool, Bool;
    i8, Int8;
    i16, Int16;
    i32, Int32;
    i64, Int64;
    u8, UInt8;
    u16, UInt16;
    u32, UInt32;
    u64, UInt64;
    F16, Float16;
    f32, Float32;
    f64, Float64;
}

/// A value of the notebook.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    pub data: Vec<u8>,
    pub dtype: DType,
    /// Of bytes: their number.
    pub shape: Vec<u32>,
    /// Of a picture of mode L, RGB or RGBA.
    pub format: Option<Format>,
}

impl Array {
    /// The elements, which must be of this type.
    pub fn values<T: Number>(&self) -> Result<Vec<T>> {
        if self.dtype != T::DTYPE {
            let (is, wanted) = (self.dtype.name(), T::DTYPE.name());
            return refuse(format!("the array is of {}, and {} is wanted", is, wanted));
        }
        if self.dtype == DType::Bool && self.data.iter().any(|byte| *byte > 1) {
            return refuse("the array is of bool, and has other bytes than 0 and 1");
        }
        let mut values = vec![T::default(); self.data.len() / mem::size_of::<T>()];
        unsafe {
            let to = values.as_mut_ptr().cast::<u8>();
            to.copy_from_nonoverlapping(self.data.as_ptr(), mem::size_of_val(&values[..]));
        }
        Ok(values)
    }

    /// As an image: bytes of shape [height, width] or of 1, 3 or 4 channels.
    pub fn image(&self) -> Result<Image> {
        let channels = match self.shape[..] {
            [_, _] => 1,
            [_, _, channels] => channels,
            _ => 0,
        };
        let format = match (self.dtype, channels) {
            (DType::UInt8, 1) => Format::Grey,
            (DType::UInt8, 3) => Format::Rgb,
            (DType::UInt8, 4) => Format::Rgba,
            _ => {
                let is = self.dtype.name();
                return refuse(format!("{} of shape {:?} is no image", is, self.shape));
            }
        };
        Image::new(self.data.clone(), self.shape[1], self.shape[0], format)
    }
}

/// Take the value `name` from the notebook: `%%wasinn rust --in name`.
pub fn read_array(name: &str) -> Result<Array> {
    let path = format!("/in/{}", name);
    let data = fs::read(&path).map_err(|error| fail(error, "reading", &path, "--in"))?;
    let sidecar = format!("{}.json", path);
    let described = match fs::metadata(&sidecar) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let shape = vec![data.len() as u32];
            return Ok(Array {
                data,
                dtype: DType::Bytes,
                shape,
                format: None,
            });
        }
        Ok(found) if found.len() > MAX_SIDECAR => {
            return refuse(format!("reading {}: it is too long", sidecar));
        }
        _ => fs::read_to_string(&sidecar),
    };
    let text = described.map_err(|error| fail(error, "reading", &sidecar, "--in"))?;
    match describe(&data, &text) {
        Some((dtype, shape, format)) => Ok(Array {
            data,
            dtype,
            shape,
            format,
        }),
        None => refuse(format!("{} is malformed or describes other data", sidecar)),
    }
}

fn describe(data: &[u8], text: &str) -> Option<(DType, Vec<u32>, Option<Format>)> {
    let described = json::parse(text)?;
    match &described {
        Value::Object(members) => {
            let known = |name: &str| matches!(name, "dtype" | "shape" | "mode");
            let once = |name: &str| members.iter().filter(|(other, _)| other == name).count() == 1;
            members
                .iter()
                .all(|(name, _)| known(name) && once(name))
                .then_some(())?;
        }
        _ => return None,
    }
    let dtype = DType::parse(described.get("dtype")?.as_str()?)?;
    let shape: Option<Vec<u32>> = described
        .get("shape")?
        .as_array()?
        .iter()
        .map(|one| {
            one.as_f64()
                .filter(|n| *n == f64::from(*n as u32))
                .map(|n| n as u32)
        })
        .collect();
    let shape = shape?;
    let size = count(&shape).saturating_mul(dtype.size() as u64);
    (size == data.len() as u64).then_some(())?;
    let format = match described.get("mode") {
        Some(mode) => picture(mode.as_str()?, dtype, &shape)?,
        None => None,
    };
    Some((dtype, shape, format))
}

fn picture(mode: &str, dtype: DType, shape: &[u32]) -> Option<Option<Format>> {
    let (wanted, channels, format) = match mode {
        "L" => (DType::UInt8, None, Some(Format::Grey)),
        "RGB" => (DType::UInt8, Some(3), Some(Format::Rgb)),
        "RGBA" => (DType::UInt8, Some(4), Some(Format::Rgba)),
        "I;16" => (DType::UInt16, None, None),
        "I" => (DType::Int32, None, None),
        "F" => (DType::Float32, None, None),
        _ => return None,
    };
    let found = match shape {
        [_, _] => None,
        [_, _, channels] => Some(*channels),
        _ => return None,
    };
    (dtype == wanted && found == channels).then_some(format)
}

/// Give bytes to the notebook under a name that the cell asked for with `--out`.
pub fn write_bytes(name: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
    let path = format!("/out/{}", name);
    fs::write(&path, bytes).map_err(|error| fail(error, "writing", &path, "--out"))
}

/// Give an array to the notebook: as many values as the shape says.
pub fn write_array<T: Number>(name: &str, values: &[T], shape: &[u32]) -> Result<()> {
    if count(shape) != values.len() as u64 {
        return refuse_count(
            &format!("writing /out/{} of shape", name),
            shape,
            values.len(),
        );
    }
    write_bytes(name, bytes(values))?;
    let sidecar = format!(
        "{{\"dtype\": \"{}\", \"shape\": {:?}}}",
        T::DTYPE.name(),
        shape
    );
    write_bytes(&format!("{}.json", name), sidecar)
}

/// Give an image to the notebook, as a picture. BGR and BGRA are written as RGB and RGBA.
pub fn write_image(name: &str, image: &Image) -> Result<()> {
    let (mode, format) = match image.format.channels() {
        1 => ("L", Format::Grey),
        3 => ("RGB", Format::Rgb),
        _ => ("RGBA", Format::Rgba),
    };
    write_bytes(name, &image.convert(format).pixels)?;
    let mut shape = vec![image.height, image.width, format.channels()];
    shape.truncate(if mode == "L" { 2 } else { 3 });
    let sidecar = format!(
        "{{\"dtype\": \"uint8\", \"shape\": {:?}, \"mode\": \"{}\"}}",
        shape, mode
    );
    write_bytes(&format!("{}.json", name), sidecar)
}

fn fail(error: io::Error, doing: &str, path: &str, option: &str) -> Failure {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    if !Path::new(folder).is_dir() {
        let problem = format!("{} is not there: give the cell {}", folder, option);
        return Failure::new(BackendError::NotFound, problem);
    }
    let code = match error.kind() {
        io::ErrorKind::NotFound => BackendError::NotFound,
        _ => BackendError::RuntimeError,
    };
    Failure::new(code, format!("{} {}: {}", doing, path, error))
}
