//! Every ruleset that this process knows.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use smol_str::SmolStr;

use super::ruleset::Ruleset;
use super::seat::Seat;
use super::{battleship, connect_four, gomoku, pig, tic_tac_toe, ultimate_tic_tac_toe};

/// The name of one version of one variant's rules. A game keeps the one that it began with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RulesId {
    /// The id of the variant, such as `tic-tac-toe`.
    pub variant: SmolStr,
    /// The version of its rules.
    pub version: u16,
}

/// One version of one variant's rules, with its name.
#[derive(Clone)]
pub struct Rules {
    /// The name.
    pub id: RulesId,
    ruleset: Arc<dyn Ruleset>,
}

/// The rulesets, by their names.
#[derive(Clone, Debug, Default)]
pub struct Rulebook {
    rules: BTreeMap<RulesId, Rules>,
}

impl Rulebook {
    /// The rules that are compiled into this build.
    pub fn built_in() -> Rulebook {
        let mut book = Rulebook::default();
        book.add(battleship::ID, 1, battleship::version_1());
        book.add(connect_four::ID, 1, connect_four::version_1());
        book.add(gomoku::ID, 1, gomoku::version_1());
        book.add(gomoku::ID, 2, gomoku::version_2());
        book.add(pig::ID, 1, pig::version_1());
        book.add(tic_tac_toe::ID, 1, tic_tac_toe::version_1());
        let ultimate = ultimate_tic_tac_toe::version_1();
        book.add(ultimate_tic_tac_toe::ID, 1, ultimate);
        book
    }

    /// Adds a ruleset.
    pub fn add(&mut self, variant: &str, version: u16, ruleset: impl Ruleset + 'static) {
        let id = RulesId {
            variant: variant.into(),
            version,
        };
        let rules = Rules {
            id: id.clone(),
            ruleset: Arc::new(ruleset),
        };
        self.rules.insert(id, rules);
    }

    /// The rules of this name, if they are known.
    pub fn find(&self, id: &RulesId) -> Option<&Rules> {
        self.rules.get(id)
    }

    /// The newest rules of `variant`, if it is known.
    pub fn newest(&self, variant: &str) -> Option<&Rules> {
        self.versions(variant).last()
    }

    /// The newest version of each variant, by the variant's id.
    pub fn newest_versions(&self) -> BTreeMap<String, u16> {
        // A later version of the same variant takes the place of the one before it.
        self.rules
            .keys()
            .map(|id| (id.variant.to_string(), id.version))
            .collect()
    }

    /// All rules of `variant`, oldest first.
    pub fn versions(&self, variant: &str) -> impl DoubleEndedIterator<Item = &Rules> {
        self.rules
            .values()
            .filter(move |rules| rules.id.variant == variant)
    }

    /// The ids of the variants, each once.
    pub fn variants(&self) -> impl Iterator<Item = &str> {
        let mut ids: Vec<&str> = self.rules.keys().map(|id| id.variant.as_str()).collect();
        ids.dedup();
        ids.into_iter()
    }

    /// All rules, by variant and version.
    pub fn iter(&self) -> impl Iterator<Item = &Rules> {
        self.rules.values()
    }
}

impl Rules {
    /// The name of `seat` in the API and in the log.
    pub fn seat_name(&self, seat: Seat) -> &'static str {
        let names = self.forms().seats;
        names.get(seat.index()).copied().unwrap_or_default()
    }

    /// The seat that clients call `name`.
    pub fn seat_called(&self, name: &str) -> Option<Seat> {
        let names = self.forms().seats;
        Seat::at(names.iter().position(|seat| *seat == name)?)
    }
}

impl Deref for Rules {
    type Target = dyn Ruleset;

    fn deref(&self) -> &Self::Target {
        &*self.ruleset
    }
}

impl PartialEq for Rules {
    /// A name means one ruleset for ever.
    fn eq(&self, other: &Rules) -> bool {
        self.id == other.id
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(formatter)
    }
}

impl fmt::Display for RulesId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.variant, self.version)
    }
}
