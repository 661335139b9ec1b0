//! The image and number helpers as exported functions: see test_vision.py and test_math.py.
use std::alloc::{alloc, dealloc, Layout};
use std::slice::{from_raw_parts, from_raw_parts_mut};
use wasi_nn::{math, Failure, Format, Image, Packing, F16};

static mut TEXT: [u8; 256] = [0; 256];

#[no_mangle]
pub extern "C" fn _initialize() {}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size + 16, 16).unwrap()
}

#[no_mangle]
pub unsafe extern "C" fn take(size: usize) -> *mut u8 {
    let memory = alloc(layout(size));
    memory.cast::<usize>().write(size);
    memory.add(16)
}

#[no_mangle]
pub unsafe extern "C" fn give(memory: *mut u8) {
    let start = memory.sub(16);
    dealloc(start, layout(start.cast::<usize>().read()));
}

#[no_mangle]
pub unsafe extern "C" fn message() -> *const u8 {
    std::ptr::addr_of!(TEXT).cast()
}

/// How the test writes an image; rows may have gaps, which the crate's images have not.
#[repr(C)]
pub struct Record {
    pixels: *mut u8,
    width: u32,
    height: u32,
    format: u32,
    stride: u32,
    size: u32,
}

impl Record {
    fn row(&self) -> usize {
        self.width as usize * format(self.format).channels() as usize
    }

    fn stride(&self) -> usize {
        if self.stride > 0 {
            self.stride as usize
        } else {
            self.row()
        }
    }

    unsafe fn image(&self) -> Result<Image, Failure> {
        let mut pixels = Vec::new();
        for y in 0..self.height as usize {
            let start = self.pixels.add(y * self.stride());
            pixels.extend_from_slice(from_raw_parts(start, self.row()));
        }
        Image::new(pixels, self.width, self.height, format(self.format))
    }

    unsafe fn fill(&self, image: &Image) {
        for (y, row) in image.pixels.chunks(self.row().max(1)).enumerate() {
            let start = self.pixels.add(y * self.stride());
            start.copy_from(row.as_ptr(), row.len());
        }
    }
}

fn format(number: u32) -> Format {
    match number {
        0x01 => Format::Grey,
        0x03 => Format::Rgb,
        0x04 => Format::Rgba,
        0x13 => Format::Bgr,
        _ => Format::Bgra,
    }
}

fn errno(result: Result<(), Failure>) -> i32 {
    result.map_or_else(
        |failure| {
            let text = failure.to_string();
            let length = text.len().min(255);
            unsafe {
                let to = std::ptr::addr_of_mut!(TEXT).cast::<u8>();
                to.copy_from(text.as_ptr(), length);
                to.add(length).write(0);
            }
            failure.code().errno()
        },
        |()| 0,
    )
}

unsafe fn put(values: Result<Vec<f32>, Failure>, to: *mut f32) -> i32 {
    errno(values.map(|values| to.copy_from(values.as_ptr(), values.len())))
}

#[no_mangle]
pub unsafe extern "C" fn resize(from: &Record, to: &Record) -> i32 {
    let resized = from
        .image()
        .and_then(|image| image.resize(to.width, to.height));
    errno(resized.map(|image| to.fill(&image)))
}

#[no_mangle]
pub unsafe extern "C" fn resize_f32(from: &Record, width: u32, height: u32, to: *mut f32) -> i32 {
    put(
        from.image()
            .and_then(|image| image.resize_float(width, height)),
        to,
    )
}

#[no_mangle]
pub unsafe extern "C" fn convert(from: &Record, to: &Record) -> i32 {
    errno(
        from.image()
            .map(|image| to.fill(&image.convert(format(to.format)))),
    )
}

#[repr(C)]
pub struct Normal {
    scale: f32,
    mean: [f32; 4],
    deviation: [f32; 4],
}

#[no_mangle]
pub unsafe extern "C" fn pack(
    image: &Record,
    number: u32,
    layout: u32,
    normal: Option<&Normal>,
    to: *mut f32,
) -> i32 {
    let mut packing = Packing {
        format: format(number),
        layout: if layout == 0 {
            wasi_nn::Layout::Nchw
        } else {
            wasi_nn::Layout::Nhwc
        },
        ..Packing::default()
    };
    if let Some(given) = normal {
        packing.scale = given.scale;
        packing.mean = given.mean;
        packing.deviation = given.deviation;
    }
    put(image.image().and_then(|image| image.pack(&packing)), to)
}

#[no_mangle]
pub unsafe extern "C" fn softmax(scores: *const f32, count: usize, probabilities: *mut f32) {
    probabilities.copy_from(scores, count);
    math::softmax(from_raw_parts_mut(probabilities, count));
}

#[repr(C)]
pub struct Ranked {
    index: usize,
    value: f32,
}

#[no_mangle]
pub unsafe extern "C" fn top_k(
    values: *const f32,
    count: usize,
    best: *mut Ranked,
    k: usize,
) -> usize {
    let found = math::top_k(from_raw_parts(values, count), k);
    for (i, (index, value)) in found.iter().enumerate() {
        best.add(i).write(Ranked {
            index: *index,
            value: *value,
        });
    }
    found.len()
}

#[no_mangle]
pub unsafe extern "C" fn from_f16(bits: *const u16, count: usize, to: *mut f32) {
    for i in 0..count {
        to.add(i).write(F16(*bits.add(i)).into());
    }
}

#[no_mangle]
pub unsafe extern "C" fn to_f16(values: *const f32, count: usize, to: *mut u16) {
    for i in 0..count {
        to.add(i).write(F16::from(*values.add(i)).0);
    }
}
