//! `turnkey explain`: shows why a call is refused.

use std::io::Write;
use std::path::PathBuf;

use serde_json::json;

use super::{CommandError, Output};
use crate::control::operations::OperationError;
use crate::control::operations::explain::{self, ExplainCall};
use crate::gate::Gate;
use crate::store::Store;

#[derive(Clone, Debug, clap::Args)]
pub struct ExplainOptions {
    /// The method, such as POST
    pub method: String,

    /// The path without its stage, such as /game
    pub path: String,

    #[arg(long, value_name = "STAGE")]
    pub stage: String,

    /// The key of the call: its id, or its name if no other key has that name
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,

    /// File with the key's value; the value itself is never an argument
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    pub value_file: Option<PathBuf>,
}

/// Judges the call and prints each link of the chain to `out`. The throttle is judged as on a
/// server without other calls.
pub async fn run(
    store: &Store,
    options: &ExplainOptions,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), CommandError> {
    let gate = Gate::inspect(store).await.map_err(OperationError::from)?;
    let key = match &options.key {
        Some(key) => Some(super::key::find_or_keep(store, key).await?),
        None => None,
    };
    let call = ExplainCall {
        stage: &options.stage,
        method: &options.method,
        path: &options.path,
        key: key.as_deref(),
    };
    let explanation = match &options.value_file {
        None => explain::explain(store, &gate, &call).await?,
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(|error| {
                CommandError::new(format!("{} cannot be read: {error}", file.display()))
            })?;
            let value = text.trim_end_matches(['\r', '\n']);
            explain::explain_value(store, &gate, &call, value).await?
        }
    };
    match output {
        Output::Json => writeln!(out, "{}", json!(explanation))?,
        Output::People => {
            let rows = explanation.links.iter().map(|judged| {
                let verdict = if judged.holds { "ok" } else { "refuses" };
                let link = format!("{:?}", judged.link).to_ascii_lowercase();
                vec![link, verdict.to_owned(), judged.detail.clone()]
            });
            super::table::print(out, &["LINK", "VERDICT", "FOUND"], rows)?;
            let end = if explanation.passes {
                "The call passes."
            } else {
                "The call is refused."
            };
            writeln!(out, "{end}")?;
        }
    }
    Ok(())
}
