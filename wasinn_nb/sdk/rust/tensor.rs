//! Tensors by element type.

use crate::error::{check, refuse, Result};
use crate::model::{count, refuse_count};
use crate::{raw, TensorType};
use std::{mem, slice};

/// A 16-bit float, as its bits.
#[repr(transparent)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct F16(pub u16);

impl From<F16> for f32 {
    fn from(half: F16) -> f32 {
        let bits = u32::from(half.0);
        let (sign, exponent, fraction) = ((bits & 0x8000) << 16, bits >> 10 & 0x1F, bits & 0x3FF);
        match exponent {
            0 => f32::from_bits(sign | 0x3F80_0000) * fraction as f32 / 16_777_216.0,
            0x1F => f32::from_bits(sign | 0x7F80_0000 | fraction << 13),
            _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
        }
    }
}

impl From<f32> for F16 {
    /// To the nearest; to the even one of two.
    fn from(value: f32) -> F16 {
        let bits = value.to_bits();
        let sign = (bits >> 16 & 0x8000) as u16;
        let magnitude = bits & 0x7FFF_FFFF;
        let half = match magnitude {
            0x7F80_0001..=u32::MAX => 0x7E00,
            0x4780_0000..=0x7F80_0000 => 0x7C00,
            0x3880_0000..=0x477F_FFFF => {
                let odd = magnitude >> 13 & 1;
                ((magnitude - 0x3800_0000 + 0xFFF + odd) >> 13) as u16
            }
            _ => {
                // what is smaller than a normal half is a multiple of 2^-24
                let scaled = f32::from_bits(magnitude) * 16_777_216.0;
                let whole = scaled as u16;
                let beyond = scaled - f32::from(whole);
                whole + u16::from(beyond > 0.5 || (beyond == 0.5 && whole & 1 == 1))
            }
        };
        F16(sign | half)
    }
}

mod sealed {
    pub trait Sealed {}
}

/// The types that tensors have elements of: [`F16`], `f32`, `f64`, `u8`, `i32`, `i64`.
pub trait Element: sealed::Sealed + Copy + Default {
    const TYPE: TensorType;
    const NAME: &'static str;
}

macro_rules! element {
    ($($of:ty, $kind:ident, $name:literal;)*) => {
        $(
            impl sealed::Sealed for $of {}
            impl Element for $of {
                const TYPE: TensorType = TensorType::$kind;
                const NAME: &'static str = $name;
            }
        )*
    };
}

element! {
    F16, F16, "f16";
    f32, F32, "f32";
    f64, F64, "f64";
    u8, U8, "u8";
    i32, I32, "i32";
    i64, I64, "i64";
}

// elements have no padding, and any bits are a value of them
pub(crate) fn bytes<T: Copy>(values: &[T]) -> &[u8] {
    unsafe { slice::from_raw_parts(values.as_ptr().cast(), mem::size_of_val(values)) }
}

pub(crate) fn set<T: Element>(context: u32, index: u32, values: &[T], shape: &[u32]) -> Result<()> {
    let doing = || format!("setting input {} as {}", index, T::NAME);
    if count(shape) != values.len() as u64 {
        return refuse_count(&doing(), shape, values.len());
    }
    let record = raw::tensor(shape, T::TYPE as u32, bytes(values));
    check(unsafe { raw::set_input(context, index, &record) }, || {
        format!("{} {:?}", doing(), shape)
    })
}

pub(crate) fn get<T: Element>(context: u32, index: u32) -> Result<Vec<T>> {
    let width = mem::size_of::<T>();
    let mut values = vec![T::default(); 1024];
    loop {
        let capacity = values.len() * width;
        let mut size = 0;
        let buffer = values.as_mut_ptr().cast();
        let errno = unsafe { raw::get_output(context, index, buffer, capacity as u32, &mut size) };
        let size = size as usize;
        // some hosts say too large, some cut
        let small = errno == raw::TOO_LARGE || (errno == raw::SUCCESS && size > capacity);
        let wanted = if size > capacity { size } else { capacity * 2 };
        if small && wanted <= raw::OUTPUT_LIMIT {
            values = vec![T::default(); (wanted + width - 1) / width];
            continue;
        }
        let errno = if small { raw::TOO_LARGE } else { errno };
        check(errno, || format!("getting output {} as {}", index, T::NAME))?;
        if size % width != 0 {
            return refuse(format!(
                "getting output {}, {} bytes, as {}",
                index,
                size,
                T::NAME
            ));
        }
        values.truncate(size / width);
        return Ok(values);
    }
}
