//! Values of the notebook by name: each as a line, and written back: see test_exchange_rust.py.
use wasi_nn::{read_array, write_array, write_bytes, write_image, Array, DType, Format, F16};

fn exchange(name: &str) -> wasi_nn::Result<()> {
    let array = read_array(name)?;
    let format = array
        .format
        .map_or(String::new(), |one| format!(" {:?}", one));
    println!("{} {:?}{}", array.dtype.name(), array.shape, format);
    if let Some(format) = array.format {
        let other = match format {
            Format::Rgb => Format::Bgr,
            Format::Rgba => Format::Bgra,
            same => same,
        };
        return write_image(name, &array.image()?.convert(other));
    }
    let Array { dtype, shape, .. } = &array;
    match dtype {
        DType::Bytes => write_bytes(name, &array.data),
        DType::Int8 => write_array(name, &array.values::<i8>()?, shape),
        DType::Int16 => write_array(name, &array.values::<i16>()?, shape),
        DType::Int32 => write_array(name, &array.values::<i32>()?, shape),
        DType::Int64 => write_array(name, &array.values::<i64>()?, shape),
        DType::UInt8 => write_array(name, &array.values::<u8>()?, shape),
        DType::UInt16 => write_array(name, &array.values::<u16>()?, shape),
        DType::UInt32 => write_array(name, &array.values::<u32>()?, shape),
        DType::UInt64 => write_array(name, &array.values::<u64>()?, shape),
        DType::Float16 => write_array(name, &array.values::<F16>()?, shape),
        DType::Float32 => write_array(name, &array.values::<f32>()?, shape),
        DType::Float64 => write_array(name, &array.values::<f64>()?, shape),
        DType::Bool => write_array(name, &array.values::<bool>()?, shape),
        _ => array.values::<f32>().map(drop),
    }
}

fn main() {
    for name in std::env::args().skip(1) {
        if let Err(failure) = exchange(&name) {
            println!("{}", failure);
        }
    }
}
