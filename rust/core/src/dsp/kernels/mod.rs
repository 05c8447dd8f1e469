//! SIMD kernels: the arithmetic of the audio path, for the best instruction set the CPU has.
//!
//! Every kernel exists as a scalar reference (`reference.rs`, the textbook loop) and once more in the
//! vector operations of `simd.rs`, from which the compiler makes an AVX2 and an AVX-512 version. A
//! [`Kernels`] value is chosen once, when a stage is made; calling a kernel costs one predictable
//! branch.
//!
//! How far the versions may differ is part of each kernel's documentation, and tested for any
//! length, alignment, NaN, infinities and denormals:
//!
//! | kernels | difference from the reference |
//! |---|---|
//! | gain, mix, multiply, downmix, limiter, interleaving, conversions, dither, peak, clip count | none, to the last bit |
//! | sums and sums of squares, in `f64` | 10⁻¹² of the sum of the sizes |
//! | dot product and FIR of n taps | 2 n ulp: 2 n · 2⁻²⁴ of the sum of the sizes of the products |
//! | biquads | 1.2 · 10⁻⁷ of the largest size in or out (one rounding to `f32`) |

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod biquad;
mod convert;
mod dither;
mod dot;
mod fir;
mod gain;
mod interleave;
mod level;
mod limiter;
mod mix;
mod reference;
mod scan;
mod simd;
mod window;

use std::{env, fmt, str::FromStr, sync::OnceLock};

#[cfg(target_arch = "x86_64")]
use {avx2::Avx2, avx512::Avx512};

pub use biquad::Section;
pub use dither::Dither;
pub use level::Sums;
pub use limiter::SoftLimit;
use simd::Simd;
pub(crate) use window::bessel_i0;
pub use window::{hamming, hann, kaiser};

/// The environment variable that forces an instruction set.
pub const VARIABLE: &str = "VOICESTAND_SIMD";

/// What kernels can be compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InstructionSet {
    /// The reference loops, with whatever every CPU of the architecture has.
    Scalar,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512 F, BW, DQ and VL.
    Avx512,
}

impl InstructionSet {
    /// All of them, the best last.
    pub const ALL: [Self; 3] = [Self::Scalar, Self::Avx2, Self::Avx512];

    /// As [`VARIABLE`] spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }
}

impl fmt::Display for InstructionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for InstructionSet {
    type Err = SimdError;

    fn from_str(name: &str) -> Result<Self, SimdError> {
        let found = Self::ALL.into_iter().find(|set| set.name() == name);
        found.ok_or_else(|| SimdError::Unknown(name.to_owned()))
    }
}

/// Why an instruction set cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SimdError {
    /// No such name.
    Unknown(String),
    /// This CPU does not have it.
    Unsupported(InstructionSet),
}

impl fmt::Display for SimdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let best = Kernels::best().instruction_set();
        match self {
            Self::Unknown(name) => {
                write!(f, "{VARIABLE}={name}: scalar, avx2 or avx512 is wanted")
            }
            Self::Unsupported(set) => write!(
                f,
                "{VARIABLE}={set}: this CPU does not have it; {best} is the best it has"
            ),
        }
    }
}

impl std::error::Error for SimdError {}

/// The kernels of one instruction set, which this CPU is known to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernels(Set);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

impl Kernels {
    /// The kernels of `set`.
    ///
    /// # Errors
    ///
    /// [`SimdError::Unsupported`] where the CPU does not have it.
    pub fn of(set: InstructionSet) -> Result<Self, SimdError> {
        let found = match set {
            InstructionSet::Scalar => Some(Set::Scalar),
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => Avx2::detect().map(Set::Avx2),
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => Avx512::detect().map(Set::Avx512),
            #[cfg(not(target_arch = "x86_64"))]
            _ => None,
        };
        found.map(Self).ok_or(SimdError::Unsupported(set))
    }

    /// What this CPU has, the best last.
    pub fn available() -> impl Iterator<Item = Self> {
        InstructionSet::ALL
            .into_iter()
            .filter_map(|set| Self::of(set).ok())
    }

    /// The best this CPU has.
    #[must_use]
    pub fn best() -> Self {
        Self::available().last().unwrap_or(Self(Set::Scalar))
    }

    /// What [`VARIABLE`] asks for, the best where it asks for nothing. It is looked at once.
    ///
    /// # Errors
    ///
    /// It asks for what does not exist or this CPU does not have.
    pub fn chosen() -> Result<Self, SimdError> {
        static CHOSEN: OnceLock<Result<Kernels, SimdError>> = OnceLock::new();
        let chosen = CHOSEN.get_or_init(|| match env::var_os(VARIABLE) {
            Some(name) if !name.is_empty() => Self::of(name.to_string_lossy().parse()?),
            _ => Ok(Self::best()),
        });
        chosen.clone()
    }

    /// [`chosen`](Self::chosen), or the scalar kernels, which every CPU has, where that is an error:
    /// for what is made after whoever starts has reported it.
    #[must_use]
    pub fn chosen_or_scalar() -> Self {
        Self::chosen().unwrap_or(Self(Set::Scalar))
    }

    /// Which instruction set this is.
    #[must_use]
    pub const fn instruction_set(self) -> InstructionSet {
        match self.0 {
            Set::Scalar => InstructionSet::Scalar,
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(_) => InstructionSet::Avx2,
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(_) => InstructionSet::Avx512,
        }
    }

    /// Runs `kernel` in this instruction set.
    #[inline]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            Set::Scalar => kernel.scalar(),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Avx2` exists only where the CPU has AVX2 and FMA.
            Set::Avx2(simd) => unsafe { in_avx2(simd, kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: an `Avx512` exists only where the CPU has these parts of AVX-512.
            Set::Avx512(simd) => unsafe { in_avx512(simd, kernel) },
        }
    }
}

/// Both, as far as both go.
#[inline(always)]
fn common<'a, F, T>(from: &'a [F], to: &'a mut [T]) -> (&'a [F], &'a mut [T]) {
    let length = from.len().min(to.len());
    (
        from.get(..length).unwrap_or_default(),
        to.get_mut(..length).unwrap_or_default(),
    )
}

/// A call of a kernel: its arguments, and what to do with them.
///
/// `simd` must be `#[inline(always)]`, and so must all that it calls with vectors: only what ends up
/// inside [`in_avx2`] or [`in_avx512`] is compiled for that instruction set.
pub(crate) trait Kernel {
    type Output;

    /// The reference.
    fn scalar(self) -> Self::Output;

    /// The same in vectors.
    fn simd<S: Simd>(self, s: S) -> Self::Output;
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn in_avx2<K: Kernel>(simd: Avx2, kernel: K) -> K::Output {
    kernel.simd(simd)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn in_avx512<K: Kernel>(simd: Avx512, kernel: K) -> K::Output {
    kernel.simd(simd)
}
