//! The references as symbols of an object file, compiled by the build script.

#[macro_use]
mod references;
#[path = "../../core/src/dsp/kernels/reference.rs"]
mod reference;

macro_rules! export {
    ($(fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)*) => {
        $(
            #[unsafe(export_name = concat!("voicestand_unvectorized_", stringify!($name)))]
            fn $name($($argument: $type),*) $(-> $result)? {
                reference::$name($($argument),*)
            }
        )*
    };
}
references!(export);
