//! The API's paths as a tree of resources, as in API Gateway. The tree is fixed, and is made from
//! the table of calls.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use crate::http::routes::{ENDPOINTS, Endpoint};

const ID_LENGTH: usize = 10;
const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// One path. Its id depends on the path alone, so every server has the same ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// 10 characters of `0-9a-z`.
    pub id: String,
    /// `None` for the root.
    pub parent_id: Option<String>,
    /// The last segment, empty for the root.
    pub path_part: String,
    /// The whole path, such as `/game/{gameId}`.
    pub path: String,
}

static RESOURCES: LazyLock<Vec<Resource>> = LazyLock::new(|| {
    let mut paths = BTreeSet::from(["/".to_owned()]);
    for endpoint in &ENDPOINTS {
        let mut path = String::new();
        for segment in endpoint.path.split('/').skip(1) {
            path = format!("{path}/{segment}");
            paths.insert(path.clone());
        }
    }
    paths.iter().map(|path| resource(path)).collect()
});

/// Every resource, parents before children.
pub fn resources() -> &'static [Resource] {
    &RESOURCES
}

/// The id of the resource `/`.
pub fn root_id() -> String {
    id("/")
}

/// The resource with this id.
pub fn find_resource(id: &str) -> Option<&'static Resource> {
    resources().iter().find(|resource| resource.id == id)
}

impl Resource {
    /// The calls at this path.
    pub fn endpoints(&self) -> impl Iterator<Item = &'static Endpoint> {
        ENDPOINTS
            .iter()
            .filter(move |endpoint| endpoint.path == self.path)
    }
}

fn resource(path: &str) -> Resource {
    let (parent, path_part) = path.rsplit_once('/').unwrap_or(("", path));
    let parent = if parent.is_empty() { "/" } else { parent };
    Resource {
        id: id(path),
        parent_id: (path != "/").then(|| id(parent)),
        path_part: path_part.to_owned(),
        path: path.to_owned(),
    }
}

fn id(path: &str) -> String {
    Sha256::digest(path)
        .iter()
        .take(ID_LENGTH)
        .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_hangs_on_the_root_by_its_parents() {
        assert_eq!(resources()[0].id, root_id());
        for resource in &resources()[1..] {
            let parent = resource.parent_id.as_deref().and_then(find_resource);
            let parent = parent.expect("only the root has no parent");
            let joined = format!(
                "{}/{}",
                parent.path.trim_end_matches('/'),
                resource.path_part
            );
            assert_eq!(joined, resource.path);
        }
        let calls: usize = resources().iter().map(|r| r.endpoints().count()).sum();
        assert_eq!(calls, ENDPOINTS.len());
    }

    #[test]
    fn ids_are_distinct() {
        let ids: BTreeSet<_> = resources().iter().map(|resource| &resource.id).collect();
        assert_eq!(ids.len(), resources().len());
    }
}
