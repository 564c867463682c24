//! `turnkey explain`: why a call is refused.

use std::io::Write;

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

    /// The id of the key that the call would bring
    #[arg(long, value_name = "ID")]
    pub key: Option<String>,
}

/// Judges the call and prints link after link to `out`. A throttle is that of a server at rest.
pub async fn run(
    store: &Store,
    options: &ExplainOptions,
    output: Output,
    out: &mut (dyn Write + Send),
) -> Result<(), CommandError> {
    let gate = Gate::open(store).await.map_err(OperationError::from)?;
    let call = ExplainCall {
        stage: &options.stage,
        method: &options.method,
        path: &options.path,
        key: options.key.as_deref(),
    };
    let explanation = explain::explain(store, &gate, &call).await?;
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
