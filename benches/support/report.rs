//! Medians and ratios. A machine is never the same twice, so nothing is compared but what was
//! measured in turns.

/// The middle one; of an even number the mean of the two in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        (sorted[middle - 1] + sorted[middle]) / 2.0
    }
}

/// What so many of a hundred values did not exceed.
pub fn percentile(values: &[u32], percent: f64) -> f64 {
    assert!(!values.is_empty(), "nothing was measured");
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() as f64 * percent / 100.0).ceil() as usize;
    f64::from(sorted[rank.clamp(1, sorted.len()) - 1])
}

/// One thing that was measured in each round, beside others.
pub struct Series {
    pub name: &'static str,
    pub values: Vec<f64>,
}

impl Series {
    pub fn new(name: &'static str) -> Series {
        Series {
            name,
            values: Vec::new(),
        }
    }

    /// The median over the rounds of this one divided by `other` of the same round.
    pub fn ratio_to(&self, other: &Series) -> f64 {
        median(&self.ratios(other))
    }

    fn ratios(&self, other: &Series) -> Vec<f64> {
        let pairs = self.values.iter().zip(&other.values);
        pairs.map(|(mine, others)| mine / others).collect()
    }
}

/// A target for a ratio.
#[derive(Clone, Copy)]
pub enum Target {
    AtLeast(f64),
    AtMost(f64),
    /// Reported, and not judged.
    Open,
}

/// Prints the medians of all, and the ratio of each to the first.
pub fn print(title: &str, unit: &str, series: &[Series], target: Target) {
    println!("\n{title} (median of {} rounds)", series[0].values.len());
    for one in series {
        let middle = median(&one.values);
        print!("  {:<46} {middle:>12.1} {unit}", one.name);
        if std::ptr::eq(one, &series[0]) {
            println!();
            continue;
        }
        let mut ratios = one.ratios(&series[0]);
        ratios.sort_by(f64::total_cmp);
        let (low, high) = (ratios[0], ratios[ratios.len() - 1]);
        let ratio = median(&ratios);
        println!(
            "  ratio {ratio:.3} ({low:.3} to {high:.3}){}",
            verdict(ratio, target)
        );
    }
}

fn verdict(ratio: f64, target: Target) -> String {
    let (wanted, is_met) = match target {
        Target::AtLeast(least) => (format!("at least {least}"), ratio >= least),
        Target::AtMost(most) => (format!("at most {most}"), ratio <= most),
        Target::Open => return String::new(),
    };
    let word = if is_met { "met" } else { "MISSED" };
    format!("  target {wanted}: {word}")
}
