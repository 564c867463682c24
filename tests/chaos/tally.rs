//! Counts of what happened, taken after each fault, and the table of them.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

#[derive(Default)]
pub struct Tally {
    counts: Mutex<Counts>,
    /// Sockets that were cut off and are not back.
    pub astray: AtomicI64,
}

#[derive(Clone, Default)]
pub struct Counts {
    pub faults: u32,
    /// Events that the players recorded.
    pub events: u64,
    /// Calls of players that were repeated, without an answer to the first.
    pub repeats: u64,
    /// Answers that say that the call was answered before.
    pub replayed: u64,
    pub connects: u64,
    /// Sockets that left by themselves.
    pub left: u64,
    /// Sockets that were told 1012, after a goodbye.
    pub sent_away: u64,
    pub cut: u64,
    pub frames: u64,
    pub updates: u64,
    pub snapshots: u64,
    /// From an event to its receipt on a socket that was there, in milliseconds.
    pub live_ms: Vec<u32>,
    /// The same on a socket that came back later.
    pub late_ms: u32,
    /// From the cut to the last subscription.
    pub back_ms: u32,
    /// From the fault until everybody had everything.
    pub took_ms: u32,
}

impl Tally {
    pub fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counts.lock().unwrap());
    }

    /// What was counted since this was called last.
    pub fn take(&self) -> Counts {
        std::mem::take(&mut self.counts.lock().unwrap())
    }
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.faults += other.faults;
        self.events += other.events;
        self.repeats += other.repeats;
        self.replayed += other.replayed;
        self.connects += other.connects;
        self.left += other.left;
        self.sent_away += other.sent_away;
        self.cut += other.cut;
        self.frames += other.frames;
        self.updates += other.updates;
        self.snapshots += other.snapshots;
        self.live_ms.extend(other.live_ms);
        self.late_ms = self.late_ms.max(other.late_ms);
        self.back_ms = self.back_ms.max(other.back_ms);
        self.took_ms = self.took_ms.max(other.took_ms);
    }

    fn live(&self, percent: usize) -> u32 {
        let mut sorted = self.live_ms.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().unwrap_or_default()
    }

    fn row(&self) -> String {
        let Counts {
            faults,
            events,
            repeats,
            replayed,
            connects,
            left,
            sent_away,
            cut,
            frames,
            updates,
            snapshots,
            ..
        } = self;
        let (middle, most) = (self.live(50), self.live(100));
        let late = self.late_ms;
        let (back, took) = (self.back_ms, self.took_ms);
        format!(
            "{faults:>6} {events:>6} {repeats:>7} {replayed:>8} {connects:>8} {left:>6} {sent_away:>5} \
             {cut:>5} {frames:>8} {updates:>8} {snapshots:>9} {middle:>8} {most:>8} {late:>8} {back:>8} {took:>8}"
        )
    }
}

/// One line for each kind of fault, and one for all.
#[derive(Default)]
pub struct Table {
    rows: BTreeMap<&'static str, Counts>,
}

impl Table {
    pub fn add(&mut self, name: &'static str, counts: Counts) {
        println!("{name:<18} {}", counts.row());
        self.rows.entry(name).or_default().add(counts);
    }

    pub fn print_heading() {
        println!(
            "{:<18} faults events repeats replayed connects   left  1012   cut   frames  updates snapshots \
             live p50 live max late max back max took max",
            "(ms)"
        );
    }

    pub fn print(self) {
        println!();
        Table::print_heading();
        let mut all = Counts::default();
        for (name, counts) in self.rows {
            println!("{name:<18} {}", counts.row());
            all.add(counts);
        }
        println!("{:<18} {}", "all", all.row());
    }
}

pub fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
