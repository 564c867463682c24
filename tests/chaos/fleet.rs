//! The instances: real processes, each with an end that its sockets may be asked about.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use nix::sys::signal::Signal;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use tokio::task::block_in_place;

use crate::support::process::Process;

pub struct Fleet {
    directory: PathBuf,
    variables: Vec<(&'static str, String)>,
    places: Vec<Mutex<Place>>,
}

#[derive(Default)]
struct Place {
    process: Option<Process>,
    /// As clients know it; a balancer would have taken out one that is gone.
    instance: Option<Arc<Instance>>,
    starts: u32,
}

/// One process, from its start to its end.
pub struct Instance {
    pub base: String,
    fate: AtomicU8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fate {
    Serves,
    Stops,
    Killed,
}

impl Instance {
    /// What was done to it.
    pub fn fate(&self) -> Fate {
        match self.fate.load(Ordering::SeqCst) {
            0 => Fate::Serves,
            1 => Fate::Stops,
            _ => Fate::Killed,
        }
    }

    fn meet(&self, fate: Fate) {
        self.fate.store(fate as u8, Ordering::SeqCst);
    }
}

impl Fleet {
    /// Starts so many; their logs go below `directory`.
    pub fn start(
        directory: PathBuf,
        variables: Vec<(&'static str, String)>,
        count: usize,
    ) -> Fleet {
        let fleet = Fleet {
            directory,
            variables,
            places: (0..count).map(|_| Mutex::default()).collect(),
        };
        for number in 0..count {
            fleet.start_one(number);
        }
        fleet
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn instance(&self, number: usize) -> Option<Arc<Instance>> {
        self.places[number].lock().unwrap().instance.clone()
    }

    /// Those that clients know of.
    pub fn instances(&self) -> Vec<Arc<Instance>> {
        (0..self.len())
            .filter_map(|number| self.instance(number))
            .collect()
    }

    pub fn any(&self, random: &mut StdRng) -> Option<Arc<Instance>> {
        self.instances().choose(random).cloned()
    }

    pub fn start_one(&self, number: usize) {
        let mut place = self.places[number].lock().unwrap();
        place.starts += 1;
        let directory = self.directory.join(format!("{number}.{}", place.starts));
        std::fs::create_dir(&directory).unwrap();
        let variables: Vec<(&str, &str)> = self
            .variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        drop(place);
        let process = block_in_place(|| Process::serve(&directory, &variables));
        place = self.places[number].lock().unwrap();
        place.instance = Some(Arc::new(Instance {
            base: process.base.clone(),
            fate: AtomicU8::new(Fate::Serves as u8),
        }));
        place.process = Some(process);
    }

    /// `kill -9`.
    pub fn kill(&self, number: usize) {
        let mut place = self.places[number].lock().unwrap();
        if let Some(instance) = place.instance.take() {
            instance.meet(Fate::Killed);
        }
        let process = place.process.take().unwrap();
        drop(place);
        block_in_place(|| process.kill());
    }

    /// SIGTERM, and waits for the end. Until then clients know of it.
    pub fn stop(&self, number: usize) {
        let process = {
            let mut place = self.places[number].lock().unwrap();
            place.instance.as_ref().unwrap().meet(Fate::Stops);
            place.process.take().unwrap()
        };
        process.signal(Signal::SIGTERM);
        let ended = block_in_place(|| process.wait());
        assert!(
            ended.success(),
            "an instance that was told to stop: {ended}"
        );
        self.places[number].lock().unwrap().instance = None;
    }

    pub fn signal(&self, number: usize, signal: Signal) {
        let place = self.places[number].lock().unwrap();
        place.process.as_ref().unwrap().signal(signal);
    }
}
