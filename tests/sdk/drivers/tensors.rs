//! Typed inputs and outputs, told by arguments, their outcome as lines: see test_tensors.py.
use wasi_nn::{Context, Element, Model, F16};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{:02x}", byte)).collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}

fn run<T: Element>(
    context: &mut Context,
    args: &[String],
    from: fn(&[u8]) -> T,
    to: fn(&T) -> Vec<u8>,
) -> wasi_nn::Result<String> {
    let index = args[2].parse().unwrap();
    if args[0] == "get" {
        let values: Vec<T> = context.get(index)?;
        return Ok(hex(&values.iter().flat_map(to).collect::<Vec<u8>>()));
    }
    let dims = args[3].split(['x', '-']).filter(|one| !one.is_empty());
    let shape: Vec<u32> = dims.map(|one| one.parse().unwrap()).collect();
    let bytes = from_hex(&args[4]);
    let values: Vec<T> = bytes
        .chunks_exact(std::mem::size_of::<T>())
        .map(from)
        .collect();
    context.set(index, &values, &shape)?;
    Ok(String::new())
}

macro_rules! number {
    ($context:expr, $args:expr, $of:ty) => {
        run::<$of>(
            $context,
            $args,
            |bytes| <$of>::from_le_bytes(bytes.try_into().unwrap()),
            |value| value.to_le_bytes().to_vec(),
        )
    };
}

fn main() -> wasi_nn::Result<()> {
    let all: Vec<String> = std::env::args().skip(1).collect();
    let mut context = Model::load("default")?.open()?;
    let mut args = &all[..];
    while args.len() >= 4 {
        let done = match args[1].as_str() {
            "f16" => run::<F16>(
                &mut context,
                args,
                |bytes| F16(u16::from_le_bytes(bytes.try_into().unwrap())),
                |value| value.0.to_le_bytes().to_vec(),
            ),
            "f32" => number!(&mut context, args, f32),
            "f64" => number!(&mut context, args, f64),
            "u8" => number!(&mut context, args, u8),
            "i32" => number!(&mut context, args, i32),
            _ => number!(&mut context, args, i64),
        };
        match done {
            Ok(bytes) => println!("ok {}", bytes),
            Err(failure) => println!("error {} of 0: {}", failure.code().errno(), failure),
        }
        args = &args[if args[0] == "set" { 5 } else { 4 }..];
    }
    Ok(())
}
