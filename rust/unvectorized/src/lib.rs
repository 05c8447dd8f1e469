//! The scalar references of `voicestand_core::dsp::kernels`, compiled without vectorization: what one
//! sample after the other costs. For benches only.

#[macro_use]
mod references;

macro_rules! import {
    ($(fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)*) => {
        // SAFETY: the build script has the same compiler make these functions of the same list.
        unsafe extern "Rust" {
            $(
                #[doc = concat!("`reference::", stringify!($name), "`.")]
                #[link_name = concat!("voicestand_unvectorized_", stringify!($name))]
                pub safe fn $name($($argument: $type),*) $(-> $result)?;
            )*
        }
    };
}
references!(import);
