//! Reads the file of keys that API Gateway imports: CSV with a header row. The columns may have any
//! order, their names may be in any case, and unknown columns are ignored.
//!
//! A field may be quoted with `"`, or with `'`, as lists of plans are in Amazon's examples. A row that
//! cannot be read does not affect the others. The `csv` crate offers neither, so this is a reader of
//! our own: the crate knows one quote character at a time, and after an unclosed quote it reads on to
//! the end of the file.

/// One row, with each field as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRow {
    /// The line on which the row begins. The first line of the file is 1.
    pub line: usize,
    /// The name of the key.
    pub name: String,
    /// The value of the key, not yet checked.
    pub key: String,
    /// Empty if the file has none.
    pub description: String,
    /// A word such as `true`; empty if the file has none.
    pub enabled: String,
    /// The ids of the key's usage plans, not yet checked.
    pub usage_plan_ids: Vec<String>,
}

/// A row that cannot be imported, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// The line on which the row begins. The first line of the file is 1.
    pub line: usize,
    /// What is wrong with the row.
    pub reason: String,
}

/// Why a whole file cannot be read. An error of one row is a [`BadRow`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// The file has no header.
    #[error("the file is empty: its first line must name the columns, such as Name,key,Enabled")]
    Empty,
    /// The header cannot be read: its line, and the reason.
    #[error("line {0}, the header: {1}")]
    Header(usize, String),
    /// The header lacks this required column.
    #[error("the column '{0}' is missing from the header: Name and key are required")]
    MissingColumn(&'static str),
    /// The header names this column more than once.
    #[error("the header names the column '{0}' twice")]
    RepeatedColumn(String),
}

/// Reads a whole file. Empty lines are skipped. Missing fields at the end of a row are empty.
///
/// # Errors
/// Fails if the file does not begin with a header that names the columns. A row that cannot be read is
/// returned among the others, with the reason.
pub fn parse_keys(file: &[u8]) -> Result<Vec<Result<KeyRow, BadRow>>, CsvError> {
    // Bytes that are not UTF-8 become this character. If there are any, a row that holds it is bad.
    let text = String::from_utf8_lossy(file);
    let damage = matches!(text, std::borrow::Cow::Owned(_)).then_some(char::REPLACEMENT_CHARACTER);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut records = records(text).into_iter();
    let header = records.next().ok_or(CsvError::Empty)?;
    let fields = header
        .fields(damage)
        .map_err(|bad| CsvError::Header(bad.line, bad.reason))?;
    let columns: Vec<String> = fields
        .iter()
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    for (index, name) in columns.iter().enumerate() {
        if !name.is_empty() && columns[..index].contains(name) {
            return Err(CsvError::RepeatedColumn(name.clone()));
        }
    }
    let has = |name: &str| columns.iter().any(|column| column == name);
    for (name, shown) in [("name", "Name"), ("key", "key")] {
        if !has(name) {
            return Err(CsvError::MissingColumn(shown));
        }
    }
    let rows = records.map(|record| row(&columns, &record, damage));
    Ok(rows.collect())
}

fn row(columns: &[String], record: &Record, damage: Option<char>) -> Result<KeyRow, BadRow> {
    let fields = record.fields(damage)?;
    let is_beyond =
        |(index, field): (usize, &String)| index >= columns.len() && !field.trim().is_empty();
    if fields.iter().enumerate().any(is_beyond) {
        return Err(record.bad(format!(
            "{} fields, but the header names {} columns; put quotes around a field that holds a comma",
            fields.len(),
            columns.len()
        )));
    }
    let field = |name: &str| {
        let index = columns.iter().position(|column| column == name);
        let text = index.and_then(|index| fields.get(index));
        text.map(|text| text.trim().to_owned()).unwrap_or_default()
    };
    Ok(KeyRow {
        line: record.line,
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
}

/// The text between two line breaks that are outside of quotes.
struct Record {
    /// The line on which it begins.
    line: usize,
    /// `None` if a quoted field is not closed.
    fields: Option<Vec<String>>,
}

impl Record {
    /// The fields, if all of them can be stored.
    fn fields(&self, damage: Option<char>) -> Result<&[String], BadRow> {
        let Some(fields) = &self.fields else {
            return Err(self.bad("a quoted field is not closed"));
        };
        let holds = |bad: char| fields.iter().any(|field| field.contains(bad));
        if damage.is_some_and(holds) {
            return Err(self.bad("it is not UTF-8"));
        }
        if holds('\0') {
            return Err(self.bad("it holds the character NUL, which no text may"));
        }
        Ok(fields)
    }

    fn bad(&self, reason: impl Into<String>) -> BadRow {
        BadRow {
            line: self.line,
            reason: reason.into(),
        }
    }
}

/// The records that are not empty. An unclosed quote spoils its own line only.
fn records(text: &str) -> Vec<Record> {
    let mut records = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while !rest.is_empty() {
        let (fields, after) = match record(rest) {
            Some((fields, after)) => (Some(fields), after),
            None => (None, &rest[line_end(rest)..]),
        };
        let is_empty = |fields: &Vec<String>| fields.iter().all(|field| field.trim().is_empty());
        let read = &rest[..rest.len() - after.len()];
        if !fields.as_ref().is_some_and(is_empty) {
            records.push(Record { line, fields });
        }
        rest = ["\r\n", "\n", "\r"]
            .into_iter()
            .find_map(|end| after.strip_prefix(end))
            .unwrap_or(after);
        let quoted = read.replace("\r\n", "\n").matches(['\n', '\r']).count();
        line += quoted + usize::from(rest.len() < after.len());
    }
    records
}

/// The fields of one record, and the text from the line break that ends it.
fn record(text: &str) -> Option<(Vec<String>, &str)> {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let (field, after) = field(rest)?;
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return Some((fields, after)),
        }
    }
}

