//! Between floats, 1 being full scale, and integers of 16, 24 (packed) and 32 bits.

use super::{
    Dither, Kernel, Kernels, Simd, common,
    dither::{quantize, triangular, xorshift},
    reference,
};

/// Full scale of 16 bits.
const FULL_16: f32 = 32_768.0;
/// Full scale of 24 bits.
const FULL_24: f32 = 8_388_608.0;
/// Full scale of 32 bits.
const FULL_32: f32 = 2_147_483_648.0;

/// Conversions go as far as both slices do, and are equal to the reference to the last bit. Floats
/// beyond full scale saturate, and NaN gives 0.
impl Kernels {
    /// 16-bit integers to floats: divided by 2¹⁵, exactly.
    pub fn i16_to_f32(self, from: &[i16], to: &mut [f32]) {
        self.run(FromI16(from, to));
    }

    /// Packed 24-bit integers, little end first, to floats: divided by 2²³, exactly.
    pub fn i24_to_f32(self, from: &[[u8; 3]], to: &mut [f32]) {
        self.run(FromI24(from, to));
    }

    /// 32-bit integers to floats: divided by 2³¹, rounded to the nearest float.
    pub fn i32_to_f32(self, from: &[i32], to: &mut [f32]) {
        self.run(FromI32(from, to));
    }

    /// Floats to 16-bit integers, with `dither` or rounded to the nearest (halves down from even).
    pub fn f32_to_i16(self, from: &[f32], to: &mut [i16], dither: Option<&mut Dither>) {
        match dither {
            Some(dither) => self.run(ToI16::<true>(from, to, &mut dither.state)),
            None => self.run(ToI16::<false>(from, to, &mut [0; 16])),
        }
    }

    /// Floats to packed 24-bit integers, little end first, with `dither` or rounded to the nearest.
    pub fn f32_to_i24(self, from: &[f32], to: &mut [[u8; 3]], dither: Option<&mut Dither>) {
        match dither {
            Some(dither) => self.run(ToI24::<true>(from, to, &mut dither.state)),
            None => self.run(ToI24::<false>(from, to, &mut [0; 16])),
        }
    }

    /// Floats to 32-bit integers, rounded to the nearest, halves to even. There is nothing to dither:
    /// above −42 dBFS a float has no bits below these, and below it the noise would be at −186 dBFS.
    pub fn f32_to_i32(self, from: &[f32], to: &mut [i32]) {
        self.run(ToI32(from, to));
    }
}

struct FromI16<'a>(&'a [i16], &'a mut [f32]);

impl Kernel for FromI16<'_> {
    type Output = ();

    fn scalar(self) {
        reference::i16_to_f32(self.0, self.1);
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) {
        let (from, to) = common(self.0, self.1);
        let (from, from_rest) = from.as_chunks();
        let (to, to_rest) = to.as_chunks_mut();
        let scale = s.splat(1.0 / FULL_16);
        for (to, from) in to.iter_mut().zip(from) {
            s.store(s.mul(s.to_float(s.load_i16(from)), scale), to);
        }
        reference::i16_to_f32(from_rest, to_rest);
    }
}

struct FromI24<'a>(&'a [[u8; 3]], &'a mut [f32]);

impl Kernel for FromI24<'_> {
    type Output = ();

    fn scalar(self) {
        reference::i24_to_f32(self.0, self.1);
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) {
        let (from, to) = common(self.0, self.1);
        let (to, to_rest) = to.as_chunks_mut::<16>();
        let (blocks, from_rest) = from.as_chunks::<16>();
        let scale = s.splat(1.0 / FULL_24);
        for (to, from) in to
            .iter_mut()
            .zip(blocks.as_flattened().as_flattened().as_chunks().0)
        {
            s.store(s.mul(s.to_float(s.load_i24(from)), scale), to);
        }
        reference::i24_to_f32(from_rest, to_rest);
    }
}

struct FromI32<'a>(&'a [i32], &'a mut [f32]);

