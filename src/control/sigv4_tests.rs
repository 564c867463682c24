//! Cases of AWS's published test suite for Signature Version 4, and attempts to forge a signature. The
//! cases are the requests with a signed header, except those that add a session token later.

use super::*;

const SUITE_SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const HOST: (&str, &str) = ("host", "example.amazonaws.com");
const AT: (&str, &str) = ("x-amz-date", "20150830T123600Z");

struct Case {
    name: &'static str,
    method: &'static str,
    target: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    signed: &'static str,
    signature: &'static str,
}

const PLAIN: &[(&str, &str)] = &[HOST, AT];
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const FORM_UTF8: (&str, &str) = (
    "content-type",
    "application/x-www-form-urlencoded; charset=utf8",
);

const fn case(
    name: &'static str,
    method: &'static str,
    target: &'static str,
    signature: &'static str,
) -> Case {
    Case {
        name,
        method,
        target,
        headers: PLAIN,
        body: "",
        signed: "host;x-amz-date",
        signature,
    }
}

const fn header_case(
    name: &'static str,
    method: &'static str,
    headers: &'static [(&'static str, &'static str)],
    signed: &'static str,
    signature: &'static str,
) -> Case {
    Case {
        headers,
        signed,
        ..case(name, method, "/", signature)
    }
}