fn line_end(text: &str) -> usize {
    text.find(['\r', '\n']).unwrap_or(text.len())
}

/// One field, and the text from the comma or line break that ends it.
fn field(text: &str) -> Option<(String, &str)> {
    let padded = text.trim_start_matches([' ', '\t']);
    for quote in ['"', '\''] {
        if let Some(quoted) = padded.strip_prefix(quote) {
            match quoted_field(quoted, quote) {
                Some(found) => return Some(found),
                // An apostrophe may also just be the first letter.
                None if quote == '\'' => {}
                None => return None,
            }
        }
    }
    let end = text.find([',', '\r', '\n']).unwrap_or(text.len());
    Some((text[..end].to_owned(), &text[end..]))
}

/// Reads the text after an opening quote up to the closing one. A doubled quote stands for one quote.
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

    fn rows(text: &str) -> Vec<Result<KeyRow, BadRow>> {
        parse_keys(text.as_bytes()).expect("a good header")
    }

    fn good(text: &str) -> Vec<KeyRow> {
        let good = rows(text).into_iter().map(|row| row.expect("a good row"));
        good.collect()
    }

    /// The lines of the bad rows, with a word of the reason; and the keys of the good ones.
    fn sorted(file: &[u8]) -> (Vec<(usize, String)>, Vec<String>) {
        let (mut bad, mut keys) = (Vec::new(), Vec::new());
        for row in parse_keys(file).expect("a good header") {
            match row {
                Ok(row) => keys.push(row.key),
                Err(row) => bad.push((row.line, row.reason)),
            }
        }
        (bad, keys)
    }

    #[test]
    fn amazons_own_example_is_read() {
        let rows = good(
            "Name,key,description,Enabled,UsagePlanIds\n\
              MyFirstApiKey,apikey1234abcdefghij0123456789,An imported key,TRUE,c7y23b\n\
              MySecond,other1234abcdefghij0123456789x,,tRuE,\"c7y23b,glvrsr\"\n\
              Third,third1234abcdefghij0123456789x,,false,'a,b'\n",
        );
        assert_eq!(rows[0].description, "An imported key");
        assert_eq!(rows[1].usage_plan_ids, ["c7y23b", "glvrsr"]);
        assert_eq!(rows[2].usage_plan_ids, ["a", "b"]);
        assert_eq!(rows[2].enabled, "false");
    }

    #[test]
    fn a_mark_line_ends_quotes_and_order_do_not_matter() {
        let text = "\u{feff}KEY,unknown,NAME\r\n\r\n\"a\"\"b\",x,'tis\r\nc,,\"two\nlines\"\r\nd";
        let rows = good(text);
        let keys: Vec<(usize, &str)> = rows
            .iter()
            .map(|row| (row.line, row.key.as_str()))
            .collect();
        assert_eq!(keys, [(3, "a\"b"), (4, "c"), (6, "d")]);
        assert_eq!(rows[0].name, "'tis");
        let rows = good("key,Name\ra,b\r\rc,d");
        assert_eq!((rows[0].line, rows[1].line), (2, 4));
        let rows = good("name,key,,\na,b,,,,\n");
        assert_eq!(
            rows[0].key, "b",
            "a spreadsheet's empty columns are nothing"
        );
    }

    #[test]
    fn a_bad_row_costs_itself_alone() {
        let (bad, keys) = sorted(
            b"name,key\n1,a,too,many\n2,b\n3,\"open\n4,c\n5,\xff\n6,d\n7,e\0\n\"8\"x,f\n9,g\n",
        );
        assert_eq!(keys, ["b", "c", "d", "g"]);
        let lines: Vec<usize> = bad.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 4, 6, 8, 9]);
        for ((_, reason), word) in bad
            .iter()
            .zip(["columns", "closed", "UTF-8", "NUL", "closed"])
        {
            assert!(reason.contains(word), "{reason}");
        }
    }

    #[test]
    fn a_file_without_columns_is_refused() {
        let cases: [(&[u8], CsvError); 5] = [
            (b"", CsvError::Empty),
            (b"\n\n", CsvError::Empty),
            (b"Name,Enabled\n", CsvError::MissingColumn("key")),
            (b"key\n", CsvError::MissingColumn("Name")),
            (b"name,key,NAME\n", CsvError::RepeatedColumn("name".into())),
        ];
        for (file, error) in cases {
            assert_eq!(parse_keys(file), Err(error));
        }
        for file in [&b"\xff,key\n"[..], b"name,\"key\n"] {
            assert!(matches!(parse_keys(file), Err(CsvError::Header(1, _))));
        }
    }
}