impl Kernel for FromI32<'_> {
    type Output = ();

    fn scalar(self) {
        reference::i32_to_f32(self.0, self.1);
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) {
        let (from, to) = common(self.0, self.1);
        let (from, from_rest) = from.as_chunks();
        let (to, to_rest) = to.as_chunks_mut();
        let scale = s.splat(1.0 / FULL_32);
        for (to, from) in to.iter_mut().zip(from) {
            s.store(s.mul(s.to_float(s.load_i32(from)), scale), to);
        }
        reference::i32_to_f32(from_rest, to_rest);
    }
}

struct ToI16<'a, const DITHERED: bool>(&'a [f32], &'a mut [i16], &'a mut [u32; 16]);

impl<const DITHERED: bool> Kernel for ToI16<'_, DITHERED> {
    type Output = ();

    fn scalar(self) {
        if DITHERED {
            reference::f32_to_i16_dithered(self.0, self.1, self.2);
        } else {
            reference::f32_to_i16(self.0, self.1);
        }
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) {
        let (from, to) = common(self.0, self.1);
        let (from, from_rest) = from.as_chunks();
        let (to, to_rest) = to.as_chunks_mut();
        if DITHERED {
            let mut state = s.load_uint(self.2);
            for (to, from) in to.iter_mut().zip(from) {
                state = xorshift(s, state);
                let noise = triangular(s, state);
                s.store_i16(quantize(s, s.load(from), FULL_16, noise), to);
            }
            s.store_uint(state, self.2);
            reference::f32_to_i16_dithered(from_rest, to_rest, self.2);
        } else {
            let none = s.splat(0.0);
            for (to, from) in to.iter_mut().zip(from) {
                s.store_i16(quantize(s, s.load(from), FULL_16, none), to);
            }
            reference::f32_to_i16(from_rest, to_rest);
        }
    }
}

struct ToI24<'a, const DITHERED: bool>(&'a [f32], &'a mut [[u8; 3]], &'a mut [u32; 16]);

impl<const DITHERED: bool> Kernel for ToI24<'_, DITHERED> {
    type Output = ();

    fn scalar(self) {
        if DITHERED {
            reference::f32_to_i24_dithered(self.0, self.1, self.2);
        } else {
            reference::f32_to_i24(self.0, self.1);
        }
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) {
        let (from, to) = common(self.0, self.1);
        let (from, from_rest) = from.as_chunks::<16>();
        let (blocks, to_rest) = to.as_chunks_mut::<16>();
        let bytes = blocks.as_flattened_mut().as_flattened_mut();
        let to = bytes.as_chunks_mut().0;
        if DITHERED {
            let mut state = s.load_uint(self.2);
            for (to, from) in to.iter_mut().zip(from) {
                state = xorshift(s, state);
                let noise = triangular(s, state);
                s.store_i24(quantize(s, s.load(from), FULL_24, noise), to);
            }
            s.store_uint(state, self.2);
            reference::f32_to_i24_dithered(from_rest, to_rest, self.2);
        } else {
            let none = s.splat(0.0);
            for (to, from) in to.iter_mut().zip(from) {
                s.store_i24(quantize(s, s.load(from), FULL_24, none), to);
            }
            reference::f32_to_i24(from_rest, to_rest);
        }
    }
}

struct ToI32<'a>(&'a [f32], &'a mut [i32]);

impl Kernel for ToI32<'_> {
    type Output = ();

    fn scalar(self) {
        reference::f32_to_i32(self.0, self.1);
    }

    #[inline(always)]
    fn simd<S: Simd>(self, s: S) {
        let (from, to) = common(self.0, self.1);
        let (from, from_rest) = from.as_chunks();
        let (to, to_rest) = to.as_chunks_mut();
        let full = s.splat(FULL_32);
        for (to, from) in to.iter_mut().zip(from) {
            let scaled = s.mul(s.zero_nan(s.load(from)), full);
            // Beyond the range `round` gives the smallest integer: right below, and above it all
            // bits of it must be turned over.
            let above = s.round(s.select_le(full, scaled, s.splat(-1.0), s.splat(0.0)));
            s.store_i32(s.xor(s.round(scaled), above), to);
        }
        reference::f32_to_i32(from_rest, to_rest);
    }
}
