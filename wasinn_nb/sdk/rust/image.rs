//! From a picture to the tensor that a vision model wants.
//!
//!     let photo = read_array("photo")?.image()?;
//!     let pixels = photo.resize(224, 224)?.pack(&Packing {
//!         scale: 1.0 / 255.0,
//!         mean: [0.485, 0.456, 0.406, 0.0],
//!         deviation: [0.229, 0.224, 0.225, 1.0],
//!         ..Packing::default()
//!     })?;
//!     context.set(0, &pixels, &[1, 3, 224, 224])?;

use crate::error::{refuse, Result};

/// What the bytes of a pixel are, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    Grey,
    Rgb,
    Rgba,
    Bgr,
    Bgra,
}

impl Format {
    pub fn channels(self) -> u32 {
        match self {
            Self::Grey => 1,
            Self::Rgb | Self::Bgr => 3,
            Self::Rgba | Self::Bgra => 4,
        }
    }

    /// Where a pixel keeps its red (0), green (1), blue (2) and alpha (3).
    fn place(self, colour: usize) -> usize {
        match self {
            Self::Grey => 0,
            Self::Bgr | Self::Bgra if colour < 3 => 2 - colour,
            _ => colour,
        }
    }
}

/// One colour after the other, or pixel by pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    Nchw,
    Nhwc,
}

/// How bytes become the numbers of a tensor: (byte * scale - mean) / deviation, by channel of the
/// tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Packing {
    pub format: Format,
    pub layout: Layout,
    pub scale: f32,
    pub mean: [f32; 4],
    pub deviation: [f32; 4],
}

impl Default for Packing {
    fn default() -> Self {
        Self {
            format: Format::Rgb,
            layout: Layout::Nchw,
            scale: 1.0,
            mean: [0.0; 4],
            deviation: [1.0; 4],
        }
    }
}

/// A picture, row by row from the top, a pixel's bytes side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    pub pixels: Vec<u8>,
    pub width: u32,
    pub height: u32,
    pub format: Format,
}

impl Image {
    pub fn new(pixels: Vec<u8>, width: u32, height: u32, format: Format) -> Result<Self> {
        let size = u64::from(width) * u64::from(height);
        if size.saturating_mul(format.channels().into()) != pixels.len() as u64 {
            return refuse("making an image: the size says another number of bytes");
        }
        Ok(Self {
            pixels,
            width,
            height,
            format,
        })
    }

    /// Bilinear, with half-pixel centres, not averaged.
    pub fn resize(&self, width: u32, height: u32) -> Result<Self> {
        let numbers = self.resize_float(width, height)?;
        let pixels = numbers
            .into_iter()
            .map(|number| (number + 0.5) as u8)
            .collect();
        Self::new(pixels, width, height, self.format)
    }

    /// The same without rounding: floats from 0 to 255, channels side by side.
    pub fn resize_float(&self, width: u32, height: u32) -> Result<Vec<f32>> {
        let channels = self.format.channels() as usize;
        if width == 0 || height == 0 {
            return Ok(Vec::new());
        }
        if self.width == 0 || self.height == 0 {
            return refuse("resizing an image; it has no pixels");
        }
        let taps: Vec<Tap> = (0..width).map(|x| Tap::at(x, self.width, width)).collect();
        let mut out = Vec::with_capacity(width as usize * height as usize * channels);
        let mut rows = [(u32::MAX, Vec::new()), (u32::MAX, Vec::new())];
        for y in 0..height {
            let tap = Tap::at(y, self.height, height);
            if rows[1].0 == tap.first {
                rows.swap(0, 1);
            }
            for (row, wanted) in rows.iter_mut().zip([tap.first, tap.second]) {
                if row.0 != wanted {
                    *row = (wanted, self.widen(wanted, &taps, channels));
                }
            }
            let pairs = rows[0].1.iter().zip(&rows[1].1);
            out.extend(pairs.map(|(a, b): (&f32, &f32)| a + (b - a) * tap.weight));
        }
        Ok(out)
    }

    fn row(&self, y: u32) -> &[u8] {
        let size = self.width as usize * self.format.channels() as usize;
        &self.pixels[y as usize * size..][..size]
    }

    /// Row `y` in another width.
    fn widen(&self, y: u32, taps: &[Tap], channels: usize) -> Vec<f32> {
        let from = self.row(y);
        let mut out = Vec::with_capacity(taps.len() * channels);
        for tap in taps {
            let a = &from[tap.first as usize * channels..][..channels];
            let b = &from[tap.second as usize * channels..][..channels];
            let mix = |(near, far): (&u8, &u8)| {
                let start = f32::from(*near);
                start + (f32::from(*far) - start) * tap.weight
            };
            out.extend(a.iter().zip(b).map(mix));
        }
        out
    }

    /// In another format.
    #[must_use]
    pub fn convert(&self, format: Format) -> Self {
        let from = self.format;
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for pixel in self.pixels.chunks_exact(from.channels() as usize) {
            let colours = [0, 1, 2].map(|colour| pixel[from.place(colour)]);
            let alpha = if pixel.len() == 4 { pixel[3] } else { 255 };
            if format == Format::Grey {
                // the factors are of 2^16, and sum up to it
                let [r, g, b] = colours.map(u32::from);
                pixels.push(((r * 19595 + g * 38470 + b * 7471 + 32768) >> 16) as u8);
                continue;
            }
            pixels.extend([0, 1, 2].map(|place| colours[format.place(place)]));
            if format.channels() == 4 {
                pixels.push(alpha);
            }
        }
        Self {
            pixels,
            format,
            ..*self
        }
    }

    /// As a tensor: reordered, normalised, in either layout. Colours can change places, alpha be
    /// dropped and grey be repeated on the way; for grey from colour, convert first.
    pub fn pack(&self, packing: &Packing) -> Result<Vec<f32>> {
        let (step, channels) = (
            self.format.channels() as usize,
            packing.format.channels() as usize,
        );
        if (channels == 1 && step != 1) || (channels == 4 && step != 4) {
            return refuse("packing an image; it lacks such a channel: convert first");
        }
        let plane = self.width as usize * self.height as usize;
        let mut tensor = vec![0.0; plane * channels];
        for c in 0..channels {
            // channel c of the tensor is this colour, which the image keeps in this place
            let place = self.format.place(packing.format.place(c));
            let scale = packing.scale / packing.deviation[c];
            let offset = -packing.mean[c] / packing.deviation[c];
            let values = self
                .pixels
                .chunks_exact(step)
                .map(|pixel| f32::from(pixel[place]));
            let (start, stride) = match packing.layout {
                Layout::Nchw => (c * plane, 1),
                Layout::Nhwc => (c, channels),
            };
            let places = tensor[start.min(plane * channels)..]
                .iter_mut()
                .step_by(stride);
            for (to, byte) in places.zip(values) {
                *to = byte * scale + offset;
            }
        }
        Ok(tensor)
    }
}

/// Between which two pixels of a row or column a result lies, and how near it is to the second.
struct Tap {
    first: u32,
    second: u32,
    weight: f32,
}

impl Tap {
    fn at(i: u32, from: u32, to: u32) -> Self {
        let unit = 2 * u64::from(to); // places are counted in these, so that no bit is lost
        let place = ((2 * u64::from(i) + 1) * u64::from(from)).saturating_sub(to.into());
        let first = (place / unit) as u32;
        Self {
            first,
            second: (first + 1).min(from - 1), // at the end both are the last
            weight: (place % unit) as f32 / unit as f32,
        }
    }
}
