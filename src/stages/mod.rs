//! Which rules a stage serves.
//!
//! A deployment holds one version of each variant that it serves, and a stage serves what the deployment
//! that it points to holds. So a release that knows more rules changes nothing on a stage until somebody
//! deploys to it.

#![warn(missing_docs)]

use std::collections::BTreeMap;

use crate::rules::Rulebook;
use crate::store::control::Deployment;

/// Versions of rules, by the ids of their variants.
pub type Versions = BTreeMap<String, u16>;

/// What the names of those variables of CreateDeployment begin with that name rules.
const PREFIX: &str = "rules_";

/// The rules that somebody named for a deployment, each of which can be served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedRules(Versions);

/// Why rules cannot be served. Says what can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// No variant has this id.
    #[error("there is no variant '{variant}'. There are {known}")]
    UnknownVariant {
        /// The id.
        variant: String,
        /// The ids that there are.
        known: String,
    },
    /// The variant has no such version.
    #[error("{variant} has no version '{version}'. It has {known}")]
    UnknownVersion {
        /// The id of the variant.
        variant: String,
        /// The version, as it was named.
        version: String,
        /// The versions that it has.
        known: String,
    },
}

/// The variable of CreateDeployment that names the rules of `variant`.
pub fn variable(variant: &str) -> String {
    format!("{PREFIX}{}", variant.replace('-', "_"))
}

/// Whether a variable of this name is a deployment's, and no stage's.
pub fn is_variable(name: &str) -> bool {
    name.starts_with(PREFIX)
}

impl NamedRules {
    /// Takes the variables that name rules out of `variables`. Those of the stage stay.
    ///
    /// # Errors
    /// Where one names what cannot be served.
    pub fn take(
        book: &Rulebook,
        variables: &mut BTreeMap<String, String>,
    ) -> Result<NamedRules, RulesError> {
        let mut named = Versions::new();
        for (name, version) in variables.extract_if(.., |name, _| is_variable(name)) {
            let variant = name[PREFIX.len()..].replace('_', "-");
            let version = find(book, &variant, &version)?;
            named.insert(variant, version);
        }
        Ok(NamedRules(named))
    }
}

/// The rules of a deployment that follows `before`: those that are named; else those of `before`; else,
/// for a variant that `before` does not have, the newest.
pub fn next_rules(book: &Rulebook, named: NamedRules, before: Option<&Deployment>) -> Versions {
    let mut rules = book.newest_versions();
    if let Some(before) = before {
        rules.extend(before.rules.clone());
    }
    rules.extend(named.0);
    rules
}

fn find(book: &Rulebook, variant: &str, version: &str) -> Result<u16, RulesError> {
    let versions = book.versions(variant).map(|rules| rules.id.version);
    let versions: Vec<u16> = versions.collect();
    let asked = version.parse();
    if let Some(version) = versions.iter().find(|known| asked == Ok(**known)) {
        return Ok(*version);
    }
    if versions.is_empty() {
        let known: Vec<String> = book.newest_versions().into_keys().collect();
        return Err(RulesError::UnknownVariant {
            variant: variant.to_owned(),
            known: known.join(", "),
        });
    }
    let known: Vec<String> = versions.iter().map(u16::to_string).collect();
    Err(RulesError::UnknownVersion {
        variant: variant.to_owned(),
        version: version.to_owned(),
        known: known.join(", "),
    })
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::store::DeploymentId;

    fn named(variables: &[(&str, &str)]) -> Result<NamedRules, String> {
        let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut variables = variables.iter().map(text).collect();
        let named = NamedRules::take(&Rulebook::built_in(), &mut variables);
        named.map_err(|error| error.to_string())
    }

    #[test]
    fn only_variables_that_name_rules_are_taken() {
        let mut variables = BTreeMap::from([
            (variable("tic-tac-toe"), "1".to_owned()),
            ("rule_gomoku".to_owned(), "2".to_owned()),
        ]);
        let taken = NamedRules::take(&Rulebook::built_in(), &mut variables).expect("good rules");
        assert_eq!(taken.0, Versions::from([("tic-tac-toe".into(), 1)]));
        let left: Vec<&str> = variables.keys().map(String::as_str).collect();
        assert_eq!(left, ["rule_gomoku"]);
    }

    #[test]
    fn a_refusal_says_what_can_be_served() {
        let unknown = named(&[("rules_chess", "1")]).expect_err("no chess");
        assert!(unknown.starts_with("there is no variant 'chess'. There are "));
        assert!(unknown.contains("connect-four, gomoku, "), "{unknown}");
        for version in ["0", "3", "", "newest", "-1", "65537"] {
            let unknown = named(&[("rules_gomoku", version)]).expect_err(version);
            let text = format!("gomoku has no version '{version}'. It has 1, 2");
            assert_eq!(unknown, text);
        }
        assert!(named(&[("rules_", "1")]).is_err());
        assert!(named(&[("rules_rules_gomoku", "1")]).is_err());
    }

    #[test]
    fn what_is_not_named_is_as_before_and_else_the_newest() {
        let book = &Rulebook::built_in();
        let newest = book.newest_versions();
        assert_eq!(next_rules(book, NamedRules::default(), None), newest);
        let before = Deployment {
            id: DeploymentId::generate(),
            description: None,
            methods: BTreeMap::new(),
            rules: Versions::from([("gomoku".into(), 1), ("gone".into(), 7)]),
            created_at: OffsetDateTime::UNIX_EPOCH,
        };
        let kept = next_rules(book, NamedRules::default(), Some(&before));
        assert_eq!((kept["gomoku"], kept["gone"]), (1, 7));
        assert_eq!(kept.len(), newest.len() + 1);
        let asked = named(&[("rules_gomoku", "2")]).expect("good rules");
        assert_eq!(next_rules(book, asked, Some(&before))["gomoku"], 2);
    }
}
