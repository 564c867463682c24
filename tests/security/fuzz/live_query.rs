//! Queries of `/live`: one that is read can be written in the new form and means the same, in any
//! order of its games; and nothing in it is passed over.

use turnkey::live::frames::Resume;
use turnkey::live::query::subscriptions;

pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let Ok(found) = subscriptions(text) else {
        return;
    };
    assert!(found.iter().all(|(game, _)| !game.is_empty()), "{text}");
    assert!(subscriptions(&format!("{text}&surplus=1")).is_err());
    let Some((_, Resume { epoch, .. })) = found.first() else {
        return;
    };
    assert!(found.iter().all(|(_, resume)| resume.epoch == *epoch));

    let mut parameters: Vec<String> = found.iter().map(written).collect();
    let mut epoch = epoch
        .iter()
        .map(|epoch| format!("epoch={}", encoded(epoch)));
    parameters.extend(epoch.clone());
    let again = parameters.join("&");
    assert_eq!(subscriptions(&again).as_ref(), Ok(&found), "{again}");
    parameters.reverse();
    let mut reversed = subscriptions(&parameters.join("&")).expect("order means nothing");
    reversed.reverse();
    assert_eq!(reversed, found, "{text}");
    if let Some(epoch) = epoch.next_back() {
        assert!(subscriptions(&format!("{text}&{epoch}")).is_err());
    }
}

/// The form that cannot be torn apart.
fn written((game, resume): &(String, Resume)) -> String {
    let game = encoded(game);
    match resume.after {
        None => format!("game={game}"),
        Some(after) => format!("game={game}:{after}"),
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
