//! Enough Markdown to see where a document points.

/// Where the Markdown links to inside this repository, code aside, with the line.
pub fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    let mut in_code = false;
    for (number, line) in (1..).zip(text.lines()) {
        in_code ^= line.trim_start().starts_with("```");
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        for after in prose.split("](").skip(1).filter(|_| !in_code) {
            let target = after.split([')', ' ']).next().unwrap_or_default();
            if !target.contains("://") && !target.starts_with("mailto:") {
                links.push((number, target.to_owned()));
            }
        }
    }
    links
}

/// The names that headings can be reached by.
pub fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let kept = |mark: &char| mark.is_alphanumeric() || [' ', '-', '_'].contains(mark);
    let slug = |line: &str| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        title
            .chars()
            .filter(kept)
            .collect::<String>()
            .replace(' ', "-")
    };
    headings.map(slug).collect()
}

#[test]
fn links_are_seen_but_not_in_code() {
    let text = "[a](b.md) `[c](d)` [e](https://f) ![g](h.png \"i\")\n```\n[j](k)\n```\n[l](#m)";
    let links: Vec<(usize, String)> = links(text);
    let expected = [(1, "b.md"), (1, "h.png"), (5, "#m")];
    assert_eq!(links, expected.map(|(line, link)| (line, link.to_owned())));
    assert_eq!(anchors("# What `it` is, in short"), ["what-it-is-in-short"]);
}
