//! The text format of Prometheus (version 0.0.4): families of samples, each with its help and type.
//!
//! Names get the prefix `turnkey_` here. Labels are words of the code, so none needs escaping.

use std::fmt::{Display, Write};

use crate::measure::Histogram;

/// The labels of a sample.
pub type Labels<'a> = &'a [(&'static str, &'a str)];

/// A text under construction.
#[derive(Default)]
pub struct Text(String);

/// The type of a family.
#[derive(Clone, Copy)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// It counts values by size.
    Histogram,
}

/// A family whose samples may follow.
pub struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
}

impl Text {
    /// The whole text.
    pub fn finish(self) -> String {
        self.0
    }

    /// Begins a family: its help and its type.
    pub fn family(&mut self, kind: Kind, name: &'static str, help: &str) -> Family<'_> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        write(&mut self.0, format_args!("# HELP turnkey_{name} {help}\n"));
        write(&mut self.0, format_args!("# TYPE turnkey_{name} {kind}\n"));
        Family {
            text: &mut self.0,
            name,
        }
    }

    /// A counter without labels.
    pub fn counter(&mut self, name: &'static str, help: &str, value: u64) {
        self.family(Kind::Counter, name, help).sample(&[], value);
    }

    /// A gauge without labels.
    pub fn gauge(&mut self, name: &'static str, help: &str, value: impl Display) {
        self.family(Kind::Gauge, name, help).sample(&[], value);
    }

    /// Adds a histogram without labels. `unit` is the number of its whole numbers in one unit of the metric.
    pub fn histogram(&mut self, name: &'static str, help: &str, values: &Histogram, unit: f64) {
        let mut family = self.family(Kind::Histogram, name, help);
        family.histogram(&[], values, unit);
    }
}

impl Family<'_> {
    /// One line of the family.
    pub fn sample(&mut self, labels: Labels<'_>, value: impl Display) {
        self.line("", labels, value);
    }

    /// The lines of a histogram. `unit` is as for [`Text::histogram`].
    pub fn histogram(&mut self, labels: Labels<'_>, values: &Histogram, unit: f64) {
        let mut count = 0;
        for (bound, up_to) in values.cumulative() {
            let bound = bound.map_or("+Inf".to_owned(), |bound| (bound as f64 / unit).to_string());
            let labels: Vec<_> = labels
                .iter()
                .copied()
                .chain([("le", bound.as_str())])
                .collect();
            self.line("_bucket", &labels, up_to);
            count = up_to;
        }
        self.line("_sum", labels, values.sum() as f64 / unit);
        self.line("_count", labels, count);
    }

    fn line(&mut self, suffix: &str, labels: Labels<'_>, value: impl Display) {
        write(self.text, format_args!("turnkey_{}{suffix}", self.name));
        for (index, (label, value)) in labels.iter().enumerate() {
            let opening = if index == 0 { '{' } else { ',' };
            write(self.text, format_args!("{opening}{label}=\"{value}\""));
        }
        let closing = if labels.is_empty() { "" } else { "}" };
        write(self.text, format_args!("{closing} {value}\n"));
    }
}

fn write(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_follow_their_family() {
        let mut text = Text::default();
        let mut drops = text.family(Kind::Counter, "drops_total", "Sockets dropped.");
        drops.sample(&[("reason", "full"), ("by", "us")], 3);
        text.gauge("ready", "Ready.", 1);
        assert_eq!(
            text.finish(),
            "# HELP turnkey_drops_total Sockets dropped.\n# TYPE turnkey_drops_total counter\n\
             turnkey_drops_total{reason=\"full\",by=\"us\"} 3\n\
             # HELP turnkey_ready Ready.\n# TYPE turnkey_ready gauge\nturnkey_ready 1\n"
        );
    }

    #[test]
    fn a_histogram_counts_up_to_each_bound() {
        let values = Histogram::new(&[500_000]);
        values.record(250_000);
        values.record(750_000);
        let mut text = Text::default();
        text.histogram("took_seconds", "Took.", &values, 1e6);
        let text = text.finish();
        let samples = text.split_once("histogram\n").expect("a type").1;
        assert_eq!(
            samples,
            "turnkey_took_seconds_bucket{le=\"0.5\"} 1\n\
             turnkey_took_seconds_bucket{le=\"+Inf\"} 2\n\
             turnkey_took_seconds_sum 1\nturnkey_took_seconds_count 2\n"
        );
    }
}
