//! The record of a measured claim, as `voicestand bench` reads it: one JSON object a line, appended
//! to the file that the environment variable `VOICESTAND_BENCH_RECORD` names. The fields are those of
//! `python/voicestand/bench/record.py`.
//!
//! ```ignore
//! mod record;
//! record::Record::new("ring-one-reader", "a block costs no more than in rtrb")
//!     .input("480 f32 frames, one thread")
//!     .unit("ns")
//!     .ours(&ours)
//!     .peer("rtrb", &theirs)
//!     .ratio("rtrb", 1.0)
//!     .write();
//! ```
#![allow(
    dead_code,
    reason = "every bench compiles its own copy and needs a part of it"
)]

use std::{
    env,
    fmt::Write as _,
    fs::OpenOptions,
    io::{self, Write as _},
    process,
};

const VARIABLE: &str = "VOICESTAND_BENCH_RECORD";
/// Samples kept of a side; of more, so many are taken at even distances, the same of every side.
const MOST_SAMPLES: usize = 4096;

/// Whether the record is wanted: criterion's own measurements may then be left out.
pub fn wanted() -> bool {
    env::var_os(VARIABLE).is_some()
}

/// One claim as it was measured. Samples of all sides with the same index come from one turn; they
/// are finite and not negative.
#[derive(Debug)]
pub struct Record {
    name: String,
    claim: String,
    input: String,
    unit: String,
    better: &'static str,
    statistic: &'static str,
    ours: Vec<f64>,
    peers: Vec<(String, Vec<f64>)>,
    absent: Vec<(String, String)>,
    bounds: Vec<(f64, Option<String>)>,
}

impl Record {
    /// A claim: its name (`a-z`, `0-9`, `.` and `-`), which stays the same for ever, and one line that
    /// promises something. Lower is better and medians are compared, unless said otherwise.
    pub fn new(name: &str, claim: &str) -> Self {
        Self {
            name: name.to_owned(),
            claim: claim.to_owned(),
            input: String::new(),
            unit: String::new(),
            better: "lower",
            statistic: "median",
            ours: Vec::new(),
            peers: Vec::new(),
            absent: Vec::new(),
            bounds: Vec::new(),
        }
    }

    /// What is measured on what.
    pub fn input(mut self, input: &str) -> Self {
        self.input = input.to_owned();
        self
    }

    /// The unit of all samples, `ns` for example.
    pub fn unit(mut self, unit: &str) -> Self {
        self.unit = unit.to_owned();
        self
    }

    /// Higher samples are better: throughput, decibels.
    pub fn higher_is_better(mut self) -> Self {
        self.better = "higher";
        self
    }

    /// What of the samples is compared: `median`, `p95`, `p99`, `p99.9`, `max` or `min`.
    pub fn statistic(mut self, statistic: &'static str) -> Self {
        self.statistic = statistic;
        self
    }

    /// Our samples, one a turn.
    pub fn ours(mut self, samples: &[f64]) -> Self {
        self.ours = thinned(samples);
        self
    }

    /// A peer's samples, one a turn.
    pub fn peer(mut self, peer: &str, samples: &[f64]) -> Self {
        self.peers.push((peer.to_owned(), thinned(samples)));
        self
    }

    /// A peer that could not be measured here, and why.
    pub fn absent(mut self, peer: &str, why: &str) -> Self {
        self.absent.push((peer.to_owned(), why.to_owned()));
        self
    }

    /// Promises a ratio of at least `least` to `peer`: how many times better ours is, peer / ours where
    /// lower is better.
    pub fn ratio(mut self, peer: &str, least: f64) -> Self {
        self.bounds.push((least, Some(peer.to_owned())));
        self
    }

    /// Promises our figure to be at most `value` (at least, where higher is better), in the unit.
    pub fn value(mut self, value: f64) -> Self {
        self.bounds.push((value, None));
        self
    }

    /// Appends the record to the file that `VOICESTAND_BENCH_RECORD` names, if it does; ends the bench
    /// if it cannot be written.
    pub fn write(self) {
        if let Err(error) = self.append() {
            eprintln!("{}: cannot write the record: {error}", self.name);
            process::exit(1);
        }
    }

    fn append(&self) -> io::Result<()> {
        let Some(path) = env::var_os(VARIABLE) else {
            return Ok(());
        };
        let mut samples = self.peers.iter().flat_map(|(_, samples)| samples);
        if self.ours.is_empty() || !self.ours.iter().chain(&mut samples).all(|s| s.is_finite()) {
            return Err(io::Error::other("a sample is missing or not finite"));
        }
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        file.write_all(self.line().as_bytes())
    }

    fn line(&self) -> String {
        let peers = object(&self.peers, |samples| array(samples));
        let absent = object(&self.absent, |why| quoted(why));
        let bounds: Vec<String> = self
            .bounds
            .iter()
            .map(|(value, peer)| match peer {
                Some(peer) => format!("{{\"value\":{value},\"peer\":{}}}", quoted(peer)),
                None => format!("{{\"value\":{value}}}"),
            })
            .collect();
        format!(
            "{{\"name\":{},\"claim\":{},\"input\":{},\"unit\":{},\"better\":{},\"statistic\":{},\
             \"ours\":{},\"peers\":{peers},\"absent\":{absent},\"bounds\":[{}]}}\n",
            quoted(&self.name),
            quoted(&self.claim),
            quoted(&self.input),
            quoted(&self.unit),
            quoted(self.better),
            quoted(self.statistic),
            array(&self.ours),
            bounds.join(",")
        )
    }
}

fn thinned(samples: &[f64]) -> Vec<f64> {
    let kept = samples.len().min(MOST_SAMPLES);
    (0..kept)
        .filter_map(|number| samples.get(number * samples.len() / kept).copied())
        .collect()
}

fn array(samples: &[f64]) -> String {
    // Six significant digits are more than any clock here has.
    let written: Vec<String> = samples
        .iter()
        .map(|sample| format!("{sample:.5e}"))
        .collect();
    format!("[{}]", written.join(","))
}

fn object<T>(entries: &[(String, T)], json: impl Fn(&T) -> String) -> String {
    let written: Vec<String> = entries
        .iter()
        .map(|(key, value)| format!("{}:{}", quoted(key), json(value)))
        .collect();
    format!("{{{}}}", written.join(","))
}

fn quoted(text: &str) -> String {
    let mut json = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            control if control < ' ' => {
                let _ = write!(json, "\\u{:04x}", u32::from(control));
            }
            other => json.push(other),
        }
    }
    json.push('"');
    json
}