const VANILLA: &str = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
const POST_VANILLA: &str = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";
const UNRESERVED: &str = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const SUITE: &[Case] = &[
    case("get-vanilla", "GET", "/", VANILLA),
    case("get-vanilla-query", "GET", "/", VANILLA),
    case(
        "get-vanilla-empty-query-key",
        "GET",
        "/?Param1=value1",
        "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
    ),
    case(
        "get-vanilla-query-order-key-case",
        "GET",
        "/?Param2=value2&Param1=value1",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    case(
        "get-vanilla-query-unreserved",
        "GET",
        "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=\
         -._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
    ),
    case(
        "get-vanilla-utf8-query",
        "GET",
        "/?\u{1234}=bar",
        "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    ),
    case(
        "get-utf8",
        "GET",
        "/\u{1234}",
        "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
    ),
    case("get-relative", "GET", "/example/..", VANILLA),
    case(
        "get-relative-relative",
        "GET",
        "/example1/example2/../..",
        VANILLA,
    ),
    case("get-slash", "GET", "//", VANILLA),
    case("get-slash-dot-slash", "GET", "/./", VANILLA),
    case(
        "get-space",
        "GET",
        "/example space/",
        "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
    ),
    header_case(
        "get-header-key-duplicate",
        "GET",
        &[
            HOST,
            ("my-header1", "value2"),
            ("my-header1", "value2"),
            ("my-header1", "value1"),
            AT,
        ],
        "host;my-header1;x-amz-date",
        "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    ),
    header_case(
        "get-header-value-order",
        "GET",
        &[
            HOST,
            ("my-header1", "value4"),
            ("my-header1", "value1"),
            ("my-header1", "value3"),
            ("my-header1", "value2"),
            AT,
        ],
        "host;my-header1;x-amz-date",
        "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
    ),
    header_case(
        "get-header-value-trim",
        "GET",
        &[
            HOST,
            ("my-header1", " value1"),
            ("my-header2", " \"a   b   c\""),
            AT,
        ],
        "host;my-header1;my-header2;x-amz-date",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    case("post-vanilla", "POST", "/", POST_VANILLA),
    case("post-header-key-case", "POST", "/", POST_VANILLA),
    case(
        "post-vanilla-query",
        "POST",
        "/?Param1=value1",
        "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
    ),
    header_case(
        "post-header-key-sort",
        "POST",
        &[HOST, ("my-header1", "value1"), AT],
        "host;my-header1;x-amz-date",
        "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    ),
    header_case(
        "post-header-value-case",
        "POST",
        &[HOST, ("my-header1", "VALUE1"), AT],
        "host;my-header1;x-amz-date",
        "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
    ),
    Case {
        body: "Param1=value1",
        ..header_case(
            "post-x-www-form-urlencoded",
            "POST",
            &[FORM, HOST, AT],
            "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        )
    },
    Case {
        body: "Param1=value1",
        ..header_case(
            "post-x-www-form-urlencoded-parameters",
            "POST",
            &[FORM_UTF8, HOST, AT],
            "content-type;host;x-amz-date",
            "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
        )
    },
];

fn at() -> OffsetDateTime {
    parse_date(AT.1).expect("the suite's date")
}

/// Verifies a case after `change` was made to its request.
fn judge(
    case: &Case,
    now: OffsetDateTime,
    change: impl FnOnce(&mut SignedRequest<'_>),
) -> Result<(), SignatureError> {
    let header = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders={}, Signature={}",
        case.signed, case.signature
    );
    let headers: Vec<(&str, &[u8])> = case
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    let (path, query) = case.target.split_once('?').unwrap_or((case.target, ""));
    let mut request = SignedRequest {
        method: case.method,
        path,
        query,
        headers: &headers,
        body_sha256: Sha256::digest(case.body).into(),
    };
    change(&mut request);
    let secret = Secret::new(SUITE_SECRET.into());
    let authorization = Authorization::parse(&header)?;
    verify(&request, &authorization, &secret, "service", now)
}

#[test]
fn the_published_suite_holds() {
    for case in SUITE {
        assert_eq!(judge(case, at(), |_| {}), Ok(()), "{}", case.name);
    }
}

#[test]
fn unreserved_characters_of_a_path_stand_for_themselves() {
    let target = format!("/{UNRESERVED}");
    assert_eq!(canonical_path(&target), target);
    assert_eq!(canonical_path("/a%2Fb/c%20d"), "/a%252Fb/c%2520d");
    assert_eq!(canonical_path("/tags/arn%3Aaws"), "/tags/arn%253Aaws");
}

#[test]
fn whatever_is_changed_after_signing_is_noticed() {
    let case = &SUITE[0];
    let mismatch = Err(SignatureError::Mismatch);
    assert_eq!(judge(case, at(), |r| r.method = "PUT"), mismatch);
    assert_eq!(judge(case, at(), |r| r.path = "/other"), mismatch);
    assert_eq!(judge(case, at(), |r| r.query = "a=b"), mismatch);
    assert_eq!(
        judge(case, at(), |r| r.body_sha256 = Sha256::digest("x").into()),
        mismatch
    );
    const OTHER_HOST: &[(&str, &[u8])] = &[("host", b"evil"), ("x-amz-date", AT.1.as_bytes())];
    assert_eq!(judge(case, at(), |r| r.headers = OTHER_HOST), mismatch);
}

#[test]
fn a_date_counts_for_15_minutes_either_way() {
    let case = &SUITE[0];
    for minutes in [-15, 15] {
        let now = at() + time::Duration::minutes(minutes);
        assert_eq!(judge(case, now, |_| {}), Ok(()), "{minutes}");
    }
    for (minutes, seconds) in [(-16, -960), (16, 960)] {
        let now = at() + time::Duration::minutes(minutes);
        let skew = Err(SignatureError::Skew(Skew(seconds)));
        assert_eq!(judge(case, now, |_| {}), skew);
    }
}

#[test]
fn what_must_be_signed_is_asked_for() {
    let unsigned = Err(SignatureError::UnsignedHeader);
    for signed in ["x-amz-date", "host", ""] {
        let case = Case {
            signed,
            ..case("", "GET", "/", VANILLA)
        };
        assert_eq!(judge(&case, at(), |_| {}), unsigned, "{signed}");
    }
    const WITH_TOKEN: &[(&str, &[u8])] = &[
        ("host", b"example.amazonaws.com"),
        ("x-amz-date", AT.1.as_bytes()),
        ("x-amz-security-token", b"t"),
    ];
    assert_eq!(judge(&SUITE[0], at(), |r| r.headers = WITH_TOKEN), unsigned);
    const WITHOUT_DATE: &[(&str, &[u8])] = &[("host", b"example.amazonaws.com")];
    assert_eq!(
        judge(&SUITE[0], at(), |r| r.headers = WITHOUT_DATE),
        Err(SignatureError::Date)
    );
}

#[test]
fn a_malformed_header_is_no_authorization() {
    let good = "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, SignedHeaders=host, \
                Signature=00";
    let parsed = Authorization::parse(good).expect("it is well-formed");
    assert_eq!((parsed.access_key_id, parsed.region), ("A", "r"));
    for bad in [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request",
        "AWS4-HMAC-SHA256 Credential=A/r/s/aws4_request, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws5, SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 Credential=A/1/r/s/aws4_request, SignedHeaders=host, Signature=0, X=1",
    ] {
        assert_eq!(
            Authorization::parse(bad),
            Err(SignatureError::Form),
            "{bad}"
        );
    }
}
