//! K-weighting after ITU-R BS.1770: how loud frequencies are to a head, for any sample rate.

use super::kernels::Section;

/// The sample rate that the recommendation gives its coefficients for, Hz.
const GIVEN_RATE: f64 = 48_000.0;
/// The shelf of the head, +4 dB above 2 kHz: b, and a with a₀ (BS.1770-5, table 1).
const SHELF: ([f64; 3], [f64; 3]) = (
    [
        1.535_124_859_586_97,
        -2.691_696_189_406_38,
        1.198_392_810_852_85,
    ],
    [1.0, -1.690_659_293_182_41, 0.732_480_774_215_85],
);
/// The high-pass behind it, at 38 Hz (table 2).
const HIGH_PASS: ([f64; 3], [f64; 3]) = (
    [1.0, -2.0, 1.0],
    [1.0, -1.990_047_454_833_98, 0.990_072_250_366_21],
);
/// Below this the shelf has no room under half the sample rate, Hz.
pub(super) const LEAST_RATE: u32 = 8_000;

/// The two sections at `sample_rate` Hz, at least [`LEAST_RATE`].
pub(super) fn k_weighting(sample_rate: u32) -> [Section; 2] {
    [SHELF, HIGH_PASS].map(|(b, a)| at_rate(b, a, f64::from(sample_rate)))
}

/// The same analogue filter, sampled at another rate: the bilinear transform is undone and done
/// anew, so that the section's own corner stays where it is.
fn at_rate(b: [f64; 3], a: [f64; 3], rate: f64) -> Section {
    let [constant, _, square] = bilinear(a);
    let corner = (constant / square).sqrt();
    let stretch = corner / (corner.atan() * GIVEN_RATE / rate).tan();
    let again = |digital: [f64; 3]| {
        let [p0, p1, p2] = bilinear(digital);
        bilinear([p0, p1 * stretch, p2 * stretch * stretch])
    };
    let (b, [a0, a1, a2]) = (again(b), again(a));
    Section::new(b.map(|b| b / a0), [a1 / a0, a2 / a0])
}

/// The coefficients of (1 + w)² p((1 − w)/(1 + w)): its own inverse, but for a factor of 4.
fn bilinear([c0, c1, c2]: [f64; 3]) -> [f64; 3] {
    [c0 + c1 + c2, 2.0 * (c0 - c2), c0 - c1 + c2]
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    /// |H| of both sections in dB.
    fn gain_db(rate: u32, hertz: f64) -> f64 {
        let omega = 2.0 * PI * hertz / f64::from(rate);
        let size = |[c0, c1, c2]: [f64; 3]| {
            let re = c0 + c1 * omega.cos() + c2 * (2.0 * omega).cos();
            let im = c1 * omega.sin() + c2 * (2.0 * omega).sin();
            re.hypot(im)
        };
        k_weighting(rate)
            .iter()
            .map(|section| {
                let (b, [a1, a2]) = section.coefficients();
                20.0 * (size(b) / size([1.0, a1, a2])).log10()
            })
            .sum()
    }

    #[test]
    fn at_48_khz_it_is_the_table_of_the_recommendation() {
        for (section, (b, [_, a1, a2])) in k_weighting(48_000).iter().zip([SHELF, HIGH_PASS]) {
            let (found_b, found_a) = section.coefficients();
            for (found, given) in found_b.iter().zip(b).chain(found_a.iter().zip([a1, a2])) {
                assert!((found - given).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn every_rate_weighs_alike() {
        for rate in [LEAST_RATE, 16_000, 44_100, 96_000] {
            for hertz in [20.0, 38.0, 100.0, 500.0, 997.0, 2_000.0] {
                let off = gain_db(rate, hertz) - gain_db(48_000, hertz);
                assert!(off.abs() < 0.25, "{off} dB at {hertz} Hz, {rate} Hz");
            }
        }
    }
}
