//! The vector operations that every kernel is written in, for any instruction set.

/// Vectors of one instruction set: 16 floats, 16 integers or 8 doubles at a time, in as many
/// registers as that takes.
///
/// A value of an implementing type is the proof that the CPU has its instructions: it is made only
/// where that was detected. All methods have the semantics of IEEE 754, without flushing denormals,
/// and none is fused or reordered except [`mul_add`](Self::mul_add), so that what is computed
/// element by element is equal to the last bit in every instruction set.
pub(crate) trait Simd: Copy {
    /// Whether there are 32 registers, not 16.
    const MANY_REGISTERS: bool;
    /// 16 × `f32`.
    type Floats: Copy;
    /// 16 × `i32` or `u32`.
    type Ints: Copy;
    /// 8 × `f64`.
    type Doubles: Copy;

    fn splat(self, value: f32) -> Self::Floats;
    fn load(self, from: &[f32; 16]) -> Self::Floats;
    fn store(self, value: Self::Floats, to: &mut [f32; 16]);
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn sub(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// a · b + c, rounded once.
    fn mul_add(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// The smaller; `b` where one of them is NaN.
    fn min(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// The larger; `b` where one of them is NaN.
    fn max(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn abs(self, a: Self::Floats) -> Self::Floats;
    /// `a`, which is not negative, with the sign of `b`.
    fn with_sign(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn floor(self, a: Self::Floats) -> Self::Floats;
    /// `a`, but 0 for NaN.
    fn zero_nan(self, a: Self::Floats) -> Self::Floats;
    /// `a`, but 0 where `b` is NaN.
    fn zero_where_nan(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a`, but 0 where it is no finite number.
    fn zero_non_finite(self, a: Self::Floats) -> Self::Floats;
    /// `yes` where `a` ≤ `b`, otherwise, and where one of them is NaN, `no`.
    fn select_le(
        self,
        a: Self::Floats,
        b: Self::Floats,
        yes: Self::Floats,
        no: Self::Floats,
    ) -> Self::Floats;
    /// `count`, each lane one more where `a` ≥ `b`.
    fn tally_ge(self, count: Self::Ints, a: Self::Floats, b: Self::Floats) -> Self::Ints;
    /// Whether every `a` ≤ `b`.
    fn all_le(self, a: Self::Floats, b: Self::Floats) -> bool;
    /// The sum of all 16.
    fn reduce_add(self, a: Self::Floats) -> f32;
    /// The largest of all 16, none of which is NaN.
    fn reduce_max(self, a: Self::Floats) -> f32;
    /// a0 b0 a1 b1 …, to memory.
    fn store_zip(self, a: Self::Floats, b: Self::Floats, to: &mut [f32; 32]);
    /// The inverse of [`store_zip`](Self::store_zip), from memory: loads put halves in their places.
    fn load_unzip(self, from: &[f32; 32]) -> (Self::Floats, Self::Floats);
    /// The columns of eight rows of eight, two to a vector.
    fn load_columns(self, from: &[f32; 64]) -> [Self::Floats; 4];
    /// The inverse of [`load_columns`](Self::load_columns).
    fn store_columns(self, value: [Self::Floats; 4], to: &mut [f32; 64]);

    fn splat_int(self, value: i32) -> Self::Ints;
    fn load_uint(self, from: &[u32; 16]) -> Self::Ints;
    fn store_uint(self, value: Self::Ints, to: &mut [u32; 16]);
    fn load_i32(self, from: &[i32; 16]) -> Self::Ints;
    fn store_i32(self, value: Self::Ints, to: &mut [i32; 16]);
    /// Sign-extends.
    fn load_i16(self, from: &[i16; 16]) -> Self::Ints;
    /// Saturates.
    fn store_i16(self, value: Self::Ints, to: &mut [i16; 16]);
    /// Sign-extends three bytes, little end first.
    fn load_i24(self, from: &[u8; 48]) -> Self::Ints;
    /// Keeps the lower three bytes.
    fn store_i24(self, value: Self::Ints, to: &mut [u8; 48]);
    fn add_int(self, a: Self::Ints, b: Self::Ints) -> Self::Ints;
    fn min_int(self, a: Self::Ints, b: Self::Ints) -> Self::Ints;
    fn max_int(self, a: Self::Ints, b: Self::Ints) -> Self::Ints;
    fn xor(self, a: Self::Ints, b: Self::Ints) -> Self::Ints;
    fn and(self, a: Self::Ints, b: Self::Ints) -> Self::Ints;
    fn shift_left<const N: u32>(self, a: Self::Ints) -> Self::Ints;
    /// Shifts zeros in.
    fn shift_right<const N: u32>(self, a: Self::Ints) -> Self::Ints;
    /// To the nearest integer, halves to the even one; beyond the range of `i32`, its smallest.
    fn round(self, a: Self::Floats) -> Self::Ints;
    fn to_float(self, a: Self::Ints) -> Self::Floats;

    /// The first and the second eight.
    fn widen(self, a: Self::Floats) -> [Self::Doubles; 2];
    fn narrow(self, a: [Self::Doubles; 2]) -> Self::Floats;
    fn splat_f64(self, value: f64) -> Self::Doubles;
    fn load_f64(self, from: &[f64; 8]) -> Self::Doubles;
    fn store_f64(self, value: Self::Doubles, to: &mut [f64; 8]);
    fn add_f64(self, a: Self::Doubles, b: Self::Doubles) -> Self::Doubles;
    fn sub_f64(self, a: Self::Doubles, b: Self::Doubles) -> Self::Doubles;
    fn mul_f64(self, a: Self::Doubles, b: Self::Doubles) -> Self::Doubles;
    fn mul_add_f64(self, a: Self::Doubles, b: Self::Doubles, c: Self::Doubles) -> Self::Doubles;
    /// The same where the first four of `b` are zero.
    fn mul_add_late(self, a: Self::Doubles, b: Self::Doubles, c: Self::Doubles) -> Self::Doubles;
    /// The sum of all 8.
    fn reduce_add_f64(self, a: Self::Doubles) -> f64;
    /// All lanes one up, the last one lost, the first 0.
    fn up_1_f64(self, a: Self::Doubles) -> Self::Doubles;
    /// All lanes two up, the first two 0.
    fn up_2_f64(self, a: Self::Doubles) -> Self::Doubles;
    /// All lanes four up, the first four 0.
    fn up_4_f64(self, a: Self::Doubles) -> Self::Doubles;
    /// Eight times the last.
    fn splat_last_f64(self, a: Self::Doubles) -> Self::Doubles;
}

/// Methods of [`Simd`] as intrinsics.
macro_rules! intrinsics {
    ($(fn $name:ident $(<const $n:ident: u32>)? ($($arg:ident: $type:ty),*) $(-> $result:ty)? $body:block)*) => {
        $(
            #[inline(always)]
            fn $name $(<const $n: u32>)? (self, $($arg: $type),*) $(-> $result)? {
                // SAFETY: a value of `Self` exists only where the CPU has its instructions, and
                // loads and stores have the size of the array they are given.
                unsafe { $body }
            }
        )*
    };
}
pub(super) use intrinsics;
