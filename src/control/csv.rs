//! The file of keys that API Gateway imports: CSV with a header row, its names in any case and
//! order, unknown ones ignored.
//!
//! A field may be quoted with `"`, or, as lists of plans are in Amazon's examples, with `'`.

/// One row, still as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRow {
    /// Where it is in the file: the header is line 1.
    pub line: usize,
    pub name: String,
    pub key: String,
    pub description: String,
    /// Empty where the file does not say.
    pub enabled: String,
    pub usage_plan_ids: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    #[error("the file is not UTF-8")]
    Encoding,
    #[error("the file is empty: its first line must name the columns, such as Name,key,Enabled")]
    Empty,
    #[error("the column '{0}' is missing from the header: Name and key are required")]
    MissingColumn(&'static str),
    #[error("the header names the column '{0}' twice")]
    RepeatedColumn(String),
    #[error("line {0}: a quoted field is not closed")]
    OpenQuote(usize),
    #[error("line {0}: more fields than the header has columns")]
    TooManyFields(usize),
}

/// Reads a file whole. Empty lines are skipped; missing fields at the end of a line are empty.
pub fn parse_keys(file: &[u8]) -> Result<Vec<KeyRow>, CsvError> {
    let text = std::str::from_utf8(file).map_err(|_| CsvError::Encoding)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut records = records(text)?.into_iter();
    let (_, header) = records.next().ok_or(CsvError::Empty)?;
    let header: Vec<String> = header
        .iter()
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    for (index, name) in header.iter().enumerate() {
        if !name.is_empty() && header[..index].contains(name) {
            return Err(CsvError::RepeatedColumn(name.clone()));
        }
    }
    let column = |name: &str| header.iter().position(|column| column == name);
    column("name").ok_or(CsvError::MissingColumn("Name"))?;
    column("key").ok_or(CsvError::MissingColumn("key"))?;
    records
        .map(|(line, fields)| {
            if fields.len() > header.len() {
                return Err(CsvError::TooManyFields(line));
            }
            let field = |name: &str| {
                let text = column(name).and_then(|index| fields.get(index));
                text.map(|text| text.trim().to_owned()).unwrap_or_default()
            };
            Ok(KeyRow {
                line,
                name: field("name"),
                key: field("key"),
                description: field("description"),
                enabled: field("enabled"),
                usage_plan_ids: field("usageplanids")
                    .split(',')
                    .map(str::trim)
                    .filter(|id| !id.is_empty())
                    .map(str::to_owned)
                    .collect(),
            })
        })
        .collect()
}

/// The records that are not empty, each with the line that it begins on.
fn records(text: &str) -> Result<Vec<(usize, Vec<String>)>, CsvError> {
    let mut records = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while !rest.is_empty() {
        let began = line;
        let mut fields = Vec::new();
        loop {
            let (field, after) = field(rest, began)?;
            line += rest[..rest.len() - after.len()].matches('\n').count();
            fields.push(field);
            match after.strip_prefix(',') {
                Some(next) => rest = next,
                None => {
                    rest = after;
                    break;
                }
            }
        }
        rest = rest.strip_prefix('\r').unwrap_or(rest);
        if let Some(next) = rest.strip_prefix('\n') {
            rest = next;
            line += 1;
        }
        if fields.iter().any(|field| !field.trim().is_empty()) {
            records.push((began, fields));
        }
    }
    Ok(records)
}

/// One field, and the text from the comma or line break that ends it.
fn field(text: &str, line: usize) -> Result<(String, &str), CsvError> {
    let padded = text.trim_start_matches([' ', '\t']);
    for quote in ['"', '\''] {
        if let Some(quoted) = padded.strip_prefix(quote) {
            match quoted_field(quoted, quote) {
                Some(found) => return Ok(found),
                // An apostrophe may also just be the first letter.
                None if quote == '\'' => {}
                None => return Err(CsvError::OpenQuote(line)),
            }
        }
    }
    let end = text.find([',', '\r', '\n']).unwrap_or(text.len());
    Ok((text[..end].to_owned(), &text[end..]))
}

/// What follows an opening quote, up to the closing one; a doubled quote stands for one.
fn quoted_field(text: &str, quote: char) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let end = rest.find(quote)?;
        field.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix(quote) {
            Some(after) => {
                field.push(quote);
                rest = after;
            }
            None => break,
        }
    }
    let rest = rest.trim_start_matches([' ', '\t']);
    let ended = rest.is_empty() || rest.starts_with([',', '\r', '\n']);
    ended.then_some((field, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<(usize, String, Vec<String>)> {
        let rows = parse_keys(text.as_bytes()).expect("a good file");
        rows.into_iter()
            .map(|row| (row.line, row.key, row.usage_plan_ids))
            .collect()
    }

    #[test]
    fn amazons_own_example_is_read() {
        let rows = parse_keys(
            b"Name,key,description,Enabled,UsagePlanIds\n\
              MyFirstApiKey,apikey1234abcdefghij0123456789,An imported key,TRUE,c7y23b\n\
              MySecond,other1234abcdefghij0123456789x,,tRuE,\"c7y23b,glvrsr\"\n\
              Third,third1234abcdefghij0123456789x,,false,'a,b'\n",
        )
        .expect("a good file");
        assert_eq!(rows[0].description, "An imported key");
        assert_eq!(rows[1].usage_plan_ids, ["c7y23b", "glvrsr"]);
        assert_eq!(rows[2].usage_plan_ids, ["a", "b"]);
        assert_eq!(rows[2].enabled, "false");
    }

    #[test]
    fn a_mark_line_ends_quotes_and_order_do_not_matter() {
        let text = "\u{feff}KEY,unknown,NAME\r\n\r\n\"a\"\"b\",x,'tis\r\nc,,\"two\nlines\"\r\nd";
        assert_eq!(
            keys(text),
            [
                (3, "a\"b".to_owned(), vec![]),
                (4, "c".to_owned(), vec![]),
                (6, "d".to_owned(), vec![]),
            ]
        );
        assert_eq!(parse_keys(text.as_bytes()).expect("good")[0].name, "'tis");
    }

    #[test]
    fn a_bad_file_is_refused_with_its_line() {
        let cases: [(&[u8], CsvError); 7] = [
            (b"", CsvError::Empty),
            (b"\n\n", CsvError::Empty),
            (b"\xff", CsvError::Encoding),
            (b"Name,Enabled\n", CsvError::MissingColumn("key")),
            (b"key\n", CsvError::MissingColumn("Name")),
            (b"name,key,NAME\n", CsvError::RepeatedColumn("name".into())),
            (b"name,key\na,\"b\n", CsvError::OpenQuote(2)),
        ];
        for (file, error) in cases {
            assert_eq!(parse_keys(file), Err(error));
        }
        assert_eq!(
            parse_keys(b"name,key\na,b,c\n"),
            Err(CsvError::TooManyFields(2))
        );
    }
}
